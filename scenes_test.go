package mcllava

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/scenes"
)

var (
	benchmarkScenes = flag.Int("scenes", 0, "measure how well the demo answers what is asked about so many scenes of a drawn benchmark")
	benchmarkSeed   = flag.Uint64("scenes-seed", 1, "seed of that benchmark")
)

// rightAnswers counts what is answered right, by category and at two numbers of crops.
type rightAnswers struct{ asked, coarse, fine int }

// answerScenes asks the demo all that is asked about scenes of a benchmark, in the whole picture and in 100 crops.
func answerScenes(t *testing.T, o scenes.Options) map[string]*rightAnswers {
	t.Helper()
	m := open(t, Demo)
	all := map[string]*rightAnswers{}
	for i := range o.N {
		s, err := scenes.New(o, i)
		if err != nil {
			t.Fatal(err)
		}
		p := pictureOf(t, s.Picture.Image())
		coarse, fine := m.lookAt(t, p, 0, 0), m.lookAt(t, p, DefaultMaxCrops, 0)
		for _, q := range s.Questions {
			r := all[q.Category]
			if r == nil {
				r = &rightAnswers{}
				all[q.Category] = r
			}
			r.asked++
			want := slices.Concat(q.Answers, q.Options)[0]
			answer := func(v *View) string {
				k := DefaultKnobs().AnswerKnobs
				k.Choices = q.Options
				a, err := m.Answer(t.Context(), v, q.Question, k, Hooks{})
				if err != nil {
					t.Fatal(err)
				}
				return a.Text
			}
			text, closer := answer(coarse), answer(fine)
			if text == want {
				r.coarse++
			}
			if closer == want {
				r.fine++
			} else {
				t.Logf("%s, capitals %.0f in %v: %q %q, want %q", q.ID, s.Picture.Signs[0].Caps, s.Picture.Image().Bounds().Max, q.Question, closer, want)
			}
		}
	}
	return all
}

// TestScenesAccuracy holds the drawn benchmark to its purpose: 100 crops gain much in the questions about signs, and lose nothing in
// those that the whole picture answers.
func TestScenesAccuracy(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	o := scenes.Options{N: 8, Seed: *benchmarkSeed}
	if *benchmarkScenes > 0 {
		o.N = *benchmarkScenes
	}
	all := answerScenes(t, o)
	for _, category := range append(scenes.Parts(), scenes.Sign, scenes.HardSign, scenes.Whole) {
		r := all[category]
		coarse, fine := 100*float64(r.coarse)/float64(r.asked), 100*float64(r.fine)/float64(r.asked)
		if *benchmarkScenes > 0 {
			fmt.Printf("%-18s %3d asked, right in the whole picture %5.1f %%, in %d crops %5.1f %%\n", category, r.asked, coarse, DefaultMaxCrops, fine)
		}
		bad := false
		switch category {
		case scenes.RelativePosition: // which the demo does not know
		case scenes.DirectAttributes, scenes.Whole:
			bad = coarse < 95 || fine < coarse
		case scenes.HardSign: // some of which nobody reads
			bad = fine <= coarse
		default:
			bad = fine < coarse+40
		}
		if bad {
			t.Errorf("%s: %.1f %% are right in the whole picture, %.1f %% in crops", category, coarse, fine)
		}
	}
}
