package run

import (
	"image"
	"testing"

	"github.com/mcllava/mcllava"
)

// TestDrawingOfASearch finds the step that the answer is of, which need not be the last.
func TestDrawingOfASearch(t *testing.T) {
	whole, a, b := image.Rect(0, 0, 900, 600), image.Rect(0, 0, 300, 300), image.Rect(300, 0, 600, 300)
	found := &mcllava.Found{Steps: []mcllava.SearchStep{{Boxes: []image.Rectangle{a, b}}, {Boxes: []image.Rectangle{b}}, {Boxes: []image.Rectangle{a}}}}
	at := &mcllava.Attention{Crops: []mcllava.CropWeight{{Box: whole}, {Box: b}}, Peak: image.Pt(400, 100), Box: image.Rect(350, 50, 450, 150)}
	d := Drawing("what?", &mcllava.Answer{Text: "That.", Attention: at, Found: found})
	if len(d.Steps) != 3 || d.Steps[0].Answer || !d.Steps[1].Answer || d.Steps[2].Answer || len(d.Steps[0].Boxes) != 2 {
		t.Errorf("%+v, expected the answer to be of the second", d.Steps)
	}
	if d.Box != at.Box || d.Peak != at.Peak || d.Question != "what?" || d.Answer != "That." {
		t.Errorf("%+v", d)
	}
	if d := Drawing("", &mcllava.Answer{Attention: at}); d.Steps != nil {
		t.Errorf("no search: %+v", d.Steps)
	}
}
