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
	if x.Rows <= rowsPerTask {
		n.rows(dst, x)
		return
	}
	overRows(p, x.Rows, func(first, last int) { n.rows(Rows(dst, first, last), Rows(x, first, last)) })
}

func (n *LayerNorm) rows(dst, x blas32.General) {
	for i := range x.Rows {
		n.row(Row(dst, i), Row(x, i))
	}
}

func (n *LayerNorm) row(dst, x []float32) {
	k, count := onRow(), float64(len(x))
	mean := k.sum(x) / count
	variance := k.squares(x, mean) / count
	k.normalise(dst[:len(x)], x, n.Gain[:len(x)], n.Bias[:len(x)], mean, float32(1/math.Sqrt(variance+float64(n.Eps))))
}

func sumGo(x []float32) (sum float64) {
	for _, v := range x {
		sum += float64(v)
	}
	return sum
}

// squaresGo is the sum of (x - mean)².
func squaresGo(x []float32, mean float64) (sum float64) {
	for _, v := range x {
		d := float64(v) - mean
		sum += d * d
	}
	return sum
}

func normaliseGo(dst, x, gain, bias []float32, mean float64, scale float32) {
	for i, v := range x {
		dst[i] = float32((float64(v)-mean)*float64(scale))*gain[i] + bias[i]
	}
}
