package mcllava

import (
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

// TestSeeingAccuracy measures what else can be asked of the map and of the search: where a car is, a street without a sign, and the first
// crop in coarse precisions.
func TestSeeingAccuracy(t *testing.T) {
	if *gazeScenes == 0 {
		t.Skip("-gaze measures it")
	}
	t.Run("car", measureCar)
	t.Run("no sign", measureNoSign)
	t.Run("precisions", measurePrecisions)
}

func measureCar(t *testing.T) {
	const carQuestion = "what colour is the car?"
	m := open(t, Demo)
	for _, crops := range []int{25, 100} {
		onCar, overview, right := 0, 0, 0
		for i := range *gazeScenes {
			s, p := drawnScene(t, uint64(6000+i))
			a, err := m.ask(t, m.lookAt(t, p, crops, 0), carQuestion, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			switch at := a.Attention; {
			case at.Peak.In(s.Street.CarBox):
				onCar++
			case at.Overview:
				overview++
			}
			if a.Text == draw.SceneQuestions(s)[4].Answer {
				right++
			}
		}
		t.Logf("%d crops, the car: %d of %d peaks on it, %d overviews besides; %d right", crops, onCar, *gazeScenes, overview, right)
	}
}

func measureNoSign(t *testing.T) {
	m := open(t, Demo)
	stops := map[Stop]int{}
	for i := range *gazeScenes {
		s, err := draw.New(uint64(7000+i), draw.Options{Ground: draw.StreetGround, Camera: &draw.Camera{}})
		if err != nil {
			t.Fatal(err)
		}
		stops[searched(t, m.NewSearcher(scenePicture(t, s)), whatShop, searchKnobs()).Found.Stop]++
	}
	t.Logf("no sign: %v", stops)
}

func measurePrecisions(t *testing.T) {
	m := open(t, Demo)
	for _, precision := range measuredPrecisions[1:] {
		coarse := openIn(t, Demo, precision.Precision, 2)
		same := 0
		for i := range *gazeScenes {
			s, p := drawnScene(t, uint64(4000+i))
			var tops [2]any
			for j, model := range []*Model{m, coarse} {
				v := model.lookAt(t, p, 25, 0)
				a, err := model.ask(t, v, draw.SceneQuestions(s)[0].Question, withAttention())
				if err != nil {
					t.Fatal(err)
				}
				tops[j] = top(a.Attention, v)
			}
			if tops[0] == tops[1] {
				same++
			}
		}
		t.Logf("%s: the first crop is float32's in %d of %d scenes", precision.name(), same, *gazeScenes)
	}
}

// TestSearchesOfOddQuestions measures searches for what is large, close at hand, or there twice.
func TestSearchesOfOddQuestions(t *testing.T) {
	if *gazeScenes == 0 {
		t.Skip("-gaze measures it")
	}
	m := open(t, Demo)
	oneStep, close, closeRight, closeLost, either, neither := 0, 0, 0, 0, 0, 0
	for i := range *gazeScenes {
		s, p := drawnScene(t, uint64(8000+i))
		if a := searched(t, m.NewSearcher(p), "is it day or night?", searchKnobs()); len(a.Found.Steps) == 1 {
			oneStep++
		}
		sign := s.Signs[0].Box
		near := s.Image().SubImage(sign.Inset(-sign.Dx() / 2).Intersect(s.Image().Bounds()))
		q := draw.SceneQuestions(s)[0]
		a := searched(t, m.NewSearcher(pictureOf(t, near)), q.Question, searchKnobs())
		if len(a.Found.Steps) == 1 {
			close++
		}
		if a.Text == q.Answer {
			closeRight++
		} else if _, plain := gazeAt(t, m, pictureOf(t, near), DefaultKnobs(), q.Question, AttentionOptions{}); plain.Text == q.Answer {
			closeLost++
		}
		other, err := draw.NewScene(uint64(9000 + i))
		if err != nil {
			t.Fatal(err)
		}
		second := other.Signs[0].Box
		if second.Overlaps(sign) {
			continue
		}
		both := s.Image()
		for y := second.Min.Y; y < second.Max.Y; y++ {
			copy(both.Pix[both.PixOffset(second.Min.X, y):both.PixOffset(second.Max.X, y)], other.Image().Pix[other.Image().PixOffset(second.Min.X, y):other.Image().PixOffset(second.Max.X, y)])
		}
		switch a := searched(t, m.NewSearcher(pictureOf(t, both)), whatShop, searchKnobs()); {
		case a.Text == q.Answer, a.Text == draw.SceneQuestions(other)[0].Answer:
			either++
		default:
			neither++
		}
	}
	t.Logf("%d scenes: of day or night %d ask once; of close-ups %d ask once, %d are right and %d lost that 100 crops tell; of two signs one is told in %d and none in %d",
		*gazeScenes, oneStep, close, closeRight, closeLost, either, neither)
}
