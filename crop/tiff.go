package crop

import (
	"encoding/binary"
	"image"

	"github.com/mcllava/mcllava/internal/tiff"
)

// tiffHead reads the size of the first picture of a file.
func tiffHead(data []byte) (image.Config, error) {
	p, err := tiff.Read(data)
	if err != nil {
		return image.Config{}, err
	}
	return image.Config{Width: p.Width, Height: p.Height}, nil
}

func decodeTIFF(data []byte) (*image.RGBA, error) {
	p, err := tiff.Read(data)
	if err != nil {
		return nil, err
	}
	m, err := p.Decode(decodeJPEG)
	if err != nil {
		return nil, err
	}
	out := &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	if p.Premultiplied {
		return layPremultiplied(out), nil
	}
	layStraight(out)
	return out, nil
}

func tiffTurn(data []byte) orientation { return orientation(tiff.Orientation(data)) }

// tiffTag is the value of a single SHORT or LONG of the first directory, 0 if there is none.
func tiffTag(data []byte, tag uint16) uint32 {
	const short, long = 3, 4
	if len(data) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if data[0] == 'M' {
		order = binary.BigEndian
	}
	start := int64(order.Uint32(data[4:]))
	if start+2 > int64(len(data)) {
		return 0
	}
	entries := data[start+2:]
	for range order.Uint16(data[start:]) {
		if len(entries) < 12 {
			break
		}
		if order.Uint16(entries) == tag {
			kind, count := order.Uint16(entries[2:]), order.Uint32(entries[4:])
			switch {
			case count == 1 && kind == short:
				return uint32(order.Uint16(entries[8:]))
			case count == 1 && kind == long:
				return order.Uint32(entries[8:])
			}
			return 0
		}
		entries = entries[12:]
	}
	return 0
}
