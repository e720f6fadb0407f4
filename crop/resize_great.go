package crop

import (
	"context"
	"encoding/binary"
)

// Reductions of a side by more than maxReduction. Sums have 64 bits, and no table is as long as the side.

// total is what makes an output pixel of its weighted sum, where that has 64 bits.
type total struct {
	weights int64 // their sum
	reach   reach
}

// pixel is that of a sum, and of the first and the last pixel of the line.
func (t *total) pixel(sum int64, first, last uint8) uint8 {
	v := int32(min(max(257*sum, 0)/t.weights, 0xffff))
	if t.reach.outside() {
		v = t.reach.drop(v, 257*int32(first), 257*int32(last))
	}
	return to8(v)
}

// wideBlock is how many rows share the weights of wide, which are computed anew for each block.
const wideBlock = 16

// wide resizes rows for a window, along x.
type wide struct {
	*window
	kernel  kernel
	reach   []reach // [size]
	weights []pair  // [taps]
}

func newWide(w *window) *wide {
	length := w.src.box.Dx()
	k := newKernel(length, w.size)
	v := &wide{w, k, make([]reach, w.size), make([]pair, k.taps)}
	for i := range v.reach {
		v.reach[i] = reachOf(i, w.size, length)
	}
	return v
}

// resize makes rows y to y + wideBlock of the window, as far as there are so many.
func (w *wide) resize(y int) {
	end := min(y+wideBlock, w.src.height)
	for x := range w.size {
		if w.ctx.Err() != nil {
			return
		}
		start, sum := w.kernel.weigh(w.weights, x)
		t := &total{int64(sum), w.reach[x]}
		for r := y; r < end; r++ {
			w.pixel(w.at(r), w.src.row(r), x, start, t)
		}
	}
}

// pixel makes pixel x of a row.
func (w *wide) pixel(to []pair, row []uint8, x, start int, t *total) {
	first, last := row[:4], row[len(row)-4:]
	weights, line := w.weights, row
	var red, green, blue int64
	outside := func(weights []pair, p []uint8) {
		for _, v := range weights {
			red, green, blue = red+int64(v)*int64(p[0]), green+int64(v)*int64(p[1]), blue+int64(v)*int64(p[2])
		}
	}
	if start < 0 {
		outside(weights[:-start], first)
		weights, start = weights[-start:], 0
	}
	line = line[4*start:]
	if n := len(line) / 4; n < len(weights) {
		outside(weights[n:], last)
		weights = weights[:n]
	}
	line = line[:4*len(weights)]
	for k, v := range weights {
		p := int64(binary.LittleEndian.Uint32(line[4*k : 4*k+4]))
		red += int64(v) * (p & 0xff)
		green += int64(v) * (p >> 8 & 0xff)
		blue += int64(v) * (p >> 16 & 0xff)
	}
	to[x] = pairOf(t.pixel(red, first[0], last[0]), t.pixel(blue, first[2], last[2]))
	g := pair(t.pixel(green, first[1], last[1]))
	if x%2 == 0 {
		to[w.size+x/2] = g
	} else {
		to[w.size+x/2] |= g << 32
	}
}

// stack writes rows of a source of any height at size × size pixels, by the bits of resized. Each row of the source is read once
// and added to the outputs that it counts for, of which there are at most five.
func stack(ctx context.Context, dst []uint8, src source, size, from, to int) error {
	k := newKernel(src.height, size)
	rows := newWindow(ctx, src, size, 4)
	first := append([]pair(nil), rows.row(0)...)
	last := append([]pair(nil), newWindow(ctx, src, size, 4).row(src.height-1)...)
	begin, _ := k.first(from)
	rows.ready = max(begin, 0) / rows.block * rows.block
	open := make([]*column, 0, 6)
	next := from
	for y := max(begin, 0) / 4 * 4; len(open) > 0 || next < to; y += 4 {
		for next < to {
			if start, _ := k.first(next); start >= y+4 {
				break
			}
			open = append(open, newColumn(k, next, src.height, size, rows.length(), first, last))
			next++
		}
		taps := [][]pair{rows.row(y), rows.row(y + 1), rows.row(y + 2), rows.row(y + 3)}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, c := range open {
			c.add(y, taps)
		}
		for len(open) > 0 && open[0].end <= y+4 {
			open[0].finish(first, last)
			unpair(dst, open[0].sums, size, open[0].y)
			open = append(open[:0], open[1:]...)
		}
	}
	return nil
}

// column is an output row of stack that is being summed.
type column struct {
	kernel     kernel
	y          int
	start, end int // the rows that count
	centre     float64
	total      total
	sums       []pair  // since the last carry
	added      int     // rows to them
	whole      []int64 // [2, pairs], the low numbers and then the high ones
	weights    [4]pair
}

// carryAfter is how many rows a sum of 32 bits is sure to hold, of a weight of at most 65536 and values of at most 255.
const carryAfter = 128

func newColumn(k kernel, y, height, size, pairs int, first, last []pair) *column {
	c := &column{kernel: k, y: y, sums: make([]pair, pairs), whole: make([]int64, 2*pairs)}
	c.start, c.centre = k.first(y)
	c.end = min(c.start+k.taps, height)
	var before, after int64
	for t := range k.taps {
		w := int64(k.weight(t, c.centre))
		c.total.weights += w
		switch row := c.start + t; {
		case row < 0:
			before += w
		case row >= height:
			after += w
		}
	}
	for j := range first {
		c.whole[j] = before*int64(first[j].low()) + after*int64(last[j].low())
		c.whole[pairs+j] = before*int64(first[j].high()) + after*int64(last[j].high())
	}
	c.total.reach = reachOf(y, size, height)
	return c
}

// add adds four rows, of which the first is row y of the source.
func (c *column) add(y int, rows [][]pair) {
	for i := range c.weights {
		c.weights[i] = 0
		if row := y + i; row >= c.start && row < c.end {
			c.weights[i] = c.kernel.weight(row-c.start, c.centre)
		}
	}
	addWeighted(c.sums, c.weights[:], rows)
	if c.added += len(rows); c.added == carryAfter {
		c.carry()
	}
}

func (c *column) carry() {
	for j, sum := range c.sums {
		c.whole[j] += int64(sum.low())
		c.whole[len(c.sums)+j] += int64(sum.high())
	}
	clear(c.sums)
	c.added = 0
}

// finish makes pixels of the sums.
func (c *column) finish(first, last []pair) {
	c.carry()
	for j := range c.sums {
		low := c.total.pixel(c.whole[j], uint8(first[j].low()), uint8(last[j].low()))
		high := c.total.pixel(c.whole[len(c.sums)+j], uint8(first[j].high()), uint8(last[j].high()))
		c.sums[j] = pairOf(low, high)
	}
}
