// Package series has the polynomials that kernels of every architecture take.
package series

import "math"

// Constants of the tail of the normal distribution; see Tail.
const (
	TailCentre   = 3  // where the argument is zero
	TailFarthest = 14 // beyond it exp(-z²/2) is less than the smallest float32
	tailDegree   = 10 // the polynomial is within 2e-9 relative
)

// Tail is the polynomial P in t = (z - TailCentre)/(z + TailCentre), lowest power first, with which the tail of the normal distribution,
// erfc(z/√2)/2 for z ≥ 0, is exp(-z²/2)·P(t)/(z + TailCentre) (after Shepherd and Laframboise 1981). It meets
// (z + TailCentre)·exp(z²/2)·erfc(z/√2)/2 at the Chebyshev nodes of 0 ≤ z ≤ TailFarthest, in Newton's form multiplied out.
func Tail() []float64 {
	lowest, highest := -1.0, float64(TailFarthest-TailCentre)/(TailFarthest+TailCentre)
	t, newton := make([]float64, tailDegree+1), make([]float64, tailDegree+1)
	for k := range t {
		t[k] = (lowest+highest)/2 + (highest-lowest)/2*math.Cos(math.Pi*(float64(k)+0.5)/(tailDegree+1))
		z := TailCentre * (1 + t[k]) / (1 - t[k])
		newton[k] = (z + TailCentre) * math.Exp(z*z/2) * math.Erfc(z/math.Sqrt2) / 2
	}
	return multipliedOut(t, newton)
}

// multipliedOut is the polynomial, lowest power first, that has the given values at x, by Newton's divided differences, for which it
// takes the place of the values.
func multipliedOut(x, values []float64) []float64 {
	degree := len(x) - 1
	for order := 1; order <= degree; order++ {
		for k := degree; k >= order; k-- {
			values[k] = (values[k] - values[k-1]) / (x[k] - x[k-order])
		}
	}
	series := make([]float64, degree+1)
	for k := degree; k >= 0; k-- {
		for power := degree; power > 0; power-- {
			series[power] = series[power-1] - x[k]*series[power]
		}
		series[0] = values[k] - x[k]*series[0]
	}
	return series
}

// Power2 is the polynomial of degree 3, lowest power first, that meets 2^x at the Chebyshev nodes of |x| ≤ 1/2, in Newton's form multiplied
// out: within 1e-4 relative there, a fortieth of what bfloat16 rounds by.
func Power2() []float64 {
	const degree = 3
	x, newton := make([]float64, degree+1), make([]float64, degree+1)
	for k := range x {
		x[k] = math.Cos(math.Pi*(float64(k)+0.5)/(degree+1)) / 2
		newton[k] = math.Exp2(x[k])
	}
	return multipliedOut(x, newton)
}

// Exponential is the Taylor series of eˣ, lowest power first: to the seventh power it serves |x| ≤ ln 2 / 2 in float32.
func Exponential() []float64 {
	var series []float64
	for k, factorial := 0, 1.0; k <= 7; k++ {
		series = append(series, 1/factorial)
		factorial *= float64(k + 1)
	}
	return series
}

// Constants of eˣ = 2ⁿ·eʳ, x = n·ln 2 + r.
const (
	Ln2High = 0.693145751953125 // the first 16 bits of ln 2, so that n times it is exact
	Ln2Low  = math.Ln2 - Ln2High
	Lowest  = -87.33654 // the logarithm of the smallest normal float32
)
