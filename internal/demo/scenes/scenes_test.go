package scenes

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

func scene(t *testing.T, o Options, i int) *Scene {
	t.Helper()
	s, err := New(o, i)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestScenesStayTheSame holds on to the pixels and the texts of a small set, which are the same on every machine.
func TestScenesStayTheSame(t *testing.T) {
	const want = "fd819eeeae007ed13b094088cbc0cea77f72fd227754c5cb2b0bfd897ca0ab68"
	sum := sha256.New()
	o := Options{N: 16, Seed: 1}
	if testing.Short() {
		t.Skip("draws 16 scenes")
	}
	for i := range o.N {
		s := scene(t, o, i)
		text, err := json.Marshal([]any{s.Image(), s.Picture.Image().Rect, s.Truth, s.Questions})
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(text)
		sum.Write(s.Picture.Image().Pix)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		t.Errorf("the hash of the set is %s, want %s", got, want)
	}
}

// TestSeedsDecide draws scenes twice, of another seed, and of a longer set.
func TestSeedsDecide(t *testing.T) {
	key := func(o Options, i int) string {
		s := scene(t, o, i)
		return fmt.Sprintf("%x %v", sha256.Sum256(s.Picture.Image().Pix), s.Questions)
	}
	one := key(Options{N: 4, Seed: 7}, 1)
	if key(Options{N: 4, Seed: 7}, 1) != one || key(Options{N: 400, Seed: 7}, 1) != one {
		t.Error("a seed gives two scenes")
	}
	if key(Options{N: 4, Seed: 8}, 1) == one || key(Options{N: 4, Seed: 7}, 5) == one {
		t.Error("two scenes are one")
	}
}

// TestScenesAreFit looks at what is asked about many scenes: it can be seen as its part says, and one option alone is right.
func TestScenesAreFit(t *testing.T) {
	n := 48
	if testing.Short() {
		n = 8
	}
	for _, o := range []Options{{N: n, Seed: 3}, {N: n, Seed: 4, Things: true}} {
		ids, left, things := map[string]bool{}, 0, 0
		for i := range n {
			s := scene(t, o, i)
			check(t, s)
			for _, q := range s.Questions {
				if ids[q.ID] {
					t.Errorf("two questions are %s", q.ID)
				}
				ids[q.ID] = true
			}
			if s.Part == RelativePosition && strings.Contains(s.Truth.Options[0], "left") {
				left++
			}
			if strings.Contains("direct_attributes relative_position", s.Part) && slices.Contains(draw.Kinds(), s.Truth.TargetObject[0]) {
				things++
			}
		}
		if most := n/8 + 1; left > most || left < n/8-1 {
			t.Errorf("%+v: %d of %d answers are left", o, left, n/4)
		}
		if o.Things != (things > 0) {
			t.Errorf("%+v: %d questions are about small things", o, things)
		}
	}
}

func check(t *testing.T, s *Scene) {
	t.Helper()
	picture := s.Picture
	size := picture.Image().Bounds().Size()
	q := s.Questions[0]
	if q.ID != s.ID() || q.Category != s.Part || !slices.Equal(q.Options, s.Truth.Options) || q.Question != s.Truth.Question || len(q.Answers) > 0 {
		t.Errorf("%s: %+v is not %+v", s.ID(), q, s.Truth)
	}
	if all := slices.Compact(slices.Sorted(slices.Values(q.Options))); len(all) != len(q.Options) || len(all) != 4 && (s.Part != RelativePosition || len(all) != 2) {
		t.Errorf("%s: options %q", s.ID(), q.Options)
	}
	if len(s.Truth.BBox) != len(s.Truth.TargetObject) || len(q.Boxes) != len(s.Truth.BBox) {
		t.Errorf("%s: %d boxes of %q", s.ID(), len(s.Truth.BBox), s.Truth.TargetObject)
	}
	for i, b := range s.Truth.BBox {
		box := image.Rect(b[0], b[1], b[0]+b[2], b[1]+b[3])
		if box.Empty() || !box.In(image.Rectangle{Max: size}) || q.Boxes[i] != [4]int{box.Min.X, box.Min.Y, box.Max.X, box.Max.Y} {
			t.Errorf("%s: box %v in %v", s.ID(), box, size)
		}
		target := s.Truth.TargetObject[i]
		of := map[string]image.Rectangle{"sign": picture.Signs[0].Box, "car": picture.Street.CarBox, "awning": picture.Street.AwningBox}
		for _, thing := range picture.Things {
			of[thing.Kind] = thing.Box
		}
		if of[target] != box {
			t.Errorf("%s: the %s is at %v, its box is %v", s.ID(), target, of[target], box)
		}
	}
	sign, fine := &picture.Signs[0], verdict(&picture.Signs[0], size, fineCrops)
	if sign.Box.Overlaps(picture.Street.AwningBox) || sign.Box.Overlaps(picture.Street.CarBox) {
		t.Errorf("%s: the sign hides what is asked about", s.ID())
	}
	if verdict(sign, size, 0) != draw.No || fine != draw.Yes && s.Part != Hard {
		t.Errorf("%s: legible in the whole picture %v, in crops %v", s.ID(), verdict(sign, size, 0), fine)
	}
	free := map[string]string{OCR: Sign, Hard: HardSign}[s.Part]
	for _, q := range s.Questions[1:] {
		if len(q.Answers) != 1 || q.Options != nil || q.Category != free && q.Category != Whole || q.Image != s.Image() {
			t.Errorf("%s: %+v", s.ID(), q)
		}
		if q.Category == Whole && !slices.ContainsFunc(draw.SceneQuestions(picture), func(a draw.Answer) bool {
			return a.Kind == q.AnswerType && a.Question == q.Question && a.Answer == q.Answers[0]
		}) {
			t.Errorf("%s: %+v is not true", s.ID(), q)
		}
	}
}

// TestHardSigns counts how hard the signs of the hard part are.
func TestHardSigns(t *testing.T) {
	n := 40
	if testing.Short() {
		n = 4
	}
	count := map[[2]draw.Verdict]int{}
	for i := range n {
		if i%4 == 3 {
			s := scene(t, Options{N: n, Seed: 11}, i)
			size := s.Picture.Image().Bounds().Size()
			count[[2]draw.Verdict{verdict(&s.Picture.Signs[0], size, fineCrops), verdict(&s.Picture.Signs[0], size, finestCrops)}]++
		}
	}
	if testing.Short() {
		return
	}
	if count[[2]draw.Verdict{draw.No, draw.No}] != 2 || count[[2]draw.Verdict{draw.Unclear, draw.Yes}] != 1 {
		t.Errorf("legible in %d and in %d crops: %v", fineCrops, finestCrops, count)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for n, right := range map[int]bool{-1: false, 0: false, 1: true, Most: true, Most + 1: false} {
		if err := (Options{N: n}).Check(); (err == nil) != right {
			t.Errorf("n = %d: %v", n, err)
		}
	}
}
