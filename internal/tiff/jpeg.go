package tiff

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"slices"
)

// readJPEG decodes a block that is a JPEG whose tables may be in the directory: TIFF Technical Note 2.
func (b *block) readJPEG(data []byte, plane int) error {
	if b.bits != 8 {
		return fmt.Errorf("JPEG of %d-bit samples inside is not supported, convert it first", b.bits)
	}
	tables, _, err := b.dir.bytes(tagJPEGTables)
	if err != nil {
		return err
	}
	const mostTables, mostOfByte = 1 << 16, 64 * 8 // a block of 8×8 pixels has at least one bit
	if len(tables) > mostTables {
		return fmt.Errorf("JPEG tables of %d bytes, expected at most %d", len(tables), mostTables)
	}
	if len(data) < b.width*b.height/mostOfByte {
		return io.ErrUnexpectedEOF
	}
	b.pixels = sized(b.pixels, b.width*b.height*b.samples)
	whole, err := joinJPEG(tables, data, b.photometric == yCbCr && !b.planar)
	if err != nil {
		return err
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(whole))
	if err != nil {
		return err
	}
	if c.Width != b.width || c.Height < b.height || c.Height > b.blockHeight {
		return fmt.Errorf("a JPEG of %d×%d pixels inside, expected %d×%d", c.Width, c.Height, b.width, b.height)
	}
	channels := b.samples
	if b.planar {
		channels = 1
	}
	switch channels {
	case 1, 3:
		m, err := b.jpeg(whole)
		if err != nil {
			return err
		}
		for y := range b.height {
			from, to := m.Pix[y*m.Stride:], b.pixels[y*b.width*b.samples+plane:]
			for x := range b.width {
				copy(to[x*b.samples:][:channels], from[4*x:])
			}
		}
	case 4:
		m, err := jpeg.Decode(bytes.NewReader(whole))
		if err != nil {
			return err
		}
		cmyk, ok := m.(*image.CMYK)
		if !ok {
			return errors.New("a JPEG of other than four channels inside")
		}
		for y := range b.height {
			// Package jpeg expects, and undoes, that Adobe's files hold how little ink there is. A TIFF holds how much.
			for i, v := range cmyk.Pix[y*cmyk.Stride:][:4*b.width] {
				b.pixels[4*y*b.width+i] = 0xff - v
			}
		}
	default:
		return fmt.Errorf("JPEG of %d samples a pixel inside is not supported, convert it first", channels)
	}
	return nil
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
