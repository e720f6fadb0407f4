package crop

import (
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
