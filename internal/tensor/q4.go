package tensor

import (
	"encoding/binary"
	"math"
)

// q4Group is the number of inputs that share a scale.
const q4Group = 32

var q4Panel = layout{unit: 8, unitBytes: 4 * panelWidth, group: q4Group, groupBytes: 2 * panelWidth}

// levels are the sixteen values that a weight of 4 bits can have, in 1/127 of the largest. They are close together where
// weights are dense: Lloyd's algorithm on groups of 32 normal values, each with the scale that suits it best.
var levels = [16]int8{-127, -100, -79, -62, -47, -34, -21, -9, 2, 13, 24, 36, 49, 64, 83, 107}

// unsignedLevels are the levels with the offset added, as the kernels want them.
var unsignedLevels = func() (u [16]byte) {
	for i, l := range levels {
		u[i] = byte(offset + int(l))
	}
	return u
}()

// nearest is the number of the level nearest to i/2 - 128, for i below 512. Halves are enough, since the levels are integers.
var nearest = func() (n [512]byte) {
	for i := range n {
		v := float64(i)/2 - 128
		for j, l := range levels {
			if math.Abs(v-float64(l)) < math.Abs(v-float64(levels[n[i]])) {
				n[i] = byte(j)
			}
		}
	}
	return n
}()

// level is the number of the level nearest to x; of NaN it is any.
func level(x float32) byte {
	i := 2*x + 256.5
	if !(i > 0) {
		i = 0
	}
	return nearest[int(min(511, i))]
}

// packQ4 quantises one output's weights: in each group the numbers of the nearest levels, of inputs i and i+4 of eight in one
// byte, four bytes of an output side by side, and behind the group the outputs' scales as bfloat16.
func packQ4(panel []byte, o int, row []float32) {
	var group [q4Group]float32
	for from := 0; from < len(row); from += q4Group {
		n := copy(group[:], row[from:])
		clear(group[n:])
		data := panel[q4Panel.bytes(from):]
		scale := bestScale(group[:n])
		inverse := float32(0)
		if s := fromBF16(scale); s != 0 {
			inverse = 1 / s
		}
		for k := 0; k < n; k += 8 {
			for i := range 4 {
				data[k/8*4*panelWidth+4*o+i] = level(group[k+i]*inverse) | level(group[k+4+i]*inverse)<<4
			}
		}
		binary.LittleEndian.PutUint16(data[q4Panel.bytes(n)-q4Panel.groupBytes+2*o:], scale)
	}
}

// bestScale is the scale, as bfloat16, with the least squared error of those that bring the largest value near either end of
// the levels.
func bestScale(x []float32) uint16 {
	var largest float32
	for _, v := range x {
		if max(v, -v) > max(largest, -largest) {
			largest = v
		}
	}
	best, least := uint16(0), float32(math.Inf(1))
	for _, end := range [2]int8{levels[0], levels[len(levels)-1]} {
		for _, stretch := range [...]float32{0.88, 0.94, 1, 1.06, 1.12} {
			scale := toBF16(largest / float32(end) * stretch)
			s := fromBF16(scale)
			inverse, squares := 1/s, float32(0)
			if math.IsInf(float64(inverse), 0) { // of zeros, and of weights as good as zero
				continue
			}
			for _, v := range x {
				d := v - s*float32(levels[level(v*inverse)])
				squares += d * d
			}
			if squares < least {
				best, least = scale, squares
			}
		}
	}
	return best
}

func quantizeQ4Go(dst []byte, x []float32) { quantizeGo(q4Group, 8, dst, x) }

// panelQ4Go is panelQ8Go for weights of 4 bits: k counts eights of inputs.
func panelQ4Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	for r := range rows {
		x, w, sums := a[r*lda:], b, c[r*ldc:r*ldc+panelWidth]
		for left := k; left > 0; left -= q4Group / 8 {
			n := 8 * min(left, q4Group/8)
			back, q, scale := int32(binary.LittleEndian.Uint32(x)), x[4:4+n], floats(x[4+n:])[0]
			scales := w[n/2*panelWidth:]
			for j := range sums {
				sum := back
				for i, v := range q {
					number := w[i/8*4*panelWidth+4*j+i%4] >> (i % 8 / 4 * 4) & 15
					sum += int32(int8(v)) * int32(unsignedLevels[number])
				}
				sums[j] += float32(sum) * scale * fromBF16(binary.LittleEndian.Uint16(scales[2*j:]))
			}
			x, w = x[8+n:], w[(n/2+2)*panelWidth:]
		}
	}
}
