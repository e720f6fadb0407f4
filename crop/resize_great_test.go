package crop

import (
	"context"
	"errors"
	"fmt"
	"image"
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

// What is narrower than the result and much higher is resized along y first.
func TestNarrowReductionIsNearTheFilter(t *testing.T) {
	const size = 24
	for _, height := range []int{2401, 2500, 4799, 4803, 7200, 31013} {
		for _, width := range []int{1, 8, 23} {
			m := noise(width, height)
			smooth := image.NewRGBA(m.Rect)
			for i := range m.Pix {
				m.Pix[i] = m.Pix[i] >> 7 * 255
				y := i / m.Stride
				smooth.Pix[i] = uint8(y*255/height) | uint8(i%4/3*255)
			}
			for name, c := range map[string]struct {
				m     *image.RGBA
				bound int
			}{"noise": {m, narrowBound}, "shades": {smooth, 1}} {
				got := make([]uint8, 3*size*size)
				cutInto(t, got, c.m, m.Rect, size)
				want := resized(c.m, m.Rect, size)
				largest := 0
				for i, v := range got {
					channel, y, x := i/size/size, i/size%size, i%size
					d := int(v) - int(want.Pix[want.PixOffset(x, y)+channel])
					largest = max(largest, d, -d)
				}
				if largest > c.bound {
					t.Errorf("%d×%d, %s: differs by %d, expected at most %d", width, height, name, largest, c.bound)
				}
				t.Logf("%d×%d, %s: %d", width, height, name, largest)
			}
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
