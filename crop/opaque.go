package crop

import (
	"context"
	"image"
	"image/color"
)

// white is a white picture, unless ctx is done.
func white(ctx context.Context, width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	fill(ctx, m, [4]uint8{0xff, 0xff, 0xff, 0xff})
	return m
}

// fill gives every pixel of a picture without gaps one colour, unless ctx is done.
func fill(ctx context.Context, m *image.RGBA, colour [4]uint8) {
	const piece = 1 << 20
	// A copy cannot be interrupted, and nor can a loop of nothing else: a garbage collection, and all with it, would wait for the end.
	for n := copy(m.Pix, colour[:]); n < len(m.Pix) && ctx.Err() == nil; {
		n += copy(m.Pix[n:], m.Pix[:min(n, piece)])
	}
}

// visible is the part of a picture that lies at some place, in the memory of m.
func visible(m *image.RGBA, part image.Rectangle) *image.RGBA {
	out := &image.RGBA{Pix: m.Pix, Stride: 4 * part.Dx(), Rect: image.Rect(0, 0, part.Dx(), part.Dy())}
	for y := range part.Dy() {
		from := m.PixOffset(part.Min.X, part.Min.Y+y)
		copy(out.Pix[y*out.Stride:], m.Pix[from:from+out.Stride])
	}
	out.Pix = out.Pix[:out.Stride*part.Dy()]
	return out
}

// opaque lays a picture over white; 16-bit channels lose their low byte. The result's bounds begin at (0, 0), and it
// may share m's pixels, which are then changed.
func opaque(m image.Image) *image.RGBA {
	b := m.Bounds()
	out := &image.RGBA{Stride: 4 * b.Dx(), Rect: image.Rect(0, 0, b.Dx(), b.Dy())}
	switch m := m.(type) {
	case *image.RGBA:
		out.Pix, out.Stride = m.Pix, m.Stride
		layPremultiplied(out)
		return out
	case *image.NRGBA:
		out.Pix, out.Stride = m.Pix, m.Stride
		layStraight(out)
		return out
	case *image.RGBA64: // of which each pixel has room for two
		if large(b.Dx(), b.Dy()) {
			out.Pix = m.Pix
		}
	case *image.NRGBA64:
		if large(b.Dx(), b.Dy()) {
			out.Pix = m.Pix
		}
	}
	if out.Pix == nil {
		collect(b.Dx(), b.Dy())
		out.Pix = make([]uint8, out.Stride*b.Dy())
	}
	opaqueInto(out, m)
	out.Pix = out.Pix[:out.Stride*b.Dy()]
	return out
}

// opaqueInto is opaque into a picture of m's size, which may share the pixels of an m of 16-bit channels.
func opaqueInto(out *image.RGBA, m image.Image) {
	b := m.Bounds()
	fill := rows(m)
	for y := range b.Dy() {
		fill(out.Pix[y*out.Stride:][:4*b.Dx()], y)
	}
	switch m.(type) {
	case *image.RGBA, *image.RGBA64:
		layPremultiplied(out)
	default:
		layStraight(out)
	}
}

// rows writes row y of m as 8-bit RGBA, premultiplied where m is.
func rows(m image.Image) func(row []uint8, y int) {
	switch m := m.(type) {
	case *image.RGBA:
		return func(row []uint8, y int) { copy(row, m.Pix[y*m.Stride:]) }
	case *image.NRGBA:
		return func(row []uint8, y int) { copy(row, m.Pix[y*m.Stride:]) }
	case *image.Gray:
		return func(row []uint8, y int) {
			src := m.Pix[y*m.Stride:]
			for x := 0; x < len(row); x += 4 {
				v := src[x/4]
				row[x], row[x+1], row[x+2], row[x+3] = v, v, v, 0xff
			}
		}
	case *image.Gray16:
		return func(row []uint8, y int) {
			src := m.Pix[y*m.Stride:]
			for x := 0; x < len(row); x += 4 {
				v := src[x/2]
				row[x], row[x+1], row[x+2], row[x+3] = v, v, v, 0xff
			}
		}
	case *image.RGBA64:
		return func(row []uint8, y int) { highBytes(row, m.Pix[y*m.Stride:]) }
	case *image.NRGBA64:
		return func(row []uint8, y int) { highBytes(row, m.Pix[y*m.Stride:]) }
	case *image.Paletted:
		var table [256][4]uint8
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			table[i] = [4]uint8{n.R, n.G, n.B, n.A}
		}
		return func(row []uint8, y int) {
			src := m.Pix[y*m.Stride:]
			for x := 0; x < len(row); x += 4 {
				copy(row[x:x+4], table[src[x/4]][:])
			}
		}
	case *image.CMYK:
		return func(row []uint8, y int) {
			src := m.Pix[y*m.Stride:]
			for x := 0; x < len(row); x += 4 {
				k := 0xff - int(src[x+3])
				for i := range 3 {
					row[x+i] = uint8(k - div255(int(src[x+i])*k))
				}
				row[x+3] = 0xff
			}
		}
	}
	b := m.Bounds()
	return func(row []uint8, y int) {
		for x := 0; x < len(row); x += 4 {
			n := color.NRGBAModel.Convert(m.At(b.Min.X+x/4, b.Min.Y+y)).(color.NRGBA)
			row[x], row[x+1], row[x+2], row[x+3] = n.R, n.G, n.B, n.A
		}
	}
}

// highBytes keeps the upper byte of big-endian 16-bit values.
func highBytes(row, src []uint8) {
	for i := range row {
		row[i] = src[2*i]
	}
}

// layStraight composites pixels with straight (not premultiplied) alpha over white, in place.
func layStraight(m *image.RGBA) {
	eachPixel(m, func(p []uint8) {
		a := int(p[3])
		for i, v := range p[:3] {
			p[i] = uint8(div255(int(v)*a + 0xff*(0xff-a)))
		}
	})
}

// layPremultiplied composites premultiplied pixels over white, in place.
func layPremultiplied(m *image.RGBA) {
	eachPixel(m, func(p []uint8) {
		for i, v := range p[:3] {
			p[i] = uint8(min(int(v)+0xff-int(p[3]), 0xff))
		}
	})
}

// eachPixel calls lay with each pixel that is not opaque, and makes it opaque.
func eachPixel(m *image.RGBA, lay func(p []uint8)) {
	for y := range m.Rect.Dy() {
		row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			if row[x+3] != 0xff {
				lay(row[x : x+4])
				row[x+3] = 0xff
			}
		}
	}
}

// div255 is v/255 rounded to the nearest, for v in 0…255².
func div255(v int) int { return (v + 127) / 255 }
