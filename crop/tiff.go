package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"

	"golang.org/x/image/tiff"
)

// TIFF 6.0 tags and values.
const (
	tagNewSubfileType = 254
	tagCompression    = 259
	tagPhotometric    = 262

	reducedSize = 1 << 0 // of NewSubfileType
	group3      = 3      // of Compression
	group4      = 4
	blackIsZero = 1 // of PhotometricInterpretation
)

// tiffHead reads the size of the first picture of a file. Where that is only a preview, as in camera raw files, it is
// refused.
func tiffHead(data []byte) (image.Config, error) {
	if tiffTag(data, tagNewSubfileType)&reducedSize != 0 {
		return image.Config{}, errors.New("begins with a reduced preview, as camera raw files do: convert it first")
	}
	return tiff.DecodeConfig(bytes.NewReader(data))
}

func decodeTIFF(ctx context.Context, data []byte) (*image.RGBA, error) {
	m, err := tiff.Decode(reader(ctx, data))
	if err != nil {
		return nil, err
	}
	// golang.org/x/image/tiff reads a fax page whose black is zero as its own negative.
	compression := tiffTag(data, tagCompression)
	fax := compression == group3 || compression == group4
	if g, ok := m.(*image.Gray); ok && fax && tiffTag(data, tagPhotometric) == blackIsZero {
		for i, v := range g.Pix {
			g.Pix[i] = 0xff - v
		}
	}
	return opaque(m), nil
}

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
