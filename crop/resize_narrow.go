package crop

import (
	"context"
	"image"
	"math"
)

// narrowBound is the largest difference, of 255, that stackFirst makes to a picture of black and white noise. Of such, the filter along
// x goes beyond black and white, and is cut off there, in every row; in the mean of many rows it no longer does.
const narrowBound = 10

// narrow says whether a box of width × height pixels is resized along y first.
func narrow(width, height, size int) bool {
	const enlarged, nearly = 40, 1200 // reductions along y up to which boxes of less than size or 2·size pixels across are not
	return width < size && height > enlarged*size || width < 2*size && height > nearly*size
}

// stackFirst writes a part of a source along y first. Where its rows are short and many, that costs little more than to read them;
// along x first, each row would cost size pixels. It rounds once, after both directions.
func stackFirst(ctx context.Context, dst square, src source, part image.Rectangle) error {
	width := src.width()
	x := newShares(width, dst.size)
	line := make([][3]float64, width)
	window := func() *window { return newUnresized(ctx, src) }
	return stackRows(ctx, window, dst.size, part, func(c *column, _, _ []pair) {
		for i := range line {
			line[i][0], line[i][2] = c.mean(c.whole[i][0]), c.mean(c.whole[i][1])
			line[i][1] = c.mean(c.whole[width+i/2][i%2])
		}
		red, green, blue := dst.planes(c.i, part.Min.X, part.Max.X)
		for i := range red {
			p := x.sum(part.Min.X+i, line)
			red[i], green[i], blue[i] = nearest(p[0]), nearest(p[1]), nearest(p[2])
		}
	})
}

// mean is the weighted mean of the pixels in the line, of which sum is the weighted sum.
func (p *partial) mean(sum int64) float64 { return float64(sum) / float64(p.inside) }

// nearest is v as 8 bits.
func nearest(v float64) uint8 { return uint8(math.Round(min(max(v, 0), 255))) }

// newUnresized is a window of a source at its own width.
func newUnresized(ctx context.Context, src source) *window {
	w := &window{ctx: ctx, src: src, to: src.width(), block: stackedRows}
	w.into = func(y int) {
		n := w.columns()
		for r := y; r < min(y+w.block, src.height()); r++ {
			to, from := w.at(r), src.row(r)
			greens := to[n:]
			to = to[:n]
			for x := range to {
				p := from[4*x:][:4]
				to[x] = pairOf(p[0], p[2])
				if x%2 == 0 {
					greens[x/2] = pair(p[1])
				} else {
					greens[x/2] |= pair(p[1]) << 32
				}
			}
		}
		src.work.count(n*w.block, 0, 0)
	}
	return w.hold(stackedRows)
}

// shares are the weights of the bicubic filter along a line, of which those outside of the line are left out.
type shares struct {
	start   []int       // [outputs], of the first tap
	weights [][]float64 // [outputs, taps], 0 outside
	length  int
}

func newShares(length, n int) *shares {
	s := &shares{length: length}
	k := newKernel(length, n)
	for i := range n {
		start, centre := k.first(i)
		w := make([]float64, k.taps)
		var sum float64
		for t := range w {
			if start+t >= 0 && start+t < length {
				w[t] = keys(math.Abs(centre-float64(t)) * k.narrow)
				sum += w[t]
			}
		}
		for t := range w {
			w[t] /= sum
		}
		s.start, s.weights = append(s.start, start), append(s.weights, w)
	}
	return s
}

// sum is output i of a line.
func (s *shares) sum(i int, line [][3]float64) (p [3]float64) {
	for t, w := range s.weights[i] {
		v := &line[min(max(s.start[i]+t, 0), s.length-1)]
		p[0], p[1], p[2] = p[0]+w*v[0], p[1]+w*v[1], p[2]+w*v[2]
	}
	return p
}
