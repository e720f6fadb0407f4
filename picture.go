package mcllava

import (
	"crypto/sha256"
	"image"
	"time"

	"github.com/mcllava/mcllava/crop"
)

// Picture is a decoded picture, turned upright.
type Picture struct {
	Width, Height int
	Hash          [sha256.Size]byte // of the encoded bytes
	upright       *image.RGBA
	decoding      time.Duration
}

// DecodePicture decodes a JPEG, PNG, GIF, WebP, BMP or TIFF. It needs no model, so that it can be done ahead of one's work.
// Errors name what is wrong with the picture.
func DecodePicture(data []byte) (*Picture, error) {
	start := time.Now()
	upright, err := crop.Decode(data, crop.DefaultLimits)
	if err != nil {
		return nil, err
	}
	size := upright.Bounds()
	return &Picture{
		Width: size.Dx(), Height: size.Dy(), Hash: sha256.Sum256(data), upright: upright, decoding: time.Since(start),
	}, nil
}
