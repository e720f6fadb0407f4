// Package tensor holds the matrices of the model and the arithmetic on them.
//
// Activations are float32 matrices of gonum, [blas32.General], row-major, one row a token. A weight is a [Weight], packed
// for the kernels of the CPU at hand; see [Tier]. Every operation has a plain Go version, which says what it computes and
// against which the assembly is tested.
package tensor

import "gonum.org/v1/gonum/blas/blas32"

// pageFloats is the number of floats of a page, the stretch of memory that says which place of the first-level cache a float has.
const pageFloats = 4096 / 4

// New returns a zero matrix [rows, cols]. Its rows follow each other, unless they would all begin at the same place of a page: as
// they then compete for the same few places of the first-level cache, they are a cache line further apart.
func New(rows, cols int) blas32.General {
	stride := cols
	if rows > 1 && cols%pageFloats == 0 {
		stride += alignment / 4
	}
	return blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: make([]float32, max(0, rows-1)*stride+min(rows, 1)*cols)}
}

// Row is row i of m, [cols].
func Row(m blas32.General, i int) []float32 {
	return m.Data[i*m.Stride : i*m.Stride+m.Cols : i*m.Stride+m.Cols]
}

// Rows is the view of rows i up to j of m, [j-i, cols].
func Rows(m blas32.General, i, j int) blas32.General {
	if i == j {
		return blas32.General{Cols: m.Cols, Stride: m.Stride}
	}
	return blas32.General{Rows: j - i, Cols: m.Cols, Stride: m.Stride, Data: m.Data[i*m.Stride : (j-1)*m.Stride+m.Cols]}
}

// Values is m row after row, [rows·cols], without what New leaves between rows: m's own memory where there is nothing.
func Values(m blas32.General) []float32 {
	if m.Rows <= 1 || m.Stride == m.Cols {
		return m.Data[:m.Rows*m.Cols]
	}
	values := make([]float32, 0, m.Rows*m.Cols)
	for i := range m.Rows {
		values = append(values, Row(m, i)...)
	}
	return values
}

// Copy sets dst to src, both [rows, cols].
func Copy(dst, src blas32.General) {
	for i := range src.Rows {
		copy(Row(dst, i), Row(src, i))
	}
}

// Add sets dst += src, both [rows, cols].
func Add(dst, src blas32.General) {
	for i := range src.Rows {
		onRow().add(Row(dst, i)[:src.Cols], Row(src, i))
	}
}

func addGo(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}
