package tensor

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// LayerNorm scales each row to mean 0 and variance 1 over its columns, then by Gain and Bias (Ba, Kiros and Hinton 2016).
type LayerNorm struct {
	Gain, Bias []float32 // [cols]
	Eps        float32   // added to the variance
}

// Apply sets dst to the normalised rows of x, both [rows, cols]; dst may be x.
func (n *LayerNorm) Apply(p *Pool, dst, x blas32.General) {
	p.Run(x.Rows, func(_, i int) { n.row(Row(dst, i), Row(x, i)) })
}

func (n *LayerNorm) row(dst, x []float32) {
	var sum, squares float64
	for _, v := range x {
		sum += float64(v)
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		d := float64(v) - mean
		squares += d * d
	}
	scale := 1 / math.Sqrt(squares/float64(len(x))+float64(n.Eps))
	for i, v := range x {
		dst[i] = float32((float64(v)-mean)*scale)*n.Gain[i] + n.Bias[i]
	}
}
