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
	Transparent   bool            // alpha is apart, see DecodeAlpha; an AVIF's decoder gives it with the colours
	Premultiplied bool            // the colours, by alpha that is apart

	file  *file
	id    uint32
	parts []uint32 // the item itself, or the tiles of a grid
	grid  bool
	codec string      // "hvc1" or "av01"
	coded image.Point // size of each part, which may be larger than what is stored
	grey  bool        // the parts have luma alone
	alpha *Picture    // if Transparent
	zeros []int       // offsets of bytes that are zeroed for the decoder, which is then to neither crop nor turn
}

// Read reads the boxes that describe the primary picture. It is io.ErrUnexpectedEOF if the picture's data are not all there.
// A picture of another codec, or put together in another way than as a grid, is an error.
func Read(data []byte) (*Picture, error) {
	f := &file{data: data}
	if err := f.meta(); err != nil {
		return nil, err
	}
	p, err := f.picture(f.primary)
	if err == nil && p.codec == "hvc1" {
		err = f.addAlpha(p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// picture reads what is said of an item that is a picture.
func (f *file) picture(id uint32) (*Picture, error) {
	p := &Picture{file: f, id: id, parts: []uint32{id}, grid: f.types[id] == "grid"}
	if p.grid {
		if p.parts = f.tiles[id]; len(p.parts) == 0 {
			return nil, errors.New("grid without tiles")
		}
	}
	p.codec = f.types[p.parts[0]]
	if p.codec != "hvc1" && p.codec != "av01" {
		return nil, fmt.Errorf("a picture of kind %q inside, expected HEVC or AV1", p.codec)
	}
	for _, id := range slices.Concat([]uint32{id}, p.parts, f.auxiliary[id]) {
		for _, place := range f.places[id] {
			if place.to > int64(len(f.data)) {
				return nil, io.ErrUnexpectedEOF
			}
		}
	}
	var err error
	if p.Width, p.Height, err = f.size(id); err != nil {
		return nil, err
	}
	p.Visible = image.Rect(0, 0, p.Width, p.Height)
	first, err := f.fits(p)
	if err != nil {
		return nil, err
	}
	p.coded, p.grey = image.Pt(first.width, first.height), first.grey
	p.Colour = f.colour(p, first)
	if err := f.transformations(p); err != nil {
		return nil, err
	}
	return p, nil
}
