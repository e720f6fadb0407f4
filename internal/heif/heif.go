// Package heif reads HEIC and AVIF pictures. What the container says, sizes above all, is read without a decoder; those for the
// pixels are libheif and libavif as WebAssembly (see wasm/README.md), compiled when the first picture of their kind is decoded
// and left out by the build tag noheif.
package heif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
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

// Colour says how luma and chroma become red, green and blue.
type Colour struct {
	Matrix    int // of ISO/IEC 23091-2
	FullRange bool
}

// Matrices of ISO/IEC 23091-2.
const (
	MatrixRGB    = 0
	MatrixBT709  = 1
	MatrixBT2020 = 9
)

// Kind says by a file's first bytes whether it is "HEIC", "AVIF", or "" for neither. The list of brands tells one from the
// other where the first brand does not.
func Kind(data []byte) string {
	if len(data) < 16 || string(data[4:8]) != "ftyp" {
		return ""
	}
	kind := ""
	size := min(int(binary.BigEndian.Uint32(data)), len(data), 256)
	for at := 8; at+4 <= max(size, 12); at += 4 {
		if at == 12 { // the first brand's version
			continue
		}
		switch string(data[at : at+4]) {
		case "avif", "avis":
			return "AVIF"
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs":
			return "HEIC"
		case "mif1", "mif2", "msf1", "heif":
			kind = "HEIC"
		}
		if at == 8 && kind == "" {
			return ""
		}
	}
	return kind
}

// maxHeld bounds the items, properties and places that a hostile file may make the reader hold, and maxConfiguration the part
// of a stream's configuration that is looked through.
const (
	maxHeld          = 1 << 18
	maxConfiguration = 1 << 14
)

// Read reads the boxes that describe the primary picture. It is io.ErrUnexpectedEOF if the picture's data are not all there.
// A picture of another codec, or put together in another way than as a grid, is an error.
func Read(data []byte) (*Picture, error) {
	f := file{data: data}
	if err := f.meta(); err != nil {
		return nil, err
	}
	return f.picture()
}

// span is a part of the file.
type span struct{ from, to int }

// file is what the meta box holds, as far as it concerns a picture.
type file struct {
	data       []byte
	primary    uint32
	types      map[uint32]string
	places     map[uint32][]place // of an item's data
	properties []property
	of         map[uint32][]association
	tiles      map[uint32][]uint32 // of a grid
	auxiliary  map[uint32][]uint32 // items that add to another, such as its alpha
	idat       span
	held       int
}

// hold counts what is kept, and fails beyond the bound.
func (f *file) hold(c *cursor) bool {
	if f.held++; f.held > maxHeld {
		c.fail()
	}
	return c.err == nil
}

// place is a part of an item's data; it may lie beyond the end of the file.
type place struct{ from, to int64 }

// property is a box that describes items, and association where an item refers to it, from 0.
type (
	property struct {
		kind string
		span
	}
	association struct {
		property int
		at, size int // of the reference in the file
	}
)

func (f *file) meta() error {
	meta, ok, err := find(f.data, span{0, len(f.data)}, "meta")
	if err != nil {
		return err
	}
	if !ok {
		if _, first, err := header(f.data, 0, len(f.data)); err == nil && first.to == len(f.data) {
			return io.ErrUnexpectedEOF // after the list of brands
		}
		return errors.New("no meta box, expected a still picture")
	}
	inside := span{meta.from + 4, meta.to}
	for _, part := range []struct {
		kind string
		must bool
		read func(*cursor)
	}{
		{"pitm", true, f.readPrimary},
		{"iinf", true, f.readTypes},
		{"iref", false, f.readReferences},
		{"idat", false, func(c *cursor) { f.idat = span{c.at, c.to} }},
		{"iloc", true, f.readLocations},
		{"iprp", true, f.readProperties},
	} {
		box, ok, err := find(f.data, inside, part.kind)
		switch {
		case err != nil:
			return err
		case !ok && part.must:
			return fmt.Errorf("no %s box", part.kind)
		case !ok:
			continue
		}
		c := &cursor{data: f.data, at: box.from, to: box.to}
		part.read(c)
		if c.err != nil {
			return fmt.Errorf("box %s %w", part.kind, c.err)
		}
	}
	return nil
}

func (f *file) readPrimary(c *cursor) {
	version, _ := c.full()
	f.primary = c.id(version > 0)
}

func (f *file) readTypes(c *cursor) {
	version, _ := c.full()
	c.uint(2 + 2*min(int(version), 1))
	f.types = map[uint32]string{}
	for kind, box := range c.boxes() {
		if kind != "infe" {
			continue
		}
		entry := cursor{data: f.data, at: box.from, to: box.to}
		version, _ := entry.full()
		if version < 2 {
			continue
		}
		id := entry.id(version > 2)
		entry.uint(2)
		f.types[id] = entry.text(4)
		if entry.err != nil {
			c.fail()
		}
		if !f.hold(c) {
			return
		}
	}
}

func (f *file) readReferences(c *cursor) {
	version, _ := c.full()
	f.tiles, f.auxiliary = map[uint32][]uint32{}, map[uint32][]uint32{}
	for kind, box := range c.boxes() {
		entry := cursor{data: f.data, at: box.from, to: box.to}
		from := entry.id(version > 0)
		for range entry.uint(2) {
			to := entry.id(version > 0)
			if entry.err != nil {
				c.fail()
			}
			if !f.hold(c) {
				return
			}
			switch kind {
			case "dimg":
				f.tiles[from] = append(f.tiles[from], to)
			case "auxl":
				f.auxiliary[to] = append(f.auxiliary[to], from)
			}
		}
	}
}

// readLocations keeps where each item's data are. Data in other files or items have no place here.
func (f *file) readLocations(c *cursor) {
	version, _ := c.full()
	sizes := c.uint(2)
	offset, length, base, index := int(sizes>>12), int(sizes>>8&15), int(sizes>>4&15), 0
	if version > 0 {
		index = int(sizes & 15)
	}
	f.places = map[uint32][]place{}
	for range c.uint(2 + 2*(int(version)/2)) {
		id := c.id(version > 1)
		method := uint64(0)
		if version > 0 {
			method = c.uint(2) & 15
		}
		c.uint(2)
		start := c.uint(base)
		for range c.uint(2) {
			c.uint(index)
			at, size := int64(start+c.uint(offset)), int64(c.uint(length))
			if at < 0 || at > 1<<40 || size < 0 || size > 1<<40 {
				c.fail()
			}
			if !f.hold(c) {
				return
			}
			if method == 1 {
				at += int64(f.idat.from)
			}
			if method <= 1 {
				f.places[id] = append(f.places[id], place{at, at + size})
			}
		}
		if c.err != nil {
			return
		}
	}
}

func (f *file) readProperties(c *cursor) {
	f.of = map[uint32][]association{}
	for kind, box := range c.boxes() {
		inside := cursor{data: f.data, at: box.from, to: box.to}
		switch kind {
		case "ipco":
			for kind, box := range inside.boxes() {
				f.properties = append(f.properties, property{kind, box})
				if !f.hold(&inside) {
					break
				}
			}
		case "ipma":
			f.readAssociations(&inside)
		}
		if inside.err != nil {
			c.fail()
			return
		}
	}
}

func (f *file) readAssociations(c *cursor) {
	version, flags := c.full()
	size := 1 + int(flags&1)
	for range c.uint(4) {
		id := c.id(version > 0)
		for range c.uint(1) {
			at := c.at
			index := int(c.uint(size)) &^ (1 << (8*size - 1)) // the upper bit says that it must be understood
			if !f.hold(c) {
				return
			}
			if index > 0 {
				f.of[id] = append(f.of[id], association{index - 1, at, size})
			}
		}
		if c.err != nil {
			return
		}
	}
}

// property is an item's first one of a kind.
func (f *file) property(id uint32, kind string) (*cursor, bool) {
	for _, a := range f.of[id] {
		if a.property < len(f.properties) && f.properties[a.property].kind == kind {
			p := f.properties[a.property]
			return &cursor{data: f.data, at: p.from, to: p.to}, true
		}
	}
	return nil, false
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

// size is what the container says of an item.
func (f *file) size(id uint32) (width, height int, err error) {
	c, ok := f.property(id, "ispe")
	if !ok {
		return 0, 0, errors.New("the picture's size is not told")
	}
	c.full()
	w, h := c.uint(4), c.uint(4)
	if c.err != nil || w < 1 || h < 1 || w > math.MaxInt32 || h > math.MaxInt32 {
		return 0, 0, errors.New("the picture's size cannot be read")
	}
	return int(w), int(h), nil
}

// fits compares the picture's size with those of the coded pictures that it is made of, of which it returns the first. The
// container must claim no more pixels than there are, since it is what limits are checked against; and no tile that is not
// needed to fill a grid.
func (f *file) fits(p *Picture, parts []uint32, grid bool) (first stream, err error) {
	for i, id := range parts {
		if f.types[id] != p.codec {
			return first, errors.New("grid of pictures of several kinds")
		}
		s, ok := f.stream(id)
		if !ok {
			return first, errors.New("the coded picture's size cannot be read")
		}
		if i == 0 {
			first = s
		}
		if s.width != first.width || s.height != first.height {
			return first, errors.New("grid of tiles of several sizes")
		}
	}
	w, h, n := float64(p.Width), float64(p.Height), float64(len(parts))
	tw, th := float64(first.width), float64(first.height)
	switch {
	case !grid && (w > tw || h > th), grid && w*h > n*tw*th:
		return first, fmt.Errorf("claims %d×%d pixels, holds %d of %d×%d", p.Width, p.Height, len(parts), first.width, first.height)
	case !grid && tw*th > 2*(w+64)*(h+64), grid && n*tw*th > (w+tw)*(h+th):
		return first, fmt.Errorf("claims %d×%d pixels, holds many more: %d of %d×%d", p.Width, p.Height, len(parts), first.width, first.height)
	}
	return first, nil
}

// stream reads what the coded picture of an item says of itself.
func (f *file) stream(id uint32) (stream, bool) {
	if f.types[id] == "hvc1" {
		if c, ok := f.property(id, "hvcC"); ok {
			return hevcStream(c.data[c.at:min(c.to, c.at+maxConfiguration)])
		}
	} else if places := f.places[id]; len(places) > 0 {
		from, to := places[0].from, places[0].to
		return av1Stream(f.data[from:min(to, from+maxConfiguration)])
	}
	return stream{}, false
}

// transformations reads how the stored picture is cropped, turned and mirrored, in the order of the item's properties.
func (f *file) transformations(p *Picture) error {
	const most = 3 // cropped, turned and mirrored once each
	for _, a := range f.of[f.primary] {
		if a.property >= len(f.properties) {
			return errors.New("the picture has a property that is not there")
		}
		box := f.properties[a.property]
		c := &cursor{data: f.data, at: box.from, to: box.to}
		switch box.kind {
		default:
			continue
		case "irot":
			p.Turns = append(p.Turns, [4]int{1, 8, 3, 6}[c.uint(1)&3])
		case "imir":
			p.Turns = append(p.Turns, [2]int{4, 2}[c.uint(1)&1])
		case "clap":
			if len(p.Turns) > 0 {
				return errors.New("cropped after it is turned, expected before")
			}
			p.Visible = p.Visible.Intersect(aperture(c, p.Width, p.Height))
		}
		for i := range a.size {
			p.zeros = append(p.zeros, a.at+i)
		}
		if c.err != nil {
			return fmt.Errorf("box %s %w", box.kind, c.err)
		}
		if len(p.Turns) > most {
			return errors.New("turned more than three times")
		}
	}
	if p.Visible.Empty() {
		return errors.New("the visible part of the picture is empty")
	}
	return nil
}

// aperture is the rectangle of a clean aperture box: width, height and the offsets of its centre from the picture's, each
// a fraction.
func aperture(c *cursor, width, height int) image.Rectangle {
	var v [4]float64
	for i := range v {
		n, d := float64(int32(c.uint(4))), float64(int32(c.uint(4)))
		v[i] = n / d
		if !(math.Abs(v[i]) <= math.MaxInt32) {
			c.fail()
			return image.Rectangle{}
		}
	}
	w, h := int(math.Round(v[0])), int(math.Round(v[1]))
	x := int(math.Floor(v[2] + float64(width-w)/2 + 0.5)) // halves upwards, as libheif rounds them
	y := int(math.Floor(v[3] + float64(height-h)/2 + 0.5))
	return image.Rect(x, y, x+max(w, 0), y+max(h, 0))
}

// colour is told by a colr box, else by the HEVC stream; where nothing is told, it is JPEG's.
func (f *file) colour(coded uint32, s stream) Colour {
	for _, id := range []uint32{f.primary, coded} {
		for _, a := range f.of[id] {
			if a.property >= len(f.properties) || f.properties[a.property].kind != "colr" {
				continue
			}
			c := &cursor{data: f.data, at: f.properties[a.property].from, to: f.properties[a.property].to}
			if c.text(4) != "nclx" {
				continue
			}
			c.uint(4) // primaries and transfer
			matrix, full := int(c.uint(2)), c.uint(1)>>7 == 1
			if c.err == nil {
				return Colour{matrix, full}
			}
		}
	}
	if s.told {
		return s.colour
	}
	return Colour{Matrix: matrixBT601, FullRange: true}
}

const matrixBT601 = 6
