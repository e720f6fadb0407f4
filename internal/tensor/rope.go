package tensor

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// Rotary turns the first values of each head by an angle that grows with the token's position (Su et al. 2021), in the
// rotate-half form: value i and value i + dims/2 are one pair.
type Rotary struct {
	dims     int // values of a head that turn
	base     float64
	cos, sin [][]float32 // [positions][dims/2], of the positions that have been asked for
}

// NewRotary turns by the angles position·base^(-2i/dims).
func NewRotary(dims int, base float64) *Rotary { return &Rotary{dims: dims, base: base} }

// tabulate adds the angles of positions up to positions-1 to those that are there.
func (r *Rotary) tabulate(positions int) {
	dims, base := r.dims, r.base
	for p := len(r.cos); p < positions; p++ {
		cos, sin := make([]float32, dims/2), make([]float32, dims/2)
		for i := range cos {
			// The published angles are float32 products of float32 frequencies.
			angle := float32(p) * float32(1/math.Pow(base, float64(2*i)/float64(dims)))
			s, c := math.Sincos(float64(angle))
			cos[i], sin[i] = float32(c), float32(s)
		}
		r.cos, r.sin = append(r.cos, cos), append(r.sin, sin)
	}
}

// Apply turns x [rows, heads·headDim] in place; row i stands at position first + i. It is called by one goroutine at a time.
func (r *Rotary) Apply(p *Pool, x blas32.General, headDim, first int) {
	if r.dims > headDim || x.Cols%headDim != 0 {
		panic(fmt.Sprintf("tensor: %d values of each head of %d to be turned in rows of %d", r.dims, headDim, x.Cols))
	}
	if last := first + x.Rows; last > len(r.cos) {
		const ahead = 64 // positions, so that a decoded token seldom waits for its angles
		r.tabulate(last + ahead)
	}
	if x.Rows <= rowsPerTask {
		r.rows(x, headDim, first)
		return
	}
	overRows(p, x.Rows, func(from, to int) { r.rows(Rows(x, from, to), headDim, first+from) })
}

func (r *Rotary) rows(x blas32.General, headDim, first int) {
	for i := range x.Rows {
		onRow().rotate(Row(x, i), r.cos[first+i], r.sin[first+i], headDim)
	}
}

// rotateGo turns the pairs of each head of x by the angles of one position, cos and sin [dims/2].
func rotateGo(x, cos, sin []float32, headDim int) {
	half := len(cos)
	for h := 0; h < len(x); h += headDim {
		low, high := x[h:h+half], x[h+half:h+2*half]
		for i, c := range cos {
			a, b := low[i], high[i]
			low[i], high[i] = a*c-b*sin[i], b*c+a*sin[i]
		}
	}
}
