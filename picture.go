package mcllava

import (
	"crypto/sha256"
	"image"
	"sync"
	"time"

	"github.com/mcllava/mcllava/crop"
)

// Picture is an encoded picture of which the header has been read. It needs no model, so that it can be decoded ahead of its use.
type Picture struct {
	Width, Height int               // once it is turned upright
	Hash          [sha256.Size]byte // of the encoded bytes

	data      []byte
	once      sync.Once
	upright   *image.RGBA
	ahead     *cut // nil unless it was prepared
	err       error
	preparing time.Duration // that no view has counted yet
}

// OpenPicture reads the header of a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF. Errors name what is wrong with the picture.
func OpenPicture(data []byte) (*Picture, error) {
	width, height, _, err := crop.DecodeSize(data, crop.DefaultLimits)
	if err != nil {
		return nil, err
	}
	return &Picture{Width: width, Height: height, Hash: sha256.Sum256(data), data: data}, nil
}

// Decode decodes the picture, unless it has been. See does so where it has to.
func (p *Picture) Decode() error {
	p.once.Do(func() {
		start := time.Now()
		p.upright, p.err = crop.Decode(p.data, crop.DefaultLimits)
		p.data, p.preparing = nil, time.Since(start)
	})
	return p.err
}

// Bytes is the memory that the decoded picture takes.
func (p *Picture) Bytes() int64 {
	const pixelBytes = 4
	return pixelBytes * int64(p.Width) * int64(p.Height)
}
