package tensor

import "gonum.org/v1/gonum/blas/blas32"

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg tensor

// panelWidth is the number of outputs in one panel of a packed matrix.
const panelWidth = 32

// panelGo is the product that every panel kernel computes: C += A·B with A [rows, k], B [k, panelWidth] and C [rows, panelWidth],
// each sum in order of k. The kernels fuse each multiplication with its addition, and so round once where this rounds twice.
func panelGo(rows, k int, a []float32, lda int, b, c []float32, ldc int) {
	for r := range rows {
		sums := c[r*ldc : r*ldc+panelWidth]
		for t, x := range a[r*lda : r*lda+k] {
			for j, w := range b[t*panelWidth : (t+1)*panelWidth] {
				sums[j] += x * w
			}
		}
	}
}

// packed is a matrix [out, in] cut into panels of panelWidth outputs, each [in, panelWidth] and contiguous: what the panel
// kernels read in order. The last panel is filled up with zeros.
type packed struct {
	out, in int
	data    []float32 // [ceil(out/panelWidth), in, panelWidth]
}

func panels(out int) int { return (out + panelWidth - 1) / panelWidth }

// pack reads a matrix [out, in] row by row into panels.
func pack(p *Pool, out, in int, read func(o int, row []float32)) packed {
	w := packed{out: out, in: in, data: make([]float32, panels(out)*in*panelWidth)}
	p.Run(panels(out), func(worker, i int) {
		panel, row := w.panel(i), p.floats(worker, in)
		for o := i * panelWidth; o < min((i+1)*panelWidth, out); o++ {
			read(o, row)
			for k, v := range row {
				panel[k*panelWidth+o%panelWidth] = v
			}
		}
	})
	return w
}

func (p packed) panel(i int) []float32 {
	n := p.in * panelWidth
	return p.data[i*n : (i+1)*n]
}

// Blocks of the product. A block of B, blockK × panelWidth floats, stays in the first-level cache while the register tiles go
// down the rows of A; a block of A, blockRows × blockK floats, stays in the second-level cache while the panels go by.
const (
	blockK    = 256
	blockRows = 760
)

// multiply sets dst = x·Wᵀ + bias for x [rows, in], W [out, in] in panels, bias [out] (or nil), dst [rows, out], and then
// calls finish (or not, if nil) on every finished piece of a row of dst.
func multiply(p *Pool, dst, x blas32.General, w packed, bias []float32, finish func([]float32)) {
	if x.Rows == 0 {
		return
	}
	count := panels(w.out)
	bands := (x.Rows + blockRows - 1) / blockRows
	group := max(1, count*bands/(4*p.Threads()))
	groups := (count + group - 1) / group
	p.Run(bands*groups, func(worker, task int) {
		band, g := task/groups, task%groups
		first, last := band*x.Rows/bands, (band+1)*x.Rows/bands
		multiplyBlock(p.floats(worker, (last-first)*panelWidth), Rows(dst, first, last), Rows(x, first, last), w, bias, finish, g*group, min((g+1)*group, count))
	})
}

// multiplyBlock is multiply for the panels first…last-1, on one core. A panel that reaches beyond the matrix is summed in
// edge, [rows, panelWidth].
func multiplyBlock(edge []float32, dst, x blas32.General, w packed, bias []float32, finish func([]float32), first, last int) {
	step := blockK
	if x.Rows <= active.rows {
		step = w.in // there is no second tile to keep B for: read each panel to its end
	}
	for k := 0; k < w.in; k += step {
		n := min(step, w.in-k)
		for i := first; i < last; i++ {
			from, to := i*panelWidth, min((i+1)*panelWidth, w.out)
			c := columns(dst, from, to)
			if to-from < panelWidth {
				c = blas32.General{Rows: x.Rows, Cols: panelWidth, Stride: panelWidth, Data: edge}
			}
			if k == 0 {
				begin(c, bias, from, to)
			}
			multiplyPanel(c, x, k, n, w.panel(i))
			if k+n < w.in {
				continue
			}
			if to-from < panelWidth {
				Copy(columns(dst, from, to), c)
			}
			if finish != nil {
				for r := range x.Rows {
					finish(Row(dst, r)[from:to])
				}
			}
		}
	}
}

// multiplyPanel adds columns k…k+n-1 of x times those rows of the panel to c, in register tiles of even height.
func multiplyPanel(c, x blas32.General, k, n int, panel []float32) {
	tiles := (x.Rows + active.rows - 1) / active.rows
	b := panel[k*panelWidth : (k+n)*panelWidth]
	for t := range tiles {
		r, end := t*x.Rows/tiles, (t+1)*x.Rows/tiles
		active.panel(end-r, n, x.Data[r*x.Stride+k:], x.Stride, b, c.Data[r*c.Stride:], c.Stride)
	}
}

// begin sets every row of c to the bias of outputs from…to-1, or to zero.
func begin(c blas32.General, bias []float32, from, to int) {
	for r := range c.Rows {
		row := Row(c, r)
		clear(row)
		if bias != nil {
			copy(row, bias[from:to])
		}
	}
}

// columns is the view of columns i up to j of m, [rows, j-i].
func columns(m blas32.General, i, j int) blas32.General {
	return blas32.General{Rows: m.Rows, Cols: j - i, Stride: m.Stride, Data: m.Data[i:]}
}
