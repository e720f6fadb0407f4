package tensor

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// Rotary turns the first values of each head by an angle that grows with the token's position (Su et al. 2021), in the
// rotate-half form: value i and value i + dims/2 are one pair.
type Rotary struct {
	dims     int         // values of a head that turn
	cos, sin [][]float32 // [positions][dims/2]
}

// NewRotary tabulates the angles position·base^(-2i/dims) for positions 0…positions-1.
func NewRotary(dims, positions int, base float64) *Rotary {
	r := &Rotary{dims: dims}
	for p := range positions {
		cos, sin := make([]float32, dims/2), make([]float32, dims/2)
		for i := range cos {
			// The published angles are float32 products of float32 frequencies.
			angle := float32(p) * float32(1/math.Pow(base, float64(2*i)/float64(dims)))
			s, c := math.Sincos(float64(angle))
			cos[i], sin[i] = float32(c), float32(s)
		}
		r.cos, r.sin = append(r.cos, cos), append(r.sin, sin)
	}
	return r
}

// Apply turns x [rows, heads·headDim] in place; row i stands at position first + i.
func (r *Rotary) Apply(x blas32.General, headDim, first int) {
	half := r.dims / 2
	for i := range x.Rows {
		row, cos, sin := Row(x, i), r.cos[first+i], r.sin[first+i]
		for h := 0; h < x.Cols; h += headDim {
			low, high := row[h:h+half], row[h+half:h+r.dims]
			for j, c := range cos {
				a, b := low[j], high[j]
				low[j], high[j] = a*c-b*sin[j], b*c+a*sin[j]
			}
		}
	}
}
