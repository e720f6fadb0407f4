package heif

import (
	"errors"
	"fmt"
	"math"
)

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

// columns is the number of tiles side by side in a grid, which must be filled by its tiles.
func (f *file) columns(p *Picture) (int, error) {
	const head = 4 // version, flags, rows and columns, less 1
	places := f.places[p.id]
	if len(places) == 0 || places[0].to-places[0].from < head {
		return 0, errors.New("the grid's columns are not told")
	}
	at := places[0].from
	rows, columns := int(f.data[at+2])+1, int(f.data[at+3])+1
	if rows*columns != len(p.parts) || columns*p.coded.X < p.Width || rows*p.coded.Y < p.Height {
		return 0, fmt.Errorf("claims %d×%d tiles, holds %d of %d×%d pixels", columns, rows, len(p.parts), p.coded.X, p.coded.Y)
	}
	return columns, nil
}

// fits compares the picture's size with those of the coded pictures that it is made of, of which it returns the first. The
// container must claim no more pixels than there are, since it is what limits are checked against; and no tile that is not
// needed to fill a grid.
func (f *file) fits(p *Picture) (first stream, err error) {
	for i, id := range p.parts {
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
	w, h, n := float64(p.Width), float64(p.Height), float64(len(p.parts))
	tw, th := float64(first.width), float64(first.height)
	switch {
	case !p.grid && (w > tw || h > th), p.grid && w*h > n*tw*th:
		return first, fmt.Errorf("claims %d×%d pixels, holds %d of %d×%d", p.Width, p.Height, len(p.parts), first.width, first.height)
	case !p.grid && tw*th > 2*(w+64)*(h+64), p.grid && n*tw*th > (w+tw)*(h+th):
		return first, fmt.Errorf("claims %d×%d pixels, holds many more: %d of %d×%d", p.Width, p.Height, len(p.parts), first.width, first.height)
	}
	return first, nil
}
