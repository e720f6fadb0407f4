package heif

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// addAlpha reads what is said of a picture's alpha, the first of its auxiliary pictures that is one (ISO/IEC 23008-12, 6.5.8).
// It may be smaller than the picture, but it must be turned and cropped as the picture is, or not at all.
func (f *file) addAlpha(p *Picture) error {
	for _, id := range f.auxiliary[p.id] {
		if !f.isAlpha(id) {
			continue
		}
		a, err := f.picture(id)
		switch {
		case err != nil:
			return fmt.Errorf("alpha: %w", err)
		case a.codec != p.codec:
			return errors.New("alpha: of another codec than the picture")
		case a.Width > p.Width || a.Height > p.Height:
			return fmt.Errorf("alpha: claims %d×%d pixels, the picture has %d×%d", a.Width, a.Height, p.Width, p.Height)
		}
		whole := a.Visible.Dx() == a.Width && a.Visible.Dy() == a.Height && len(a.Turns) == 0
		if !whole && (a.Visible != p.Visible || !slices.Equal(a.Turns, p.Turns)) {
			return errors.New("alpha: cropped or turned otherwise than the picture")
		}
		p.alpha, p.Transparent, p.Premultiplied = a, true, f.multiplied[p.id] == id
		return nil
	}
	return nil
}

func (f *file) isAlpha(id uint32) bool {
	c, ok := f.property(id, "auxC")
	if !ok {
		return false
	}
	c.full()
	kind, _, _ := strings.Cut(string(c.data[c.at:c.to]), "\x00")
	switch kind {
	case "urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:avc:2015:auxid:1", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha":
		return true
	}
	return false
}
