package crop

import (
	"fmt"
	"image"
	"testing"
)

// The fast way gives what nfnt/resize gives, to the bit, enlarging and reducing, for sides that are multiples of nothing.
func TestResampleIsResized(t *testing.T) {
	m := noise(1301, 997)
	hard := image.NewRGBA(m.Rect) // black and white, where bicubic overshoots
	for i := range hard.Pix {
		hard.Pix[i] = m.Pix[i]>>7*255 | uint8(i%4/3*255)
	}
	for _, c := range []struct{ x, y, w, h, size int }{
		{0, 0, 1301, 997, 384},
		{0, 0, 1301, 997, 14},
		{7, 11, 385, 383, 384},
		{900, 600, 401, 397, 384},
		{3, 5, 384, 391, 384},
		{3, 5, 391, 384, 384},
		{100, 0, 97, 997, 96},
		{0, 100, 1301, 1, 27},
		{50, 0, 1, 997, 27},
		{50, 60, 2, 3, 385},
		{1, 1, 1300, 13, 13},
		{17, 19, 53, 47, 1},
		{17, 19, 100, 99, 1},
		{17, 19, 50, 50, 49},
		{17, 19, 50, 50, 51},
		{17, 19, 1, 1, 5},
		{183, 147, 64, 357, 48}, // where the last bit of a weight shows
		{195, 55, 60, 465, 39},
		{53, 177, 80, 347, 46},
	} {
		box := image.Rect(c.x, c.y, c.x+c.w, c.y+c.h)
		t.Run(fmt.Sprintf("%dx%d to %d", c.w, c.h, c.size), func(t *testing.T) {
			for _, m := range []*image.RGBA{m, hard} {
				want := resized(m, box, c.size)
				cut := (c.size + 1) / 3
				for _, parts := range [][]image.Rectangle{
					{image.Rect(0, cut, c.size, c.size), image.Rect(0, 0, c.size, cut)},
					{image.Rect(cut, 0, c.size, c.size), image.Rect(0, 0, cut, c.size)},
				} {
					got := make([]uint8, 3*c.size*c.size)
					for _, part := range parts {
						if part.Empty() {
							continue
						}
						if err := resample(t.Context(), square{got, c.size}, source{img: m, box: box}, part); err != nil {
							t.Fatal(err)
						}
					}
					isResized(t, got, want)
				}
			}
		})
	}
}

// isResized compares a planar crop with a picture.
func isResized(t *testing.T, got []uint8, want *image.RGBA) {
	t.Helper()
	size := want.Rect.Dx()
	for i, v := range got {
		channel, y, x := i/size/size, i/size%size, i%size
		if want := want.Pix[want.PixOffset(x, y)+channel]; v != want {
			t.Fatalf("channel %d, row %d, column %d is %d, expected %d", channel, y, x, v, want)
		}
	}
}
