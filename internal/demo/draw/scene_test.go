package draw

import (
	"bytes"
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
