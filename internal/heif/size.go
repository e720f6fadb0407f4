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
