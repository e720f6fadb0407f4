package mcllava

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/scenes"
)

var benchmarkScenes = flag.Int("scenes", 0, "measure how well the demo answers what is asked about so many scenes of a drawn benchmark")

// rightAnswers counts what is answered right, by category and at two numbers of crops.
type rightAnswers struct{ asked, coarse, fine int }

// answerScenes asks the demo all that is asked about scenes of a benchmark, in the whole picture and in 100 crops.
func answerScenes(t *testing.T, o scenes.Options, from int) map[string]*rightAnswers {
	t.Helper()
	m := open(t, Demo)
	all := map[string]*rightAnswers{}
	for i := from; i < from+o.N; i++ {
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

// TestScenesAccuracy measures what finer crops gain in each category of a drawn benchmark.
func TestScenesAccuracy(t *testing.T) {
	if *benchmarkScenes == 0 {
		t.Skip("-scenes measures it")
	}
	all := answerScenes(t, scenes.Options{N: *benchmarkScenes, Seed: 1}, 0)
	for _, category := range append(scenes.Parts(), scenes.Sign, scenes.HardSign, scenes.Whole) {
		r := all[category]
		fmt.Printf("%-18s %3d asked, right in the whole picture %5.1f %%, in %d crops %5.1f %%\n",
			category, r.asked, 100*float64(r.coarse)/float64(r.asked), DefaultMaxCrops, 100*float64(r.fine)/float64(r.asked))
	}
}
