package crop

import (
	"bytes"
	"image"

	"github.com/mcllava/mcllava/internal/tiff"
)

// orientation is EXIF's: 1 is upright, 2 to 8 say how the stored picture is mirrored and turned; what is not
// in 2…8 counts as upright.
type orientation int

const upright orientation = 1

// exifOrientation reads the tag from a picture's EXIF, which is a small TIFF; false if it has none or is broken.
func exifOrientation(exif []byte) (orientation, bool) {
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00")) // some writers keep JPEG's prefix in other formats
	if !begins(exif, "II*\x00") && !begins(exif, "MM\x00*") {
		return upright, false
	}
	v := tiff.Orientation(exif)
	return orientation(v), v != 0
}

// size is the upright width and height of a picture stored as w × h.
func (o orientation) size(w, h int) (width, height int) {
	if o >= 5 && o <= 8 {
		return h, w
	}
	return w, h
}

// apply returns the upright picture; m's bounds begin at (0, 0).
func (o orientation) apply(m *image.RGBA) *image.RGBA {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	right, bottom := (w-1)*4, (h-1)*m.Stride
	// Where the upright picture's first pixel is stored, and the steps from there to its right and lower neighbours.
	var start, dx, dy int
	switch o {
	case 2:
		start, dx, dy = right, -4, m.Stride
	case 3:
		start, dx, dy = right+bottom, -4, -m.Stride
	case 4:
		start, dx, dy = bottom, 4, -m.Stride
	case 5:
		start, dx, dy = 0, m.Stride, 4
	case 6:
		start, dx, dy = bottom, -m.Stride, 4
	case 7:
		start, dx, dy = right+bottom, -m.Stride, -4
	case 8:
		start, dx, dy = right, m.Stride, -4
	default:
		return m
	}
	width, height := o.size(w, h)
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		row := out.Pix[y*out.Stride:][:4*width]
		for x, from := 0, start+y*dy; x < len(row); x, from = x+4, from+dx {
			copy(row[x:x+4], m.Pix[from:from+4])
		}
	}
	return out
}

// then is the one orientation that does what o and after it next do.
func (o orientation) then(next orientation) orientation {
	probe := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for i := range probe.Pix {
		probe.Pix[i] = uint8(i)
	}
	both := next.apply(o.apply(probe))
	for one := upright; one <= 8; one++ {
		if m := one.apply(probe); m.Rect == both.Rect && bytes.Equal(m.Pix, both.Pix) {
			return one
		}
	}
	return upright
}
