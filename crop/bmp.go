package crop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"io"

	"github.com/jsummers/gobmp"
	"golang.org/x/image/bmp"
)

// Values of a BMP's compression.
const (
	bmpRLE8 = 1
	bmpRLE4 = 2
)

func bmpHead(data []byte) (image.Config, error) {
	c, err := gobmp.DecodeConfig(bytes.NewReader(data))
	if tooLargeForGobmp(err) {
		return bmp.DecodeConfig(bytes.NewReader(data))
	}
	return c, err
}

// tooLargeForGobmp tells a picture with a side of more than 46340 pixels, which is for the less able package.
func tooLargeForGobmp(err error) bool {
	return errors.Is(err, gobmp.UnsupportedError("dimensions too large"))
}

// decodeBMP takes a fourth channel that is zero throughout for padding, as most writers of such files mean it.
func decodeBMP(ctx context.Context, data []byte, _ int) (*image.RGBA, error) {
	r := &endNoticer{Reader: reader(ctx, data)}
	m, err := gobmp.Decode(r)
	if tooLargeForGobmp(err) {
		m, err = bmp.Decode(reader(ctx, data))
	}
	if err != nil {
		return nil, err
	}
	if r.ended { // which gobmp takes for the end of run-length codes
		return nil, io.ErrUnexpectedEOF
	}
	if n, ok := m.(*image.NRGBA); ok {
		var seen uint8
		for i := 3; i < len(n.Pix); i += 4 {
			seen |= n.Pix[i]
		}
		if seen == 0 {
			for i := 3; i < len(n.Pix); i += 4 {
				n.Pix[i] = 0xff
			}
		}
	}
	return opaque(m), nil
}

// endNoticer notices that more was asked for than there is.
type endNoticer struct {
	io.Reader
	ended bool
}

func (r *endNoticer) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	r.ended = r.ended || err != nil
	return n, err
}

// bmpBits is the number of bits of a pixel, 0 if they are packed or not told.
func bmpBits(data []byte) float64 {
	const core = 12 // size of OS/2's first header
	switch {
	case len(data) < 34:
		return 0
	case binary.LittleEndian.Uint32(data[14:]) == core:
		return float64(binary.LittleEndian.Uint16(data[24:]))
	}
	if c := binary.LittleEndian.Uint32(data[30:]); c == bmpRLE8 || c == bmpRLE4 {
		return 0
	}
	return float64(binary.LittleEndian.Uint16(data[28:]))
}
