package crop

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
)

// decodeJPEG decodes as libjpeg does: chroma is interpolated, not repeated, and four channels without Adobe's
// marker are inverted CMYK, which is how every such file in use is written.
func decodeJPEG(ctx context.Context, data []byte, threads int) (*image.RGBA, error) {
	m, err := jpeg.Decode(reader(ctx, data))
	var u jpeg.UnsupportedError
	if errors.As(err, &u) && bytes.Contains([]byte(u), []byte("Adobe APP14")) {
		m, err = jpeg.Decode(reader(ctx, append([]byte(adobeCMYK), data[2:]...)))
	}
	if unusualSampling(err) {
		return decodeFlexibly(ctx, data)
	}
	if err != nil {
		return nil, err
	}
	if m, ok := m.(*image.YCbCr); ok {
		return rgbFrom(m, jpegUpsampler(m.SubsampleRatio), jfifColour, threads), nil
	}
	return opaque(m), nil
}

// adobeCMYK begins a JPEG: its start marker and an APP14 segment that says "Adobe, no colour transform".
const adobeCMYK = "\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"

func jpegUpsampler(r image.YCbCrSubsampleRatio) upsampler { return upsamplerOf(subsampling(r)) }

// upsamplerOf is libjpeg-turbo's choice ("fancy upsampling", jdsample.c): a triangle filter where chroma is halved
// along an axis, repetition for other ratios. (libjpeg repeats chroma of at most two columns too, which no picture
// of [MinSide] has.)
func upsamplerOf(across, down int) upsampler {
	switch {
	case across == 1 && down == 2:
		return triangleDown
	case across == 2 && down == 1:
		return triangleAcross
	case across == 2 && down == 2:
		return triangleBoth
	default:
		return repeat(across, down)
	}
}

// triangleAcross weighs the nearer sample 3/4 and the farther 1/4; halves are rounded down in even columns and up
// in odd ones, so that no shade is preferred.
func triangleAcross(dst []uint8, p plane, y int) {
	src := p.row(y)
	last := len(src) - 1
	dst[0] = src[0]
	dst[2*last+1] = src[last]
	for i := range last {
		a, b := int(src[i]), int(src[i+1])
		dst[2*i+1] = uint8((3*a + b + 2) >> 2)
		dst[2*i+2] = uint8((a + 3*b + 1) >> 2)
	}
}

// triangleDown is the same along the other axis: upper rows are rounded down, lower ones up.
func triangleDown(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(y/2+1)
	bias := 2
	if y%2 == 0 {
		far, bias = p.row(y/2-1), 1
	}
	for i, v := range near {
		dst[i] = uint8((3*int(v) + int(far[i]) + bias) >> 2)
	}
}

// triangleBoth weighs the four nearest samples 9, 3, 3 and 1 sixteenths.
func triangleBoth(dst []uint8, p plane, y int) {
	near, far := p.row(y/2), p.row(y/2+1)
	if y%2 == 0 {
		far = p.row(y/2 - 1)
	}
	far = far[:len(near)]
	last := len(near) - 1
	a := 3*int(near[0]) + int(far[0])
	dst[0] = uint8((4*a + 8) >> 4)
	for i := range last {
		b := 3*int(near[i+1]) + int(far[i+1])
		dst[2*i+1] = uint8((3*a + b + 7) >> 4)
		dst[2*i+2] = uint8((a + 3*b + 8) >> 4)
		a = b
	}
	dst[2*last+1] = uint8((4*a + 7) >> 4)
}

// jfifColour is the full-range BT.601 of the JFIF standard in libjpeg's 16-bit fixed point (jdcolor.c), where
// red and blue are rounded on their own and green once for both chroma terms.
func jfifColour(dst, y, cb, cr []uint8) {
	const (
		redCr   = 91881  // 1.40200 · 2¹⁶
		greenCb = 22554  // 0.34414 · 2¹⁶
		greenCr = 46802  // 0.71414 · 2¹⁶
		blueCb  = 116130 // 1.77200 · 2¹⁶
		half    = 1 << 15
	)
	cb, cr = cb[:len(y)], cr[:len(y)]
	for i, v := range y {
		luma, b, r := int32(v), int32(cb[i])-128, int32(cr[i])-128
		p := dst[4*i : 4*i+4 : 4*i+4]
		p[0] = clamp8(luma + (redCr*r+half)>>16)
		p[1] = clamp8(luma + (half-greenCb*b-greenCr*r)>>16)
		p[2] = clamp8(luma + (blueCb*b+half)>>16)
		p[3] = 0xff
	}
}
