package crop

import (
	"bytes"
	"fmt"
	"image"
	"testing"
)

// In place, and with next to no memory beside the picture, every orientation gives what EXIF says of it.
func TestTurnsInPlace(t *testing.T) {
	// Where pixel x, y of the upright picture is stored, of w × h pixels.
	from := map[orientation]func(x, y, w, h int) (int, int){
		1: func(x, y, _, _ int) (int, int) { return x, y },
		2: func(x, y, w, _ int) (int, int) { return w - 1 - x, y },
		3: func(x, y, w, h int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y, _, h int) (int, int) { return x, h - 1 - y },
		5: func(x, y, _, _ int) (int, int) { return y, x },
		6: func(x, y, _, h int) (int, int) { return y, h - 1 - x },
		7: func(x, y, w, h int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y, w, _ int) (int, int) { return w - 1 - y, x },
	}
	for _, size := range []image.Point{{1, 1}, {1, 7}, {7, 1}, {8, 8}, {17, 13}, {13, 17}, {40, 31}, {31, 97}, {97, 5}} {
		for o, stored := range from {
			m := noise(size.X, size.Y)
			got := o.apply(&image.RGBA{Pix: bytes.Clone(m.Pix), Stride: m.Stride, Rect: m.Rect})
			if w, h := o.size(size.X, size.Y); got.Rect != image.Rect(0, 0, w, h) || got.Stride != 4*w {
				t.Fatalf("%v turned by %d is %v", size, o, got.Rect)
			}
			for y := range got.Rect.Dy() {
				for x := range got.Rect.Dx() {
					sx, sy := stored(x, y, size.X, size.Y)
					if got.RGBAAt(x, y) != m.RGBAAt(sx, sy) {
						t.Fatalf("%v turned by %d: pixel %d, %d is not the one stored at %d, %d", size, o, x, y, sx, sy)
					}
				}
			}
		}
		want := orientation(5).apply(noise(size.X, size.Y))
		for _, room := range []int{1, 4 * 9, 4 * 60, 4 * 200, 1 << 20} {
			t.Run(fmt.Sprint(size, room), func(t *testing.T) {
				pix := noise(size.X, size.Y).Pix
				transpose(pix, size.X, size.Y, room)
				if !bytes.Equal(pix, want.Pix) {
					t.Error("another picture")
				}
			})
		}
	}
}

func BenchmarkTurn(b *testing.B) {
	for _, o := range []orientation{3, 6} {
		b.Run(fmt.Sprint(o, "-12MP"), func(b *testing.B) {
			m := noise(4000, 3000)
			for b.Loop() {
				m = o.apply(m)
			}
		})
	}
}
