package tensor

import "math"

// softmax sets x, which is not empty, to exp(scale·x) over its sum, for scale > 0. The largest value is taken off first, so
// that nothing overflows. A NaN or +Inf among the values makes all of them NaN.
func softmax(x []float32, scale float32) {
	k := onRow()
	sum := k.exps(x, k.largest(x), scale)
	k.multiply(x, float32(1/sum))
}

func largestGo(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// expsGo sets each x to exp(scale·(x - largest)) and returns their sum.
func expsGo(x []float32, largest, scale float32) (sum float64) {
	for i, v := range x {
		x[i] = exp((float64(v) - float64(largest)) * float64(scale))
		sum += float64(x[i])
	}
	return sum
}

func multiplyGo(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}
