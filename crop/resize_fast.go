package crop

import (
	"context"
)

// maxReduction is the largest reduction of a side for which the sums of resample are sure to fit 32 bits.
const maxReduction = 100

// averagedBound is the largest difference, of 255, that averaging rows first makes to a picture of black and white noise.
const averagedBound = 4

// resample writes rows of a source at size × size pixels as [Pixels] says, by the bits of resized and many times faster: two
// channels share each multiplication, and no more rows are held than the filter has taps. Its height is at most maxReduction·size.
func resample(ctx context.Context, dst []uint8, src source, size, from, to int) error {
	down := newFilter(src.height, size)
	rows := newWindow(ctx, src, size, down.taps)
	sums, taps := make([]pair, rows.length()), make([][]pair, down.taps)
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
			last = rows.row(src.height - 1)
		}
		if err := ctx.Err(); err != nil { // the rows were not loaded
			return err
		}
		for j, sum := range sums {
			sums[j] = o.pixels(sum, first[j], last[j])
		}
		unpair(dst, sums, size, y)
	}
	return nil
}

// unpair writes a row of a window, or one that was made of such rows, to row y of the three planes.
func unpair(dst []uint8, row []pair, size, y int) {
	plane := size * size
	red, green, blue := dst[y*size:][:size], dst[plane+y*size:][:size], dst[2*plane+y*size:][:size]
	for x := range size {
		red[x], blue[x] = uint8(row[x].low()), uint8(row[x].high())
		green[x] = uint8(row[size+x/2].half(x))
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
	clear(sums)
	for k := 0; k < len(weights); k += 4 {
		addWeighted(sums, weights[k:k+4], taps[k:k+4])
	}
}

// addWeighted adds four taps times their weights to sums.
func addWeighted(sums []pair, w []pair, t [][]pair) {
	w0, w1, w2, w3 := w[0], w[1], w[2], w[3]
	a, b, c, d := t[0][:len(sums)], t[1][:len(sums)], t[2][:len(sums)], t[3][:len(sums)]
	for j := range sums {
		sums[j] += w0*a[j] + w1*b[j] + w2*c[j] + w3*d[j]
	}
}

// window is a source at size columns, of which it holds some rows. A row is [size] pairs of red and blue, and then the greens, of
// two columns a pair. Once its context is done it loads no more, and its rows are to be thrown away.
type window struct {
	ctx   context.Context
	src   source
	size  int
	held  [][]pair
	ready int // rows from the first that was asked for on, and before this one, have been held
	block int // rows that are resized at once
	into  func(y int)

	across *filter
	// Two rows of the source, with the outermost pixels once more for each tap that may lie outside.
	upper, lower []pair // red and blue
	greens       []pair // of both
}

// newWindow holds so many rows at least. Where a row is more than maxReduction·size pixels wide, [wide] resizes it.
func newWindow(ctx context.Context, src source, size, rows int) *window {
	w := &window{ctx: ctx, src: src, size: size, block: 2}
	if src.box.Dx() > maxReduction*size {
		wide := newWide(w)
		w.block, w.into = wideBlock, wide.resize
	} else {
		w.across = newFilter(src.box.Dx(), size)
		padded := src.box.Dx() + 2*w.across.taps
		w.upper, w.lower, w.greens = make([]pair, padded), make([]pair, padded), make([]pair, padded)
		w.into = func(y int) {
			w.load(y)
			w.resize(w.at(y), w.at(y+1))
		}
	}
	w.held = make([][]pair, (rows+2*w.block-1)/w.block*w.block)
	for i := range w.held {
		w.held[i] = make([]pair, w.length())
	}
	return w
}

// length is the number of pairs of a row.
func (w *window) length() int { return w.size + (w.size+1)/2 }

// at is where row y is held.
func (w *window) at(y int) []pair { return w.held[y%len(w.held)] }

// row is row y of the source, or the nearest there is. It must not lie more rows before any that was asked for than are held.
func (w *window) row(y int) []pair {
	y = min(max(y, 0), w.src.height-1)
	if w.ready == 0 {
		w.ready = y / w.block * w.block
	}
	for ; w.ready <= y; w.ready += w.block {
		if w.ctx.Err() == nil {
			w.into(w.ready)
		}
	}
	return w.at(y)
}

// load pairs the pixels of row y and the one below it.
func (w *window) load(y int) {
	n, pad := w.src.box.Dx(), w.across.taps
	upper, lower := w.src.row(y), w.src.row(min(y+1, w.src.height-1))
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

// resize makes two rows of the window of the two of the source that are loaded.
func (w *window) resize(upper, lower []pair) {
	f, size := w.across, w.size
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
