package tensor

import "math"

// exp is eˣ within 1e-7 relative, for softmax and the sigmoid of GELU: x = n·ln 2 + r with |r| ≤ ln 2 / 2, and the Taylor
// series of eʳ to the seventh power. Results below the smallest normal float32 are zero.
func exp(x float64) float32 {
	const lowest, most = -87.33654, 88.72283
	switch {
	case x < lowest:
		return 0
	case x > most:
		return float32(math.Inf(1))
	case x != x:
		return float32(x)
	}
	n := math.RoundToEven(x * math.Log2E)
	r := float32(x - n*math.Ln2)
	y := 1 + r*(1+r*(1.0/2+r*(1.0/6+r*(1.0/24+r*(1.0/120+r*(1.0/720+r*(1.0/5040)))))))
	// 2¹²⁸ is out of range: scale in two steps.
	half := int32(n) >> 1
	return y * power2(half) * power2(int32(n)-half)
}

// power2 is 2ⁿ for -126 ≤ n ≤ 127.
func power2(n int32) float32 { return math.Float32frombits(uint32(n+127) << 23) }
