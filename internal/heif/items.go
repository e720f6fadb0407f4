package heif

import (
	"errors"
	"fmt"
	"io"
)

// maxHeld bounds the items, properties and places that a hostile file may make the reader hold.
const maxHeld = 1 << 18

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
	multiplied map[uint32]uint32   // the alpha that an item's colours are multiplied by
	lesser     map[uint32]bool     // items that are hidden, or a part of another or made from it
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
	f.types, f.lesser = map[uint32]string{}, map[uint32]bool{}
	for kind, box := range c.boxes() {
		if kind != "infe" {
			continue
		}
		entry := cursor{data: f.data, at: box.from, to: box.to}
		version, flags := entry.full()
		if version < 2 {
			continue
		}
		id := entry.id(version > 2)
		entry.uint(2)
		f.types[id] = entry.text(4)
		if hidden := flags&1 != 0; hidden {
			f.lesser[id] = true
		}
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
	f.tiles, f.auxiliary, f.multiplied = map[uint32][]uint32{}, map[uint32][]uint32{}, map[uint32]uint32{}
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
				f.lesser[to] = true
			case "auxl":
				f.auxiliary[to] = append(f.auxiliary[to], from)
				f.lesser[from] = true
			case "thmb":
				f.lesser[from] = true
			case "prem":
				f.multiplied[from] = to
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
