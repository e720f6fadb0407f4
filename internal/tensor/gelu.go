package tensor

import "math"

// GELUTanh sets each x to GELU(x) in the tanh form, x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks and Gimpel 2016),
// which is x over 1 + e to the power of minus twice tanh's argument.
func GELUTanh(x []float32) {
	const a, b = -2 * 0.7978845608028654, -2 * 0.7978845608028654 * 0.044715
	for i, v := range x {
		w := float64(v)
		x[i] = v / (1 + exp(float32(w*(a+b*w*w))))
	}
}

// GELUErf sets each x to GELU(x) in the exact form, x·Φ(x).
func GELUErf(x []float32) {
	for i, v := range x {
		x[i] = float32(float64(v) / 2 * math.Erfc(-float64(v)/math.Sqrt2))
	}
}
