// Package heif reads HEIC and AVIF pictures. What the container says, sizes above all, is read without a decoder; those for the
// pixels are libheif and libavif as WebAssembly (see wasm/README.md), compiled when the first picture of their kind is decoded
// and left out by the build tag noheif.
package heif

import (
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
)

// Picture is what a file says of its primary picture.
type Picture struct {
	Width, Height int             // as stored
	Visible       image.Rectangle // of what is stored; the clean aperture, or all of it
	Turns         []int           // that make the visible part upright, one after the other, as EXIF orientations
	Colour        Colour          // of planes; decoders of AV1 convert them

	data  []byte
	codec string // "hvc1" or "av01"
	width int    // of the coded picture, which may be larger than what is stored
	zeros []int  // offsets of bytes that are zeroed for the decoder, which is then to neither crop nor turn
}

// Read reads the boxes that describe the primary picture. It is io.ErrUnexpectedEOF if the picture's data are not all there.
// A picture of another codec, or put together in another way than as a grid, is an error.
func Read(data []byte) (*Picture, error) {
	f := file{data: data}
	if err := f.meta(); err != nil {
		return nil, err
	}
	return f.picture()
}

func (f *file) picture() (*Picture, error) {
	p := &Picture{data: f.data}
	parts := []uint32{f.primary}
	grid := f.types[f.primary] == "grid"
	if grid {
		if parts = f.tiles[f.primary]; len(parts) == 0 {
			return nil, errors.New("grid without tiles")
		}
	}
	p.codec = f.types[parts[0]]
	if p.codec != "hvc1" && p.codec != "av01" {
		return nil, fmt.Errorf("a picture of kind %q inside, expected HEVC or AV1", p.codec)
	}
	for _, id := range slices.Concat([]uint32{f.primary}, parts, f.auxiliary[f.primary]) {
		for _, place := range f.places[id] {
			if place.to > int64(len(f.data)) {
				return nil, io.ErrUnexpectedEOF
			}
		}
	}
	var err error
	if p.Width, p.Height, err = f.size(f.primary); err != nil {
		return nil, err
	}
	p.Visible = image.Rect(0, 0, p.Width, p.Height)
	first, err := f.fits(p, parts, grid)
	if err != nil {
		return nil, err
	}
	p.width = p.Width
	if !grid {
		p.width = first.width
	}
	p.Colour = f.colour(parts[0], first)
	return p, f.transformations(p)
}
