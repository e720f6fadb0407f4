package tensor

import "math"

// GELUTanh sets each x to GELU(x) in the tanh form, x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks and Gimpel 2016).
// It is NaN at -Inf, as 0·∞ is.
func GELUTanh(x []float32) { onRow().geluTanh(x) }

// GELUErf sets each x to GELU(x) in the exact form, x·Φ(x). It is NaN at -Inf, as 0·∞ is.
func GELUErf(x []float32) { onRow().geluErf(x) }

// geluTanhGo takes the tanh form as x over 1 + e to the power of minus twice tanh's argument.
func geluTanhGo(x []float32) {
	const a, b = -2 * 0.7978845608028654, -2 * 0.7978845608028654 * 0.044715
	for i, v := range x {
		w := float64(v)
		x[i] = v / (1 + exp(w*(a+b*w*w)))
	}
}

func geluErfGo(x []float32) {
	for i, v := range x {
		x[i] = float32(float64(v) / 2 * math.Erfc(-float64(v)/math.Sqrt2))
	}
}
