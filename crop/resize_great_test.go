package crop

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"testing"
	"time"
)

// Reductions of either side by more than what the fast way takes give what nfnt/resize gives, to the bit, in bands too.
func TestGreatReductionIsResized(t *testing.T) {
	for _, c := range []struct{ w, h, size int }{
		{2101, 9, 20},   // wide
		{2101, 33, 21},  // nearly, and the reduction is 100.05
		{2100, 33, 21},  // just not
		{2203, 331, 22}, // wide, and somewhat high
		{1009, 17, 3},
		{1009, 1, 1},
		{1021, 40, 10},
		{9, 2101, 8}, // high
		{21, 2101, 21},
		{33, 2101, 21},
		{331, 2203, 21},
		{1, 1009, 1},
		{17, 1009, 3},
		{40, 2021, 20},
		{523, 521, 5}, // both
		{1301, 1307, 3},
		{40000, 9, 13},
		{24, 9000, 2},
		{16, 9001, 16}, // one is copied across
	} {
		t.Run(fmt.Sprintf("%dx%d to %d", c.w, c.h, c.size), func(t *testing.T) {
			m := noise(c.w+3, c.h+5)
			for i, p := range m.Pix { // black and white, where bicubic overshoots, and shades
				if i*7/len(m.Pix)%2 == 0 {
					m.Pix[i] = p >> 7 * 255
				}
			}
			box := image.Rect(2, 3, 2+c.w, 3+c.h)
			got := make([]uint8, 3*c.size*c.size)
			cut := (c.size + 1) / 3
			for _, part := range [][2]int{{cut, c.size}, {0, cut}} {
				if err := Pixels(t.Context(), got, m, box, c.size, part[0], part[1]); err != nil {
					t.Fatal(err)
				}
			}
			isResized(t, got, resized(m, box, c.size))
		})
	}
}

// What is narrow and many times as high is resized along y first, which the filter's definition is not.
func TestNarrowReductionIsNearTheFilter(t *testing.T) {
	const size = 24
	for _, c := range []struct{ width, height int }{
		{1, 961},
		{3, 963},
		{8, 970},
		{13, 1201},
		{23, 961},
		{8, 2401},
		{23, 4803},
		{8, 31013},
		{24, 28801}, // one is copied across
		{37, 28807},
		{47, 30011},
	} {
		if testing.Short() && c.height > 5000 {
			continue
		}
		if !narrow(c.width, c.height, size) {
			t.Fatalf("%d×%d is not narrow", c.width, c.height)
		}
		m := noise(c.width, c.height)
		hard, sparse, smooth := image.NewRGBA(m.Rect), image.NewRGBA(m.Rect), image.NewRGBA(m.Rect)
		for i, v := range m.Pix {
			alpha := uint8(i % 4 / 3 * 255)
			hard.Pix[i], sparse.Pix[i] = v>>7*255|alpha, v>>6/3*255|alpha
			x, y := i%m.Stride/4, i/m.Stride
			smooth.Pix[i] = uint8((y*155/c.height+x*100/c.width)*(1+i%4)/4) | alpha
		}
		for name, c := range map[string]struct {
			m           *image.RGBA
			bound, mean float64
		}{"noise": {hard, narrowBound, 1.2}, "a quarter white": {sparse, narrowBound, 2.2}, "shades": {smooth, 1, 0.3}} {
			t.Run(fmt.Sprintf("%v %s", c.m.Rect.Size(), name), func(t *testing.T) {
				got := make([]uint8, 3*size*size)
				for _, part := range [][2]int{{7, size}, {0, 7}} {
					if err := Pixels(t.Context(), got, c.m, c.m.Rect, size, part[0], part[1]); err != nil {
						t.Fatal(err)
					}
				}
				want := resized(c.m, c.m.Rect, size)
				var largest, sum float64
				for i, v := range got {
					channel, y, x := i/size/size, i/size%size, i%size
					d := math.Abs(float64(v) - float64(want.Pix[want.PixOffset(x, y)+channel]))
					largest, sum = max(largest, d), sum+d
				}
				mean := sum / float64(len(got))
				t.Logf("differs by %g, in the mean by %.2f", largest, mean)
				if !(largest <= c.bound && mean <= c.mean) {
					t.Errorf("differs by %g, in the mean by %.2f; expected at most %g and %g", largest, mean, c.bound, c.mean)
				}
			})
		}
	}
}

// A box that is as high as the filter's definition is kept for is not narrow.
func TestNarrowBegins(t *testing.T) {
	const size = 24
	for _, c := range []struct {
		width, height int
		want          bool
	}{
		{23, 40 * size, false},
		{23, 40*size + 1, true},
		{24, 40*size + 1, false},
		{47, 1200 * size, false},
		{47, 1200*size + 1, true},
		{48, 1200*size + 1, false},
	} {
		if got := narrow(c.width, c.height, size); got != c.want {
			t.Errorf("%d×%d: %v", c.width, c.height, got)
		}
	}
}

// Every way of resizing ends soon after its context.
func TestPixelsEndWithTheContext(t *testing.T) {
	const size = 96
	for _, box := range []image.Rectangle{
		image.Rect(0, 0, size, size),
		image.Rect(0, 0, 50, 50),
		image.Rect(0, 0, 4000, 4000),
		image.Rect(0, 0, 300000, 60),
		image.Rect(0, 0, 60, 300000),
		image.Rect(0, 0, 200, 100000),
	} {
		m := image.NewRGBA(box)
		dst := make([]uint8, 3*size*size)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		if err := Pixels(ctx, dst, m, box, size, 0, size); !errors.Is(err, context.Canceled) {
			t.Errorf("%v: error %v", box, err)
		}
		if took := time.Since(start); took > 500*time.Millisecond {
			t.Errorf("%v: took %v", box, took)
		}
	}
}
