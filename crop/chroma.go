package crop

import (
	"image"
)

// plane is one channel of a picture, rows of w samples.
type plane struct {
	pix          []uint8
	stride, w, h int
}

// row is row y, or the nearest there is.
func (p plane) row(y int) []uint8 {
	y = min(max(y, 0), p.h-1)
	return p.pix[y*p.stride:][:p.w]
}

// upsampler writes row y of the full-size picture from a smaller chroma plane; dst has room for whole chroma samples.
type upsampler func(dst []uint8, p plane, y int)

// colour converts one row of Y, Cb and Cr to opaque RGBA.
type colour func(dst, y, cb, cr []uint8)

// subsampling is how many columns and rows of luma share a chroma sample.
func subsampling(r image.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case image.YCbCrSubsampleRatio422:
		return 2, 1
	case image.YCbCrSubsampleRatio420:
		return 2, 2
	case image.YCbCrSubsampleRatio440:
		return 1, 2
	case image.YCbCrSubsampleRatio411:
		return 4, 1
	case image.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// rgbFrom converts m, whose chroma goes through up and whose colours through convert, to opaque RGB.
func rgbFrom(m *image.YCbCr, up upsampler, convert colour, threads int) *image.RGBA {
	collect(m.Rect.Dx(), m.Rect.Dy())
	out := image.NewRGBA(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	rgbInto(out, m, up, convert, threads)
	return out
}

// rgbInto is rgbFrom into a picture of m's size.
func rgbInto(out *image.RGBA, m *image.YCbCr, up upsampler, convert colour, threads int) {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	across, down := subsampling(m.SubsampleRatio)
	cw, ch := (w+across-1)/across, (h+down-1)/down
	blue, red := plane{m.Cb, m.CStride, cw, ch}, plane{m.Cr, m.CStride, cw, ch}
	shareRows(h, threads, func(top, bottom int) {
		cb, cr := make([]uint8, cw*across), make([]uint8, cw*across)
		for y := top; y < bottom; y++ {
			up(cb, blue, y)
			up(cr, red, y)
			convert(out.Pix[y*out.Stride:][:4*w], m.Y[y*m.YStride:][:w], cb[:w], cr[:w])
		}
	})
}

// repeat gives every pixel the sample that it shares.
func repeat(across, down int) upsampler {
	return func(dst []uint8, p plane, y int) {
		src := p.row(y / down)
		if across == 1 {
			copy(dst, src)
			return
		}
		for i, v := range src {
			for j := range across {
				dst[i*across+j] = v
			}
		}
	}
}

func clamp8(v int32) uint8 {
	if uint32(v) > 0xff {
		v = ^(v >> 31) & 0xff // 0 below, 255 above
	}
	return uint8(v)
}
