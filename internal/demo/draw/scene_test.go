package draw

import (
	"bytes"
	"image"
	"testing"
)

func TestScenesComeFromTheirSeeds(t *testing.T) {
	if testing.Short() {
		t.Skip("draws three scenes")
	}
	var pictures [][]byte
	for _, seed := range []uint64{1, 1, 2} {
		s, err := NewScene(seed)
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, s.Image().Pix)
	}
	if !bytes.Equal(pictures[0], pictures[1]) {
		t.Error("a seed gives two pictures")
	}
	if bytes.Equal(pictures[1], pictures[2]) {
		t.Error("two seeds give one picture")
	}
}

func TestAnswersAreWordedAsInTraining(t *testing.T) {
	p := &Picture{Signs: []Sign{{Text: "OPTICIAN", Shop: "optician"}}, Street: &Street{Awning: "red", Car: "blue"}}
	for i, want := range []string{"It is an optician.", "The sign says OPTICIAN.", "It is night.", "The awning is red.", "The car is blue."} {
		if got := SceneQuestions(p)[i].Answer; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestScenesStayTheSame holds on to what accuracy was measured on.
func TestScenesStayTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("draws three scenes")
	}
	for i, want := range []struct {
		shop  string
		truth Street
	}{
		{"burger bar", Street{Awning: "orange", Car: "blue"}},
		{"shoe shop", Street{Day: true, Awning: "purple", Car: "purple"}},
		{"theatre", Street{Day: true, Awning: "green", Car: "black"}},
	} {
		p, err := NewScene(uint64(i + 1))
		if err != nil {
			t.Fatal(err)
		}
		sign, got := p.Signs[0], *p.Street
		if !sign.Box.In(p.Image().Bounds()) || got.CarBox.Empty() || got.AwningBox.Empty() {
			t.Errorf("seed %d: boxes %v, %v, %v", i+1, sign.Box, got.CarBox, got.AwningBox)
		}
		got.AwningBox, got.CarBox = image.Rectangle{}, image.Rectangle{}
		if sign.Shop != want.shop || got != want.truth {
			t.Errorf("seed %d: %q, %+v, expected %q, %+v", i+1, sign.Shop, got, want.shop, want.truth)
		}
	}
}
