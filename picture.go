package mcllava

import (
	"context"
	"crypto/sha256"
	"image"
	"time"

	"github.com/mcllava/mcllava/crop"
)

// Picture is an encoded picture of which the header has been read. It needs no model, so that it can be decoded ahead of its use.
type Picture struct {
	Width, Height int               // once it is turned upright
	Hash          [sha256.Size]byte // of the encoded bytes
	Format        string            // as messages call it, such as JPEG
	Frames        int               // pages of a TIFF, frames of an animation, pictures of a HEIC; of several the first is seen, or the primary one

	options   crop.DecodeOptions
	decoding  chan struct{} // holds one thing while someone decodes
	data      []byte        // nil once it is decoded
	upright   *image.RGBA
	ahead     *cut // nil unless it was prepared
	err       error
	preparing time.Duration // that no view has counted yet
}

// DefaultMaxPixels is the most pixels of a picture unless PictureOptions say otherwise.
const DefaultMaxPixels = 250_000_000

// PictureOptions are how a picture is read. The zero value is the default.
type PictureOptions struct {
	MaxPixels int64 // width × height above which a picture is refused before it is decoded; 0 for DefaultMaxPixels
	IgnoreICC bool  // pixels are taken for sRGB, as the published preprocessor does, and not converted from the picture's profile
	Threads   int   // to convert colours on, which changes no pixel; 0 for the most that Go uses
}

// OpenPicture reads the header of a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF. Errors name what is wrong with the picture.
func OpenPicture(data []byte) (*Picture, error) {
	return OpenPictureWith(data, PictureOptions{})
}

// OpenPictureWith is OpenPicture with other options than the default.
func OpenPictureWith(data []byte, o PictureOptions) (*Picture, error) {
	options := crop.DecodeOptions{Limits: crop.Limits{MaxPixels: o.MaxPixels}, IgnoreICC: o.IgnoreICC, Threads: o.Threads}
	width, height, format, err := crop.DecodeSize(data, options.Limits)
	if err != nil {
		return nil, err
	}
	return &Picture{
		Width: width, Height: height, Hash: sha256.Sum256(data), Format: format, Frames: crop.Frames(data),
		options: options, decoding: make(chan struct{}, 1), data: data,
	}, nil
}

// Decode decodes the picture, unless it has been. See does so where it has to. A cancelled context ends it within about a second;
// it may then be called again.
func (p *Picture) Decode(ctx context.Context) error {
	select {
	case p.decoding <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.decoding }()
	if p.data == nil {
		return p.err
	}
	start := time.Now()
	upright, err := crop.Decode(ctx, p.data, p.options)
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	p.upright, p.err = upright, err
	p.data, p.preparing = nil, time.Since(start)
	return p.err
}

// Upright is the decoded picture, upright and in sRGB, which nobody may change. Errors are those of Decode.
func (p *Picture) Upright(ctx context.Context) (*image.RGBA, error) {
	if err := p.Decode(ctx); err != nil {
		return nil, err
	}
	return p.upright, nil
}

// Bytes is the memory that the decoded picture takes.
func (p *Picture) Bytes() int64 {
	const pixelBytes = 4
	return pixelBytes * int64(p.Width) * int64(p.Height)
}

// variant tells the pixels of a picture from those of one that was opened with other options.
func (p *Picture) variant() string {
	if p.options.IgnoreICC {
		return ", colours as they stand"
	}
	return ""
}
