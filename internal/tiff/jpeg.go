package tiff

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"
)

// jpegBlock decodes a block that is a JPEG, or of which each plane is one.
func (d *decoder) jpegBlock(ctx context.Context, b *block, planes [][]byte) error {
	if b.planar {
		d.pixels = sized(d.pixels, b.width*b.height*b.samples)
	}
	for plane, data := range planes {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pix, stride, err := d.readJPEG(b, data)
		switch {
		case err != nil:
			return err
		case !b.planar:
			d.drawJPEG(b, pix, stride)
			return nil
		}
		for y := range b.height {
			from, to := pix[y*stride:], d.pixels[y*b.width*b.samples+plane:]
			for x := range b.width {
				to[x*b.samples] = from[4*x]
			}
		}
	}
	d.draw(b, 0, b.height, d.pixels)
	return nil
}

// drawJPEG paints a block of pixels of four bytes, of which samples count, or paints over them if they are all there are.
func (d *decoder) drawJPEG(b *block, pix []uint8, stride int) {
	if size := 4 * d.Width * d.Height; b.width == d.Width && b.height >= d.Height && stride == 4*d.Width && len(pix) >= size {
		d.out = &image.NRGBA{Pix: pix[:size], Stride: stride, Rect: image.Rect(0, 0, d.Width, d.Height)}
	}
	d.pixels = sized(d.pixels, b.width*b.samples)
	for y := range b.height {
		for x := range b.width {
			copy(d.pixels[x*b.samples:][:b.samples], pix[y*stride+4*x:])
		}
		d.draw(b, y, 1, d.pixels)
	}
}

// readJPEG decodes a JPEG whose tables may be in the directory: TIFF Technical Note 2. Its pixels have four bytes each.
func (d *decoder) readJPEG(b *block, data []byte) (pix []uint8, stride int, err error) {
	if b.bits != 8 {
		return nil, 0, fmt.Errorf("JPEG of %d-bit samples inside is not supported, convert it first", b.bits)
	}
	tables, _, err := b.dir.bytes(tagJPEGTables)
	if err != nil {
		return nil, 0, err
	}
	const mostTables, mostOfByte = 1 << 16, 64 * 8 // a block of 8×8 pixels has at least one bit
	if len(tables) > mostTables {
		return nil, 0, fmt.Errorf("JPEG tables of %d bytes, expected at most %d", len(tables), mostTables)
	}
	if len(data) < b.width*b.height/mostOfByte {
		return nil, 0, io.ErrUnexpectedEOF
	}
	whole, err := joinJPEG(tables, data, b.photometric == yCbCr && !b.planar)
	if err != nil {
		return nil, 0, err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(whole))
	if err != nil {
		return nil, 0, err
	}
	if c.Width != b.width || c.Height < b.height || c.Height > b.blockHeight {
		return nil, 0, fmt.Errorf("a JPEG of %d×%d pixels inside, expected %d×%d", c.Width, c.Height, b.width, b.height)
	}
	switch channels := b.samples / b.planes(); channels {
	case 1, 3:
		m, err := d.jpeg(whole)
		if err != nil {
			return nil, 0, err
		}
		return m.Pix, m.Stride, nil
	case 4:
		m, err := jpeg.Decode(bytes.NewReader(whole))
		if err != nil {
			return nil, 0, err
		}
		cmyk, ok := m.(*image.CMYK)
		if !ok {
			return nil, 0, errors.New("a JPEG of other than four channels inside")
		}
		for i := range cmyk.Pix {
			// Package jpeg expects, and undoes, that Adobe's files hold how little ink there is. A TIFF holds how much.
			cmyk.Pix[i] = 0xff - cmyk.Pix[i]
		}
		return cmyk.Pix, cmyk.Stride, nil
	default:
		return nil, 0, fmt.Errorf("JPEG of %d samples a pixel inside is not supported, convert it first", channels)
	}
}

// joinJPEG is one JPEG of two, of which the first holds tables for the second, with a marker that says whether its colours are
// YCbCr.
func joinJPEG(tables, data []byte, converted bool) ([]byte, error) {
	const start, end = "\xff\xd8", "\xff\xd9"
	if len(data) < 4 {
		return nil, io.ErrUnexpectedEOF
	}
	if !bytes.HasPrefix(data, []byte(start)) {
		return nil, errors.New("a strip or tile that is not a JPEG, as it should be")
	}
	if len(tables) < 4 {
		tables = []byte(start)
	}
	marker := []byte("\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00")
	if converted {
		marker[len(marker)-1] = 1
	}
	return slices.Concat([]byte(start), marker, bytes.TrimSuffix(tables[2:], []byte(end)), data[2:]), nil
}
