package tensor

import (
	"encoding/binary"
	"math"
)

// q8Group is the number of inputs that share a scale, in weights and in activations.
const q8Group = 128

var q8Panel = layout{unit: 4, unitBytes: 4 * panelWidth, group: q8Group, groupBytes: 4 * panelWidth}

// offset is added to quantised weights, so that they are unsigned, as the instructions want one of their operands.
const offset = 128

// packQ8 quantises one output's weights: in each group of inputs q = w·127/m to the nearest, m the largest |w|, of which
// q + offset is stored, four inputs of an output side by side, and behind the group the outputs' scales m/127.
func packQ8(panel []byte, o int, row []float32) {
	for from := 0; from < len(row); from += q8Group {
		group := row[from:min(from+q8Group, len(row))]
		data := panel[q8Panel.bytes(from):]
		scale, inverse := symmetric(group)
		for k, v := range group {
			data[k/4*4*panelWidth+4*o+k%4] = byte(offset + int(round(v*inverse)))
		}
		floats(data[q8Panel.bytes(len(group))-q8Panel.groupBytes:])[o] = scale
	}
}

func zeroQ8(panel []byte, in int) {
	for from := 0; from < in; from += q8Group {
		n := min(q8Group, in-from)
		data := panel[q8Panel.bytes(from) : q8Panel.bytes(from)+q8Panel.bytes(n)-q8Panel.groupBytes]
		for i := range data {
			data[i] = offset
		}
	}
}

// symmetric is the scale m/127 of values whose largest is ±m, and what to multiply them by to have them in -127…127.
func symmetric(x []float32) (scale, inverse float32) {
	const least = 1e-30 // so that the inverse is finite
	var m uint32        // the largest as bits, so that a NaN is larger than all
	for _, v := range x {
		m = max(m, math.Float32bits(v)&0x7fffffff)
	}
	largest := math.Float32frombits(m)
	return largest / 127, 127 / max(largest, least)
}

// round is the nearest integer, ties to even. Of NaN, which x·∞ may be, nothing is asked: the scale is then no number either.
func round(x float32) int8 { return int8(max(-128, min(127, math.RoundToEven(float64(x))))) }

// quantizeGo quantises a row of activations in groups of size: the int32 -offset·Σq, q = x·127/m as int8, filled up to a
// multiple of unit with zeros, and the float32 scale m/127.
func quantizeGo(size, unit int, dst []byte, x []float32) {
	for len(x) > 0 {
		group := x[:min(size, len(x))]
		scale, inverse := symmetric(group)
		sum, q := 0, dst[4:4+(len(group)+unit-1)/unit*unit]
		clear(q)
		for i, v := range group {
			n := round(v * inverse)
			q[i] = byte(n)
			sum += int(n)
		}
		binary.LittleEndian.PutUint32(dst, uint32(int32(-offset*sum)))
		binary.LittleEndian.PutUint32(dst[4+len(q):], math.Float32bits(scale))
		x, dst = x[len(group):], dst[8+len(q):]
	}
}

func quantizeQ8Go(dst []byte, x []float32) { quantizeGo(q8Group, 4, dst, x) }

// panelQ8Go adds the product of quantised activations and weights to C [rows, panelWidth]: k counts fours of inputs, and each
// group's sum of integers is multiplied by its two scales before it is added.
func panelQ8Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	for r := range rows {
		x, w, sums := a[r*lda:], b, c[r*ldc:r*ldc+panelWidth]
		for left := k; left > 0; left -= q8Group / 4 {
			n := 4 * min(left, q8Group/4)
			back, q, scale := int32(binary.LittleEndian.Uint32(x)), x[4:4+n], floats(x[4+n:])[0]
			scales := floats(w[n*panelWidth:])
			for j := range sums {
				sum := back
				for i, v := range q {
					sum += int32(int8(v)) * int32(w[i/4*4*panelWidth+4*j+i%4])
				}
				sums[j] += float32(sum) * scale * scales[j]
			}
			x, w = x[8+n:], w[(n+4)*panelWidth:]
		}
	}
}
