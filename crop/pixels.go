package crop

import (
	"context"
	"fmt"
	"image"
)

// Pixels writes some rows, from ≤ y < to, of a box of the picture resized to size × size pixels: planar [3][size][size] (channel,
// row, column) of 0…255, of which the other rows are left as they are.
//
// The aspect ratio is not kept. The filter is Pillow's bicubic, which the published preprocessor uses: a = -0.5,
// widened when shrinking, rounded to 8 bits; it is computed as nfnt/resize does, to the bit. A box of size × size is copied exactly.
// Of a box that is narrower than size pixels and more than 100 times as high, rows are averaged first, so that a reduction by 50
// to 100 remains; of black and white noise, the pixels are within 4 of 255 of what the filter alone gives.
//
// Work is linear in the pixels of the box. The error is the context's, once that is done; it is looked at every few milliseconds.
// It panics if dst is shorter than 3·size·size, the box is empty or not within the picture, or the rows are not within the square.
func Pixels(ctx context.Context, dst []uint8, img *image.RGBA, box image.Rectangle, size, from, to int) error {
	if box.Empty() || !box.In(img.Rect) || size < 1 || len(dst) < 3*size*size || from < 0 || to > size {
		panic(fmt.Sprintf("crop: rows %d…%d of %v of a picture %v to %d×%d pixels in %d values", from, to, box, img.Rect, size, size, len(dst)))
	}
	width, height := box.Dx(), box.Dy()
	switch most := maxReduction * size; {
	case width == size && height == size:
		for y := from; y < to; y++ {
			planes(dst[y*size:], size*size, img.Pix[img.PixOffset(box.Min.X, box.Min.Y+y):][:4*size])
		}
		return ctx.Err()
	case width <= size && height <= size: // enlarged, which costs little
		m := resized(img, box, size)
		for y := from; y < to; y++ {
			planes(dst[y*size:], size*size, m.Pix[y*m.Stride:][:4*size])
		}
		return ctx.Err()
	case height <= most:
		return resample(ctx, dst, newSource(img, box), size, from, to)
	case width < size:
		rows := (height + most - 1) / most
		return resample(ctx, dst, averaged(img, box, height/rows), size, from, to)
	default:
		return stack(ctx, dst, newSource(img, box), size, from, to)
	}
}

// planes writes a row of RGBA to three planes that lie plane values apart.
func planes(dst []uint8, plane int, row []uint8) {
	n := len(row) / 4
	red, green, blue := dst[:n], dst[plane:][:n], dst[2*plane:][:n]
	for i := range n {
		p := row[4*i : 4*i+3]
		red[i], green[i], blue[i] = p[0], p[1], p[2]
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
