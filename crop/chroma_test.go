package crop

import (
	"image"
	"math"
	"slices"
	"testing"
)

// Values worked out by hand from libjpeg's jdsample.c and libwebp's upsampling.c, small so that the rounding shows.
func TestUpsamplersRoundAsTheOriginals(t *testing.T) {
	p := plane{pix: []uint8{
		0, 2, 3, 255, // the last column is beyond the plane
		7, 0, 1, 255,
	}, stride: 4, w: 3, h: 2}
	for _, c := range []struct {
		name string
		up   upsampler
		rows [][]uint8
	}{
		{"jpeg across", triangleAcross, [][]uint8{{0, 1, 1, 2, 3, 3}, {7, 5, 2, 0, 1, 1}}},
		{"jpeg down", triangleDown, [][]uint8{{0, 2, 3}, {2, 2, 3}, {5, 0, 1}, {7, 0, 1}}},
		{"jpeg both", triangleBoth, [][]uint8{
			{0, 0, 2, 2, 3, 3}, {2, 2, 2, 2, 2, 2}, {5, 4, 2, 1, 1, 1}, {7, 5, 2, 0, 1, 1},
		}},
		{"webp", triangleWebP, [][]uint8{
			{0, 1, 2, 2, 3, 3}, {2, 2, 2, 2, 2, 3}, {5, 4, 2, 1, 1, 2}, {7, 5, 2, 0, 1, 1},
		}},
		{"repeated", repeat(2, 2), [][]uint8{{0, 0, 2, 2, 3, 3}, {0, 0, 2, 2, 3, 3}, {7, 7, 0, 0, 1, 1}}},
		{"repeated by four", repeat(4, 1), [][]uint8{{0, 0, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3}}},
	} {
		for y, want := range c.rows {
			got := make([]uint8, len(want))
			c.up(got, p, y)
			if !slices.Equal(got, want) {
				t.Errorf("%s: row %d is %v, expected %v", c.name, y, got, want)
			}
		}
	}
}

func TestUpsamplersOfOneSample(t *testing.T) {
	p := plane{pix: []uint8{77}, stride: 1, w: 1, h: 1}
	for name, up := range map[string]upsampler{
		"across": triangleAcross, "both": triangleBoth, "webp": triangleWebP, "repeat": repeat(2, 2),
	} {
		for y := range 2 {
			got := make([]uint8, 2)
			if up(got, p, y); got[0] != 77 || got[1] != 77 {
				t.Errorf("%s: row %d is %v", name, y, got)
			}
		}
	}
}

// Both conversions against their defining formulas, over all chroma and a range of luma.
func TestColours(t *testing.T) {
	for _, c := range []struct {
		name    string
		convert colour
		formula func(y, cb, cr float64) [3]float64
		most    float64
	}{
		// T.871, section 7; green sums two roundings.
		{"JFIF", jfifColour, func(y, cb, cr float64) [3]float64 {
			return [3]float64{y + 1.402*cr, y - 0.114*1.772/0.587*cb - 0.299*1.402/0.587*cr, y + 1.772*cb}
		}, 0.502},
		// BT.601, luma 16…235 and chroma 16…240; six bits of fraction, cut.
		{"limited", limitedColour, func(y, cb, cr float64) [3]float64 {
			y, cb, cr = (y-16)*255/219, cb*255/224, cr*255/224
			return [3]float64{y + 1.402*cr, y - 0.114*1.772/0.587*cb - 0.299*1.402/0.587*cr, y + 1.772*cb}
		}, 0.6},
	} {
		worst := 0.0
		out := make([]uint8, 4)
		for y := 0; y < 256; y += 17 {
			for b := range 256 {
				for r := range 256 {
					c.convert(out, []uint8{uint8(y)}, []uint8{uint8(b)}, []uint8{uint8(r)})
					for i, v := range c.formula(float64(y), float64(b)-128, float64(r)-128) {
						worst = max(worst, math.Abs(float64(out[i])-min(max(v, 0), 255)))
					}
				}
			}
		}
		if t.Logf("%s: %.3f", c.name, worst); !(worst <= c.most) || out[3] != 0xff {
			t.Errorf("%s differs by %.3f, expected at most %g", c.name, worst, c.most)
		}
	}
}

func TestSubsampling(t *testing.T) {
	for ratio, want := range map[image.YCbCrSubsampleRatio][2]int{
		image.YCbCrSubsampleRatio444: {1, 1}, image.YCbCrSubsampleRatio422: {2, 1}, image.YCbCrSubsampleRatio420: {2, 2},
		image.YCbCrSubsampleRatio440: {1, 2}, image.YCbCrSubsampleRatio411: {4, 1}, image.YCbCrSubsampleRatio410: {4, 2},
	} {
		across, down := subsampling(ratio)
		if [2]int{across, down} != want {
			t.Errorf("%v: %d, %d", ratio, across, down)
		}
		// The package image agrees on the size of the planes.
		m := image.NewYCbCr(image.Rect(0, 0, 13, 11), ratio)
		if m.CStride != (13+across-1)/across || len(m.Cb)/m.CStride != (11+down-1)/down {
			t.Errorf("%v: planes of %d×%d", ratio, m.CStride, len(m.Cb)/m.CStride)
		}
	}
}
