package crop

import (
	"fmt"
	"image"
	"testing"
)

// Cutting costs little more than to read a box once and to make its rows, whatever its shape and in how many parts.
func TestWorkOfThinBoxes(t *testing.T) {
	const size, parts = 48, 8
	for _, c := range []struct {
		width, height        int
		read, resized, added float64 // each for a pixel of the box
	}{
		{60000, 14, 1.6, 0.001, 0.02},
		{14, 60000, 1.6, 0, 4.1},
		{4500, 20, 1.6, 0.02, 0.2},
		{60, 60001, 1.6, 0, 4.1},
		{100, 9000, 1.6, 0.8, 2.1},
		{9000, 100, 1.6, 0.01, 0.05},
		{20, 1900, 1.6, 4, 11},
		{900, 800, 1.6, 0.1, 0.3},
	} {
		t.Run(fmt.Sprintf("%dx%d", c.width, c.height), func(t *testing.T) {
			m := image.NewRGBA(image.Rect(0, 0, c.width, c.height))
			var w work
			src := source{m, m.Rect, &w}
			for i := range parts {
				if err := cutPart(t.Context(), square{make([]uint8, 3*size*size), size}, src, i*size/parts, (i+1)*size/parts); err != nil {
					t.Fatal(err)
				}
			}
			pixels := float64(c.width) * float64(c.height)
			for name, n := range map[string][2]float64{
				"read": {float64(w.read), c.read}, "resized": {float64(w.resized), c.resized}, "added": {float64(w.added), c.added},
			} {
				if !(n[0]/pixels <= n[1]) {
					t.Errorf("%s: %.4f times for a pixel of the box, expected at most %g", name, n[0]/pixels, n[1])
				}
			}
		})
	}
}
