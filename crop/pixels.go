package crop

import (
	"fmt"
	"image"
)

// stripPixels bounds how much of a box is held at 16 bits a channel, 8 bytes a pixel.
const stripPixels = 1 << 20

// Pixels writes a box of the picture, resized to size × size pixels, as a vision tower reads it: planar
// [3][size][size] (channel, row, column), (v/255 - 0.5)/0.5 for v in 0…255, so each value is within -1…1.
//
// The aspect ratio is not kept. The filter is Pillow's bicubic, which the published preprocessor uses: a = -0.5,
// widened when shrinking, rounded to 8 bits. A box of size × size is copied exactly.
//
// It panics if dst is shorter than 3·size·size or the box is empty or not within the picture.
func Pixels(dst []float32, img *image.RGBA, box image.Rectangle, size int) {
	if box.Empty() || !box.In(img.Rect) || size < 1 || len(dst) < 3*size*size {
		panic(fmt.Sprintf("crop: %v of a picture %v to %d×%d pixels in %d values", box, img.Rect, size, size, len(dst)))
	}
	if box.Dx() == size && box.Dy() == size {
		for y := range size {
			normalise(dst[y*size:], size*size, img.Pix[img.PixOffset(box.Min.X, box.Min.Y+y):][:4*size])
		}
		return
	}
	m := resized(img, box, size, max(1, stripPixels/box.Dx()))
	for y := range size {
		normalise(dst[y*size:], size*size, m.Pix[y*m.Stride:][:4*size])
	}
}

// normalised is (v/255 - 0.5)/0.5 for each v.
var normalised = func() (t [256]float32) {
	for v := range t {
		t[v] = (float32(v)/255 - 0.5) / 0.5
	}
	return t
}()

// normalise writes a row of RGBA to three planes that lie plane values apart.
func normalise(dst []float32, plane int, row []uint8) {
	n := len(row) / 4
	red, green, blue := dst[:n], dst[plane:][:n], dst[2*plane:][:n]
	for i := range n {
		p := row[4*i : 4*i+3]
		red[i], green[i], blue[i] = normalised[p[0]], normalised[p[1]], normalised[p[2]]
	}
}
