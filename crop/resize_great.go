package crop

import (
	"context"
	"image"
	"slices"
)

// Reductions of a side by more than maxReduction.

// wideBlock is how many rows share the weights of wide, which are computed anew for each block.
const wideBlock = 16

// wide resizes rows for a window, along x. Each pixel of a row is read once and added to the outputs that it counts for.
type wide struct {
	*window
	size   int
	kernel kernel
	line   [carryAfter]twoRows // a piece of two rows
}

// across is an output pixel of some rows that is being summed.
type across struct {
	partial
	sums    [wideBlock][3]int64 // red, green and blue
	weights [carryAfter]pair
}

func newWide(w *window, size int) *wide {
	return &wide{window: w, size: size, kernel: newKernel(w.src.width(), size)}
}

// resize makes rows y to y + wideBlock of the window, as far as there are so many.
func (w *wide) resize(y int) {
	width, end := w.src.width(), min(y+wideBlock, w.src.height())
	begin, _ := w.kernel.first(w.from)
	var open, spare []*across
	next := w.from
	for x := max(begin, 0); len(open) > 0 || next < w.to; x += len(w.line) {
		if w.ctx.Err() != nil {
			return
		}
		for ; next < w.to; next++ {
			if start, _ := w.kernel.first(next); start >= x+len(w.line) {
				break
			}
			if len(spare) == 0 {
				spare = append(spare, new(across))
			}
			a := spare[len(spare)-1]
			spare = spare[:len(spare)-1]
			*a = across{partial: newPartial(w.kernel, next, w.size, width)}
			open = append(open, a)
		}
		n := min(len(w.line), width-x)
		for _, a := range open {
			a.weigh(a.weights[:n], x)
		}
		for r := y; r < end; r += 2 {
			upper, lower := w.src.row(r), w.src.row(min(r+1, end-1))
			w.src.work.count(2*n, 0, 0)
			line := w.line[:n]
			for i := range line {
				line[i].set(upper[4*(x+i):], lower[4*(x+i):])
			}
			for _, a := range open {
				a.add(r-y, line)
			}
		}
		for len(open) > 0 && open[0].end <= x+len(w.line) {
			w.finish(open[0], y, end)
			spare = append(spare, open[0])
			open = slices.Delete(open, 0, 1)
		}
	}
	w.src.work.count(0, (end-y)*w.columns(), 0)
}

// add adds a piece of two rows, of which the upper one has a place among the sums.
func (a *across) add(row int, line []twoRows) {
	weights := a.weights[:len(line)]
	var sum twoRows
	for k, v := range weights {
		t := &line[k]
		sum.upper += v * t.upper
		sum.lower += v * t.lower
		sum.greens += v * t.greens
	}
	upper, lower := &a.sums[row], &a.sums[row+1]
	upper[0] += int64(sum.upper.low())
	upper[1] += int64(sum.greens.low())
	upper[2] += int64(sum.upper.high())
	lower[0] += int64(sum.lower.low())
	lower[1] += int64(sum.greens.high())
	lower[2] += int64(sum.lower.high())
}

// finish makes a pixel of rows from y on.
func (w *wide) finish(a *across, y, end int) {
	x := a.i - w.from
	for r := y; r < end; r++ {
		row, to := w.src.row(r), w.at(r)
		first, last := row[:4], row[len(row)-4:]
		var p [3]uint8
		for c := range p {
			p[c] = a.pixel(a.sums[r-y][c], first[c], last[c])
		}
		to[x] = pairOf(p[0], p[2])
		greens := &to[w.columns()+x/2]
		if x%2 == 0 {
			*greens = pair(p[1])
		} else {
			*greens |= pair(p[1]) << 32
		}
	}
}

// stack writes a part of a source of any height at size × size pixels, by the bits of resized.
func stack(ctx context.Context, dst square, src source, part image.Rectangle) error {
	window := func() *window { return newWindow(ctx, src, dst.size, part.Min.X, part.Max.X, stackedRows) }
	return stackRows(ctx, window, dst.size, part, func(c *column, first, last []pair) {
		for j := range c.sums {
			low := c.pixel(c.whole[j][0], uint8(first[j].low()), uint8(last[j].low()))
			high := c.pixel(c.whole[j][1], uint8(first[j].high()), uint8(last[j].high()))
			c.sums[j] = pairOf(low, high)
		}
		dst.unpair(c.sums, part.Min.X, part.Max.X, c.i)
	})
}

// stackedRows is how many rows are added at a time.
const stackedRows = 4

// stackRows sums the output rows of a part, and calls finish with each. Each row of the source is read once and added to the outputs
// that it counts for, of which there are at most five. finish is also given the first and the last row of the source.
func stackRows(ctx context.Context, open func() *window, size int, part image.Rectangle, finish func(c *column, first, last []pair)) error {
	rows := open()
	height := rows.src.height()
	k := newKernel(height, size)
	first := slices.Clone(rows.row(0))
	last := slices.Clone(open().row(height - 1))
	begin, _ := k.first(part.Min.Y)
	rows.ready = max(begin, 0) / rows.block * rows.block
	var summed []*column
	next := part.Min.Y
	taps := make([][]pair, stackedRows)
	for y := max(begin, 0) / stackedRows * stackedRows; len(summed) > 0 || next < part.Max.Y; y += stackedRows {
		for ; next < part.Max.Y; next++ {
			if start, _ := k.first(next); start >= y+stackedRows {
				break
			}
			summed = append(summed, newColumn(newPartial(k, next, size, height), rows.length()))
		}
		for i := range taps {
			taps[i] = rows.row(y + i)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, c := range summed {
			c.add(y, taps)
			rows.src.work.count(0, 0, stackedRows*rows.columns())
		}
		for len(summed) > 0 && summed[0].end <= y+stackedRows {
			summed[0].carry()
			finish(summed[0], first, last)
			summed = slices.Delete(summed, 0, 1)
		}
	}
	return nil
}

// column is an output row that is being summed.
type column struct {
	partial
	sums    []pair     // since the last carry
	added   int        // rows to them
	whole   [][2]int64 // of the low numbers and of the high ones
	weights [stackedRows]pair
}

func newColumn(p partial, pairs int) *column {
	return &column{partial: p, sums: make([]pair, pairs), whole: make([][2]int64, pairs)}
}

// add adds some rows, of which the first is row y of the source.
func (c *column) add(y int, rows [][]pair) {
	c.weigh(c.weights[:], y)
	addWeighted(c.sums, c.weights[:], rows)
	if c.added += len(rows); c.added == carryAfter {
		c.carry()
	}
}

func (c *column) carry() {
	for j, sum := range c.sums {
		c.whole[j][0] += int64(sum.low())
		c.whole[j][1] += int64(sum.high())
	}
	clear(c.sums)
	c.added = 0
}
