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

// then is the one orientation that does what o and after it next do.
func (o orientation) then(next orientation) orientation {
	probe := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for i := range probe.Pix {
		probe.Pix[i] = uint8(i)
	}
	turned := func(m *image.RGBA, by orientation) *image.RGBA {
		return by.apply(&image.RGBA{Pix: bytes.Clone(m.Pix), Stride: m.Stride, Rect: m.Rect})
	}
	both := turned(turned(probe, o), next)
	for one := upright; one <= 8; one++ {
		if m := turned(probe, one); m.Rect == both.Rect && bytes.Equal(m.Pix, both.Pix) {
			return one
		}
	}
	return upright
}
