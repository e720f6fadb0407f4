package crop

import (
	"context"
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

func decodeTIFF(ctx context.Context, data []byte, threads int) (*image.RGBA, error) {
	p, err := tiff.Read(data)
	if err != nil {
		return nil, err
	}
	collect(p.Width, p.Height)
	m, err := p.Decode(ctx, func(data []byte) (*image.RGBA, error) { return decodeJPEG(ctx, data, threads) })
	if err != nil {
		return nil, err
	}
	out := &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	if p.Premultiplied {
		layPremultiplied(out)
	} else {
		layStraight(out)
	}
	return out, nil
}

// memoryOfTIFF is what [tiff.Picture.Memory] says.
func memoryOfTIFF(data []byte) float64 {
	p, err := tiff.Read(data)
	if err != nil {
		return 0
	}
	return p.Memory(memoryOfJPEG)
}
