package crop

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"testing"
)

func TestRowsAreShared(t *testing.T) {
	for _, h := range []int{1, 63, 64, 127, 128, 129, 1000} {
		for _, threads := range []int{-1, 0, 1, 2, 3, 7, 64} {
			times := make([]int, h)
			var calls int
			var lock sync.Mutex
			shareRows(h, threads, func(top, bottom int) {
				lock.Lock()
				defer lock.Unlock()
				calls++
				for y := top; y < bottom; y++ {
					times[y]++
				}
			})
			if slices.Min(times) != 1 || slices.Max(times) != 1 {
				t.Errorf("%d rows on %d threads: seen %v times", h, threads, times)
			}
			if want := max(1, min(threads, h/rowsAlone)); threads > 0 && calls != want {
				t.Errorf("%d rows on %d threads in %d bands, want %d", h, threads, calls, want)
			}
		}
	}
}

func TestRowsPanicHere(t *testing.T) {
	defer func() {
		if got := recover(); got != "row 200" {
			t.Errorf("recovered %v", got)
		}
	}()
	shareRows(256, 4, func(top, bottom int) {
		if top <= 200 && 200 < bottom {
			panic("row 200")
		}
	})
}

// TestThreadsChangeNoPixel converts planes of every sampling and a profile's colours on one thread and on several.
func TestThreadsChangeNoPixel(t *testing.T) {
	for _, ratio := range []image.YCbCrSubsampleRatio{
		image.YCbCrSubsampleRatio444, image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420,
		image.YCbCrSubsampleRatio440, image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410,
	} {
		m := image.NewYCbCr(image.Rect(0, 0, 37, 391), ratio)
		for i, samples := range [][]uint8{m.Y, m.Cb, m.Cr} {
			for k := range samples {
				samples[k] = uint8(k*k*(i+3)>>3 + 31*k)
			}
		}
		want := rgbFrom(m, jpegUpsampler(ratio), jfifColour, 1)
		for _, threads := range []int{2, 3, 5, 0} {
			if got := rgbFrom(m, jpegUpsampler(ratio), jfifColour, threads); !slices.Equal(got.Pix, want.Pix) {
				t.Errorf("%v on %d threads differs from one", ratio, threads)
			}
		}
	}
	icc := pngProfile(t, "p3-para.png")
	want := noise(50, 300)
	for threads := 1; threads <= 4; threads++ {
		t.Run(fmt.Sprint(threads), func(t *testing.T) {
			got := noise(50, 300)
			if threads == 1 {
				got = want
			}
			if err := toSRGB(t.Context(), got, icc, threads); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Pix, want.Pix) {
				t.Error("pixels differ from those of one thread")
			}
		})
	}
}
