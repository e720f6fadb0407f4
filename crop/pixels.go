package crop

import (
	"context"
	"fmt"
	"image"
)

// Pixels writes a part of a box of the picture resized to size × size pixels: planar [3][size][size] (channel, row, column) of 0…255.
// The part is rows from ≤ y < to, or columns from ≤ x < to of a box that is wider than high; the others are left as they are. So parts
// that are cut at once share next to no work.
//
// The aspect ratio is not kept. The filter is Pillow's bicubic, which the published preprocessor uses: a = -0.5,
// widened when shrinking, rounded to 8 bits; it is computed as nfnt/resize does, to the bit. A box of size × size is copied exactly.
// Only a box that is narrower than size pixels and higher than 40 times size, or narrower than twice size and higher than 1200 times,
// is resized along y first and rounded once: of shades, its pixels are within 1 of 255 of the filter's, of black and white noise
// within 10, and 2 in the mean.
//
// Work is linear in the pixels of the box. The error is the context's, once that is done; it is looked at every few milliseconds.
// It panics if dst is shorter than 3·size·size, the box is empty or not within the picture, or the part is not within the square.
func Pixels(ctx context.Context, dst []uint8, img *image.RGBA, box image.Rectangle, size, from, to int) error {
	if box.Empty() || !box.In(img.Rect) || size < 1 || len(dst) < 3*size*size || from < 0 || to > size {
		panic(fmt.Sprintf("crop: part %d…%d of %v of a picture %v to %d×%d pixels in %d values", from, to, box, img.Rect, size, size, len(dst)))
	}
	return cutPart(ctx, square{dst, size}, source{img: img, box: box}, from, to)
}

// cutPart is Pixels.
func cutPart(ctx context.Context, dst square, src source, from, to int) error {
	size, width, height := dst.size, src.width(), src.height()
	part := image.Rectangle{image.Pt(0, from), image.Pt(size, to)}
	if width > height {
		part = image.Rectangle{image.Pt(from, 0), image.Pt(to, size)}
	}
	switch {
	case part.Empty():
	case width == size && height == size:
		dst.copy(part, func(y int) []uint8 { return src.row(y) })
	case width <= size && height <= size: // enlarged, which costs little
		m := resized(src.img, src.box, size)
		dst.copy(part, func(y int) []uint8 { return m.Pix[y*m.Stride:][:4*size] })
	case resampled(src.box, size):
		return resample(ctx, dst, src, part)
	case narrow(width, height, size):
		return stackFirst(ctx, dst, src, part)
	default:
		return stack(ctx, dst, src, part)
	}
	return ctx.Err()
}

// square is where a crop's pixels are written, planar: [3][size][size].
type square struct {
	pixels []uint8
	size   int
}

// planes are columns from…to of row y, of red, green and blue.
func (s square) planes(y, from, to int) (red, green, blue []uint8) {
	plane := s.size * s.size
	at := y*s.size + from
	n := to - from
	return s.pixels[at:][:n], s.pixels[plane+at:][:n], s.pixels[2*plane+at:][:n]
}

// copy writes a part of a picture of rows, RGBA.
func (s square) copy(part image.Rectangle, row func(y int) []uint8) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		red, green, blue := s.planes(y, part.Min.X, part.Max.X)
		from := row(y)[4*part.Min.X:]
		for i := range red {
			p := from[4*i:][:3]
			red[i], green[i], blue[i] = p[0], p[1], p[2]
		}
	}
}

// Image is the picture of planar pixels as Pixels writes them, [3][size][size].
func Image(pixels []uint8, size int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	n := size * size
	red, green, blue := pixels[:n], pixels[n:2*n], pixels[2*n:3*n]
	for i := range n {
		img.Pix[4*i], img.Pix[4*i+1], img.Pix[4*i+2], img.Pix[4*i+3] = red[i], green[i], blue[i], 255
	}
	return img
}

// Normalise writes pixels as a vision tower reads them: (v/255 - 0.5)/0.5 for v in 0…255, so each value is within -1…1.
func Normalise(dst []float32, pixels []uint8) {
	dst = dst[:len(pixels)]
	for i, v := range pixels {
		dst[i] = normalised[v]
	}
}

// normalised is (v/255 - 0.5)/0.5 for each v.
var normalised = func() (t [256]float32) {
	for v := range t {
		t[v] = (float32(v)/255 - 0.5) / 0.5
	}
	return t
}()
