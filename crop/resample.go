package crop

import "image"

// maxReduction is the largest reduction of a side for which the sums of resample are sure to fit 32 bits.
const maxReduction = 100

// resample writes rows of the box at size × size pixels as [Pixels] says, by the bits of resized and many times faster: two
// channels share each multiplication, and no more rows are held than the filter has taps.
func resample(dst []uint8, img *image.RGBA, box image.Rectangle, size, from, to int) {
	down := newFilter(box.Dy(), size)
	rows := newWindow(img, box, size, down.taps)
	sums, taps := make([]pair, len(rows.held[0])), make([][]pair, down.taps)
	for y := from; y < to; y++ {
		o := &down.outputs[y]
		for k := range taps {
			taps[k] = rows.row(down.start[y] + k)
		}
		weigh(sums, down.weightsOf(y), taps)
		first, last := taps[0], taps[0] // where they do not count
		if o.reach.before != 0 {
			first = rows.row(0)
		}
		if o.reach.after != 0 {
			last = rows.row(box.Dy() - 1)
		}
		for j, sum := range sums {
			sums[j] = o.pixels(sum, first[j], last[j])
		}
		plane := size * size
		red, green, blue := dst[y*size:][:size], dst[plane+y*size:][:size], dst[2*plane+y*size:][:size]
		for x := range size {
			red[x], blue[x] = uint8(sums[x].low()), uint8(sums[x].high())
			green[x] = uint8(sums[size+x/2].half(x))
		}
	}
}

// pair is two numbers that are multiplied and added together: low + 2³²·high, each of 32 bits and a sign.
type pair int64

func pairOf(low, high uint8) pair { return pair(low) | pair(high)<<32 }

func (p pair) low() int32  { return int32(p) }
func (p pair) high() int32 { return int32((p - pair(int32(p))) >> 32) }

// half is the low number for even i, and the high one for odd.
func (p pair) half(i int) int32 { return int32(p >> (32 * (i & 1))) }

// weigh sets sums to the taps, four at a time, times their weights.
func weigh(sums []pair, weights []pair, taps [][]pair) {
	for k := 0; k < len(weights); k += 4 {
		w, t := weights[k:k+4:k+4], taps[k:k+4:k+4]
		a, b, c, d := t[0][:len(sums)], t[1][:len(sums)], t[2][:len(sums)], t[3][:len(sums)]
		if k == 0 {
			for j := range sums {
				sums[j] = w[0]*a[j] + w[1]*b[j] + w[2]*c[j] + w[3]*d[j]
			}
			continue
		}
		for j := range sums {
			sums[j] += w[0]*a[j] + w[1]*b[j] + w[2]*c[j] + w[3]*d[j]
		}
	}
}

// window is the box at size columns, of which it holds some rows. A row is [size] pairs of red and blue, and then the greens, of
// two columns a pair.
type window struct {
	img    *image.RGBA
	box    image.Rectangle
	across *filter
	held   [][]pair
	ready  int // rows from the first that was asked for on, and before this one, have been held

	// Two rows of the box, with the outermost pixels once more for each tap that may lie outside.
	upper, lower []pair // red and blue
	greens       []pair // of both
}

func newWindow(img *image.RGBA, box image.Rectangle, size, rows int) *window {
	w := &window{img: img, box: box, across: newFilter(box.Dx(), size), held: make([][]pair, rows+2)}
	for i := range w.held {
		w.held[i] = make([]pair, size+(size+1)/2)
	}
	wide := box.Dx() + 2*w.across.taps
	w.upper, w.lower, w.greens = make([]pair, wide), make([]pair, wide), make([]pair, wide)
	return w
}

// row is row y of the box, or the nearest there is. It must not lie more rows before any that was asked for than are held.
func (w *window) row(y int) []pair {
	y = min(max(y, 0), w.box.Dy()-1)
	if w.ready == 0 {
		w.ready = y / 2 * 2
	}
	for ; w.ready <= y; w.ready += 2 {
		w.load(w.ready)
		w.resize(w.held[w.ready%len(w.held)], w.held[(w.ready+1)%len(w.held)])
	}
	return w.held[y%len(w.held)]
}

// load pairs the pixels of row y and the one below it.
func (w *window) load(y int) {
	n, pad := w.box.Dx(), w.across.taps
	upper := w.img.Pix[w.img.PixOffset(w.box.Min.X, w.box.Min.Y+y):][:4*n]
	lower := w.img.Pix[w.img.PixOffset(w.box.Min.X, w.box.Min.Y+min(y+1, w.box.Dy()-1)):][:4*n]
	a, b, g := w.upper[pad:][:n], w.lower[pad:][:n], w.greens[pad:][:n]
	for x := range n {
		p, q := upper[4*x:][:4], lower[4*x:][:4]
		a[x], b[x], g[x] = pairOf(p[0], p[2]), pairOf(q[0], q[2]), pairOf(p[1], q[1])
	}
	for _, line := range [][]pair{w.upper, w.lower, w.greens} {
		for x := range pad {
			line[x], line[pad+n+x] = line[pad], line[pad+n-1]
		}
	}
}

// resize makes two rows of the window of the two of the box that are loaded.
func (w *window) resize(upper, lower []pair) {
	f, size := w.across, w.across.n
	end := len(w.upper) - 1
	for x := range size {
		weights, from := f.weightsOf(x), f.taps+f.start[x]
		a, b, g := w.upper[from:][:len(weights)], w.lower[from:][:len(weights)], w.greens[from:][:len(weights)]
		var upperSum, lowerSum, greenSum pair
		for k, v := range weights {
			upperSum += v * a[k]
			lowerSum += v * b[k]
			greenSum += v * g[k]
		}
		o := &f.outputs[x]
		upper[x], lower[x] = o.pixels(upperSum, w.upper[0], w.upper[end]), o.pixels(lowerSum, w.lower[0], w.lower[end])
		green := o.pixels(greenSum, w.greens[0], w.greens[end])
		if x%2 == 0 {
			upper[size+x/2], lower[size+x/2] = green&0xff, green>>32
		} else {
			upper[size+x/2] |= green << 32
			lower[size+x/2] |= green >> 32 << 32
		}
	}
}
