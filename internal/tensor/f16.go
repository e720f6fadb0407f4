package tensor

import (
	"encoding/binary"
	"math"
)

func packF16(panel []byte, o int, row []float32) {
	for k, v := range row {
		binary.LittleEndian.PutUint16(panel[2*(k*panelWidth+o):], toF16(v))
	}
}

// toF16 rounds to the nearest float16, ties to even.
func toF16(x float32) uint16 {
	bits := math.Float32bits(x)
	sign, magnitude := uint16(bits>>16&0x8000), bits&0x7fffffff
	switch {
	case magnitude > 0x7f800000:
		return sign | 0x7e00
	case magnitude >= 0x477ff000: // 65520, halfway from the largest to the next power of 2
		return sign | 0x7c00
	case magnitude < 0x38800000: // subnormal: let an addition round at the last place of float16's smallest
		return sign | uint16(math.Float32bits(math.Float32frombits(magnitude)+0.5)-math.Float32bits(0.5))
	}
	return sign | uint16((magnitude+0xfff+magnitude>>13&1-0x38000000)>>13)
}

// fromF16 is exact.
func fromF16(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(fraction)/(1<<24)))
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// panelF16Go is panelF32Go for weights in float16.
func panelF16Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	var weights [panelWidth]float32
	for t := range k {
		for j := range weights {
			weights[j] = fromF16(binary.LittleEndian.Uint16(b[2*(t*panelWidth+j):]))
		}
		for r := range rows {
			x, sums := floats(a[r*lda:])[t], c[r*ldc:r*ldc+panelWidth]
			for j, w := range weights {
				sums[j] += x * w
			}
		}
	}
}
