//go:build !noheif

package heif

import (
	"errors"
	"fmt"
	"image"
)

// The values of libheif's heif_colorspace and heif_chroma.
const (
	planesYCbCr = 0
	planesRGB   = 1
	planeGrey   = 2

	chromaNone = 0
	chroma420  = 1
	chroma422  = 2
	chroma444  = 3
)

// decodeHEVC calls decode of heif.c in github.com/gen2brain/heic, which wants room for what libheif stores.
func (p *Picture) decodeHEVC() (image.Image, error) {
	in, err := hevc.start(p)
	if err != nil {
		return nil, err
	}
	defer in.close()
	file := in.write(p.data)
	for _, at := range p.zeros {
		in.poke(file, at, 0)
	}
	told := in.alloc(5 * 4) // width, height, space of colour, chroma, premultiplied
	arguments := []uint64{file, uint64(len(p.data)), 1, told, told + 4, told + 8, told + 12, told + 16, 0}
	if in.call("decode", arguments...) == 0 {
		return nil, in.or(errDecoder)
	}
	if w, h := in.number(told), in.number(told+4); w != p.Width || h != p.Height {
		return nil, in.or(fmt.Errorf("holds %d×%d pixels, its header claims %d×%d", w, h, p.Width, p.Height))
	}
	space, chroma, premultiplied := in.number(told+8), in.number(told+12), in.number(told+16) == 1
	rect := image.Rect(0, 0, p.Width, p.Height)

	read := func(total int) []byte {
		out := in.alloc(total)
		arguments[2], arguments[8] = 0, out
		if in.call("decode", arguments...) == 0 {
			in.fail(errDecoder)
		}
		return in.read(out, total)
	}
	switch space {
	case planesYCbCr:
		if chroma == chromaNone { // which libheif makes of grey tiles
			return nil, in.or(errors.New("a grid without colours is not supported, convert it first"))
		}
		ratio, ok := map[int]image.YCbCrSubsampleRatio{
			chroma420: image.YCbCrSubsampleRatio420, chroma422: image.YCbCrSubsampleRatio422, chroma444: image.YCbCrSubsampleRatio444,
		}[chroma]
		if !ok {
			return nil, in.or(errDecoder)
		}
		cw, ch := p.width, p.Height
		if chroma != chroma444 {
			cw = (cw + 1) / 2
		}
		if chroma == chroma420 {
			ch = (ch + 1) / 2
		}
		m := &image.YCbCr{YStride: stride(p.width), CStride: stride(cw), SubsampleRatio: ratio, Rect: rect}
		luma, colour := m.YStride*p.Height, m.CStride*ch
		pix := read(luma + 2*colour)
		if in.err != nil {
			return nil, in.err
		}
		m.Y, m.Cb, m.Cr = pix[:luma], pix[luma:luma+colour], pix[luma+colour:]
		return m, nil
	case planeGrey:
		m := &image.Gray{Stride: stride(p.width), Rect: rect}
		m.Pix = read(m.Stride * p.Height)
		return m, in.err
	case planesRGB:
		m := &image.NRGBA{Stride: stride(p.width) * 4, Rect: rect}
		m.Pix = read(m.Stride * p.Height)
		if premultiplied {
			return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: rect}, in.err
		}
		return m, in.err
	}
	return nil, in.or(errDecoder)
}

// stride is the length of a plane's rows in libheif: ImagePlane::alloc in libheif/pixelimage.cc.
func stride(width int) int {
	const least, align = 64, 16
	return (max((width+1)&^1, least) + align - 1) &^ (align - 1)
}
