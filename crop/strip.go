package crop

import (
	"context"
	"fmt"
	"image"
)

// Strip is how many of some boxes, from the first on, [StripPixels] cuts together for less than each alone: they have the same columns
// of the picture, and each begins below the one before and overlaps it. It is at least 1.
func Strip(boxes []image.Rectangle, size int) int {
	n := 1
	for n < len(boxes) && overlap(boxes[n-1], boxes[n]) && resampled(boxes[n-1], size) && resampled(boxes[n], size) {
		n++
	}
	return n
}

// overlap says whether two boxes share rows of the same columns, and the second one begins below the first.
func overlap(a, b image.Rectangle) bool {
	return a.Min.X == b.Min.X && a.Max.X == b.Max.X && a.Min.Y < b.Min.Y && b.Min.Y < a.Max.Y
}

// resampled says whether it is resample that resizes a box.
func resampled(box image.Rectangle, size int) bool {
	w, h := box.Dx(), box.Dy()
	return (w > size || h > size) && h <= maxReduction*size && !narrow(w, h, size)
}

// StripPixels writes part k of n of the boxes of a [Strip], each by the bits of [Pixels]: dst is [boxes][3][size][size]. Of several boxes,
// the rows that they share are resized along x once. Parts that are cut at once share next to no work.
//
// The error and the panics are those of Pixels.
func StripPixels(ctx context.Context, dst []uint8, img *image.RGBA, boxes []image.Rectangle, size, k, n int) error {
	values := 3 * size * size
	if len(boxes) == 0 || len(boxes) != Strip(boxes, size) || len(dst) < len(boxes)*values || k < 0 || k >= n {
		panic(fmt.Sprintf("crop: part %d of %d of the strip %v to %d×%d pixels in %d values", k, n, boxes, size, size, len(dst)))
	}
	if len(boxes) == 1 {
		return Pixels(ctx, dst, img, boxes[0], size, k*size/n, (k+1)*size/n)
	}
	whole := boxes[0]
	for _, b := range boxes {
		whole = whole.Union(b)
	}
	if !whole.In(img.Rect) {
		panic(fmt.Sprintf("crop: a strip %v of a picture %v", whole, img.Rect))
	}
	return cutStrip(ctx, dst, source{img: img, box: whole}, boxes, size, k, n)
}

// cutStrip is StripPixels of several boxes, of which the source is the whole. A part is some rows of the source, and of each box those
// outputs that lie there.
func cutStrip(ctx context.Context, dst []uint8, src source, boxes []image.Rectangle, size, k, n int) error {
	var targets []*target
	for i, b := range boxes {
		top := b.Min.Y - src.box.Min.Y
		from := outputsAbove(k*src.height()/n-top, b.Dy(), size)
		to := outputsAbove((k+1)*src.height()/n-top, b.Dy(), size)
		if from < to {
			pixels := dst[i*3*size*size:][:3*size*size]
			targets = append(targets, newTarget(square{pixels, size}, top, b.Dy(), from, to))
		}
	}
	if len(targets) == 0 {
		return ctx.Err()
	}
	return resampleStrip(ctx, src, 0, size, targets)
}

// outputsAbove is how many of a box's size rows of outputs lie above row y of its height rows.
func outputsAbove(y, height, size int) int { return min(max(y, 0), height) * size / height }
