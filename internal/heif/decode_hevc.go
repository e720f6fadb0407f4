//go:build !noheif

package heif

import (
	"fmt"
	"image"
	"image/draw"
)

// The values of libheif's heif_colorspace and heif_chroma.
const (
	planesYCbCr = 0
	planesRGB   = 1
	planeGrey   = 2

	chroma420 = 1
	chroma422 = 2
	chroma444 = 3
)

func (p *Picture) decodeHEVC() (image.Image, error) {
	if p.grid && p.grey { // which libheif does not put together
		return p.decodeLuma()
	}
	in, err := hevc.start(p)
	if err != nil {
		return nil, err
	}
	defer in.close()
	file := in.write(p.file.data)
	for _, at := range p.zeros {
		in.poke(file, at, 0)
	}
	width := p.Width
	if !p.grid {
		width = p.coded.X
	}
	return in.libheif(file, len(p.file.data), image.Pt(p.Width, p.Height), width)
}

// decodeLuma decodes the parts of a picture, each on its own, and puts their luma together.
func (p *Picture) decodeLuma() (*image.Gray, error) {
	columns := 1
	if p.grid {
		var err error
		if columns, err = p.file.columns(p); err != nil {
			return nil, err
		}
	}
	in, err := hevc.start(p)
	if err != nil {
		return nil, err
	}
	defer in.close()
	whole := image.NewGray(image.Rect(0, 0, p.Width, p.Height))
	for i, id := range p.parts {
		file, err := p.alone(id)
		if err != nil {
			return nil, err
		}
		m, err := in.libheif(in.write(file), len(file), p.coded, p.coded.X)
		if err != nil {
			return nil, err
		}
		var part *image.Gray
		switch m := m.(type) {
		case *image.Gray:
			part = m
		case *image.YCbCr:
			part = &image.Gray{Pix: m.Y, Stride: m.YStride, Rect: m.Rect}
		default:
			return nil, errDecoder
		}
		at := image.Pt(i%columns*p.coded.X, i/columns*p.coded.Y)
		draw.Draw(whole, part.Rect.Add(at), part, image.Point{}, draw.Src)
	}
	return whole, nil
}

// libheif calls decode of heif.c in github.com/gen2brain/heic, which wants room for what libheif stores: planes of so many pixels
// a row, which may be more than are seen. The pixels are the instance's own.
func (in *instance) libheif(file uint64, bytes int, size image.Point, width int) (image.Image, error) {
	told := in.alloc(5 * 4) // width, height, space of colour, chroma, premultiplied
	arguments := []uint64{file, uint64(bytes), 1, told, told + 4, told + 8, told + 12, told + 16, 0}
	if in.call("decode", arguments...) == 0 {
		return nil, in.or(errDecoder)
	}
	if w, h := in.number(told), in.number(told+4); w != size.X || h != size.Y {
		return nil, in.or(fmt.Errorf("holds %d×%d pixels, its header claims %d×%d", w, h, size.X, size.Y))
	}
	space, chroma := in.number(told+8), in.number(told+12)
	rect := image.Rectangle{Max: size}

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
		ratio, ok := map[int]image.YCbCrSubsampleRatio{
			chroma420: image.YCbCrSubsampleRatio420, chroma422: image.YCbCrSubsampleRatio422, chroma444: image.YCbCrSubsampleRatio444,
		}[chroma]
		if !ok {
			return nil, in.or(errDecoder)
		}
		cw, ch := width, size.Y
		if chroma != chroma444 {
			cw = (cw + 1) / 2
		}
		if chroma == chroma420 {
			ch = (ch + 1) / 2
		}
		m := &image.YCbCr{YStride: stride(width), CStride: stride(cw), SubsampleRatio: ratio, Rect: rect}
		luma, colour := m.YStride*size.Y, m.CStride*ch
		pix := read(luma + 2*colour)
		if in.err != nil {
			return nil, in.err
		}
		m.Y, m.Cb, m.Cr = pix[:luma], pix[luma:luma+colour], pix[luma+colour:]
		return m, nil
	case planeGrey:
		m := &image.Gray{Stride: stride(width), Rect: rect}
		m.Pix = read(m.Stride * size.Y)
		return m, in.err
	case planesRGB:
		m := &image.RGBA{Stride: stride(width) * 4, Rect: rect}
		m.Pix = read(m.Stride * size.Y)
		for i := 3; i < len(m.Pix); i += 4 {
			m.Pix[i] = 0xff // where libheif puts the alpha
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
