package tensor

// softmax sets x to exp(scale·x) over its sum. The largest value is taken off first, so that nothing overflows.
func softmax(x []float32, scale float32) {
	largest := x[0]
	for _, v := range x {
		largest = max(largest, v)
	}
	var sum float32
	for i, v := range x {
		e := exp((v - largest) * scale)
		x[i] = e
		sum += e
	}
	inverse := 1 / sum
	for i := range x {
		x[i] *= inverse
	}
}
