package crop

import (
	"context"
	"image"
)

// maxReduction is the largest reduction of a side for which the sums of resample are sure to fit 32 bits.
const maxReduction = 100

// resample writes a part of a source at size × size pixels as [Pixels] says, by the bits of resized and many times faster: two
// channels share each multiplication, and no more rows are held than the filter has taps. Its height is at most maxReduction·size.
func resample(ctx context.Context, dst square, src source, part image.Rectangle) error {
	return resampleStrip(ctx, src, part.Min.X, part.Max.X, []*target{newTarget(dst, 0, src.height(), part.Min.Y, part.Max.Y)})
}

// resampleStrip is resample of columns from ≤ x < to of some boxes that are as wide as the source. A row of the source is resized along
// x once, for all boxes that it lies in, so the outputs of all are made in the order of the rows that they take.
func resampleStrip(ctx context.Context, src source, from, to int, targets []*target) error {
	most := 0
	for _, t := range targets {
		most = max(most, t.down.taps)
	}
	rows := newWindow(ctx, src, targets[0].dst.size, from, to, most)
	sums, taps := make([]pair, rows.length()), make([][]pair, most)
	for {
		t := topmost(targets)
		if t == nil {
			return nil
		}
		o, start, taps := t.down.at(t.y), t.down.first(t.y), taps[:t.down.taps]
		for k := range taps {
			taps[k] = t.row(rows, start+k)
		}
		weigh(sums, t.down.weightsOf(t.y), taps)
		src.work.count(0, 0, len(taps)*rows.columns())
		first, last := taps[0], taps[0] // where they do not count
		if o.reach.before != 0 {
			first = t.row(rows, 0)
		}
		if o.reach.after != 0 {
			last = t.row(rows, t.height-1)
		}
		if err := ctx.Err(); err != nil { // the rows were not loaded
			return err
		}
		for j, sum := range sums {
			sums[j] = o.pixels(sum, first[j], last[j])
		}
		t.dst.unpair(sums, from, to, t.y)
		t.y++
	}
}

// target is what rows y to end are made of, from the top on.
type target struct {
	dst         square
	top, height int // of its box, in rows of the source
	down        *filter
	y, end      int
}

func newTarget(dst square, top, height, y, end int) *target {
	return &target{dst, top, height, newFilter(height, dst.size, y, end), y, end}
}

// row is row y of the box, or the nearest there is.
func (t *target) row(rows *window, y int) []pair { return rows.row(t.top + min(max(y, 0), t.height-1)) }

// uppermost is the first row of the source that the next output takes.
func (t *target) uppermost() int { return t.top + max(t.down.first(t.y), 0) }

// topmost is the target whose next output takes the uppermost rows; nil if all are finished.
func topmost(targets []*target) (first *target) {
	for _, t := range targets {
		if t.y < t.end && (first == nil || t.uppermost() < first.uppermost()) {
			first = t
		}
	}
	return first
}

// unpair writes a row of a window of columns from ≤ x < to, or one that was made of such rows, to row y.
func (s square) unpair(row []pair, from, to, y int) {
	red, green, blue := s.planes(y, from, to)
	for x := range red {
		red[x], blue[x] = uint8(row[x].low()), uint8(row[x].high())
		green[x] = uint8(row[len(red)+x/2].half(x))
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

// window is some columns of a source at size columns, of which it holds some rows. A row is a pair of red and blue for each
// column, and then the greens, of two columns a pair. Once its context is done it loads no more, and its rows are to be thrown away.
type window struct {
	ctx      context.Context
	src      source
	from, to int // the columns
	held     [][]pair
	ready    int // rows from the first that was asked for on, and before this one, have been held
	block    int // rows that are resized at once
	into     func(y int)

	across *filter
	loaded []twoRows // of the source, with the outermost pixels once more for each tap that may lie outside
}

// twoRows are the pixels of a column in two neighbouring rows.
type twoRows struct {
	upper, lower pair // red and blue
	greens       pair // of both
}

// newWindow holds so many rows at least, of columns from ≤ x < to. Where a row is more than maxReduction·size pixels wide, [wide]
// resizes it.
func newWindow(ctx context.Context, src source, size, from, to, rows int) *window {
	w := &window{ctx: ctx, src: src, from: from, to: to, block: 2}
	if src.width() > maxReduction*size {
		w.block, w.into = wideBlock, newWide(w, size).resize
	} else {
		w.across = newFilter(src.width(), size, w.from, w.to)
		w.loaded = make([]twoRows, src.width()+2*w.across.taps)
		w.into = func(y int) {
			w.load(y)
			w.resize(w.at(y), w.at(y+1))
		}
	}
	return w.hold(rows)
}

// hold makes room for so many rows at least.
func (w *window) hold(rows int) *window {
	w.held = make([][]pair, (rows+2*w.block-1)/w.block*w.block)
	room := make([]pair, len(w.held)*w.length())
	for i := range w.held {
		w.held[i] = room[i*w.length():][:w.length()]
	}
	return w
}

func (w *window) columns() int { return w.to - w.from }

// length is the number of pairs of a row.
func (w *window) length() int { return w.columns() + (w.columns()+1)/2 }

// at is where row y is held.
func (w *window) at(y int) []pair { return w.held[y%len(w.held)] }

// row is row y of the source, or the nearest there is. It must not lie more rows before any that was asked for than are held.
func (w *window) row(y int) []pair {
	y = min(max(y, 0), w.src.height()-1)
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

// load pairs the pixels of row y and the one below it, as far as the columns need them, and the outermost.
func (w *window) load(y int) {
	n, pad := w.src.width(), w.across.taps
	upper, lower := w.src.row(y), w.src.row(min(y+1, w.src.height()-1))
	from, to := max(w.across.first(w.from), 0), min(w.across.first(w.to-1)+pad, n)
	to = max(from, to) // where no tap counts inside
	w.src.work.count(2*(to-from), 2*w.columns(), 0)
	line := w.loaded[pad:][:n]
	for x := from; x < to; x++ {
		line[x].set(upper[4*x:], lower[4*x:])
	}
	line[0].set(upper, lower)
	line[n-1].set(upper[4*n-4:], lower[4*n-4:])
	for x := range pad {
		w.loaded[x], w.loaded[pad+n+x] = line[0], line[n-1]
	}
}

func (t *twoRows) set(upper, lower []uint8) {
	upper, lower = upper[:4], lower[:4]
	t.upper, t.lower, t.greens = pairOf(upper[0], upper[2]), pairOf(lower[0], lower[2]), pairOf(upper[1], lower[1])
}

// resize makes two rows of the window of the two of the source that are loaded.
func (w *window) resize(upper, lower []pair) {
	f, n := w.across, w.columns()
	upperGreens, lowerGreens := upper[n:], lower[n:]
	upper, lower = upper[:n], lower[:n]
	first, last := &w.loaded[0], &w.loaded[len(w.loaded)-1]
	weights := f.weights
	for x := range n {
		line := w.loaded[f.taps+f.start[x]:][:f.taps]
		var sum twoRows
		for k := 0; k < len(line); k += 4 {
			v, t := (*[4]pair)(weights[k:]), (*[4]twoRows)(line[k:])
			sum.upper += v[0]*t[0].upper + v[1]*t[1].upper + v[2]*t[2].upper + v[3]*t[3].upper
			sum.lower += v[0]*t[0].lower + v[1]*t[1].lower + v[2]*t[2].lower + v[3]*t[3].lower
			sum.greens += v[0]*t[0].greens + v[1]*t[1].greens + v[2]*t[2].greens + v[3]*t[3].greens
		}
		weights = weights[f.taps:]
		var greens pair
		if o := &f.outputs[x]; o.outside {
			upper[x], lower[x] = o.outer(sum.upper, first.upper, last.upper), o.outer(sum.lower, first.lower, last.lower)
			greens = o.outer(sum.greens, first.greens, last.greens)
		} else {
			upper[x] = to8(o.at16(sum.upper.low())) | to8(o.at16(sum.upper.high()))<<32
			lower[x] = to8(o.at16(sum.lower.low())) | to8(o.at16(sum.lower.high()))<<32
			greens = to8(o.at16(sum.greens.low())) | to8(o.at16(sum.greens.high()))<<32
		}
		if x%2 == 0 {
			upperGreens[x/2], lowerGreens[x/2] = greens&0xff, greens>>32
		} else {
			upperGreens[x/2] |= greens << 32
			lowerGreens[x/2] |= greens >> 32 << 32
		}
	}
}
