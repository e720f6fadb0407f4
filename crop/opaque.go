package crop

import (
	"image"
	"image/color"
)

// place puts a frame on a white canvas of width × height pixels.
func place(frame *image.RGBA, at image.Point, width, height int) *image.RGBA {
	if at == (image.Point{}) && frame.Rect == image.Rect(0, 0, width, height) {
		return frame
	}
	canvas := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range canvas.Pix {
		canvas.Pix[i] = 0xff
	}
	inside := frame.Rect.Add(at).Intersect(canvas.Rect)
	for y := inside.Min.Y; y < inside.Max.Y; y++ {
		from := frame.PixOffset(inside.Min.X-at.X, y-at.Y)
		copy(canvas.Pix[canvas.PixOffset(inside.Min.X, y):], frame.Pix[from:from+4*inside.Dx()])
	}
	return canvas
}

// opaque lays a picture over white; 16-bit channels lose their low byte. The result's bounds begin at (0, 0), and it
// may share m's pixels, which are then changed.
func opaque(m image.Image) *image.RGBA {
	b := m.Bounds()
	switch m := m.(type) {
	case *image.RGBA:
		return layPremultiplied(m)
	case *image.NRGBA:
		out := &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: image.Rect(0, 0, b.Dx(), b.Dy())}
		layStraight(out)
		return out
	}
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		fillRow(out.Pix[y*out.Stride:][:4*b.Dx()], m, y)
	}
	if _, ok := m.(*image.RGBA64); ok {
		return layPremultiplied(out)
	}
	layStraight(out)
	return out
}

// fillRow writes row y of m as 8-bit RGBA, premultiplied where m is.
func fillRow(row []uint8, m image.Image, y int) {
	switch m := m.(type) {
	case *image.Gray:
		src := m.Pix[y*m.Stride:]
		for x := 0; x < len(row); x += 4 {
			v := src[x/4]
			row[x], row[x+1], row[x+2], row[x+3] = v, v, v, 0xff
		}
	case *image.Gray16:
		src := m.Pix[y*m.Stride:]
		for x := 0; x < len(row); x += 4 {
			v := src[x/2]
			row[x], row[x+1], row[x+2], row[x+3] = v, v, v, 0xff
		}
	case *image.RGBA64:
		highBytes(row, m.Pix[y*m.Stride:])
	case *image.NRGBA64:
		highBytes(row, m.Pix[y*m.Stride:])
	case *image.Paletted:
		var table [256][4]uint8
		for i, c := range m.Palette[:min(len(m.Palette), 256)] {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			table[i] = [4]uint8{n.R, n.G, n.B, n.A}
		}
		src := m.Pix[y*m.Stride:]
		for x := 0; x < len(row); x += 4 {
			copy(row[x:x+4], table[src[x/4]][:])
		}
	case *image.CMYK:
		src := m.Pix[y*m.Stride:]
		for x := 0; x < len(row); x += 4 {
			k := 0xff - int(src[x+3])
			for i := range 3 {
				row[x+i] = uint8(k - div255(int(src[x+i])*k))
			}
			row[x+3] = 0xff
		}
	default:
		b := m.Bounds()
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
func layPremultiplied(m *image.RGBA) *image.RGBA {
	m = &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy())}
	eachPixel(m, func(p []uint8) {
		for i, v := range p[:3] {
			p[i] = uint8(min(int(v)+0xff-int(p[3]), 0xff))
		}
	})
	return m
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
