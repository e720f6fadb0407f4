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
	stops := map[Stop]int{}
	for i := range *gazeScenes {
		s, err := draw.New(uint64(7000+i), draw.Options{Ground: draw.StreetGround, Camera: &draw.Camera{}})
		if err != nil {
			t.Fatal(err)
		}
		stops[searched(t, m.NewSearcher(scenePicture(t, s)), whatShop, searchKnobs()).Found.Stop]++
	}
	t.Logf("no sign: %v", stops)
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
