package tensor

import "encoding/binary"

// packBF16 puts two inputs of an output side by side.
func packBF16(panel []byte, o int, row []float32) {
	for k, v := range row {
		binary.LittleEndian.PutUint16(panel[2*(k/2*2*panelWidth+2*o+k%2):], toBF16(v))
	}
}

// roundBF16Go rounds activations to bfloat16 and leaves them float32; behind an odd number of them comes a zero.
func roundBF16Go(dst []byte, x []float32) {
	d := floats(dst)
	for i, v := range x {
		d[i] = fromBF16(toBF16(v))
	}
	if len(x)%2 == 1 {
		d[len(x)] = 0
	}
}

// panelBF16Go is panelF32Go for weights in bfloat16 and activations rounded to it: k counts pairs of inputs.
func panelBF16Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	for r := range rows {
		sums := c[r*ldc : r*ldc+panelWidth]
		for t, x := range floats(a[r*lda:])[:2*k] {
			weights := b[t/2*4*panelWidth+t%2*2:]
			for j := range sums {
				sums[j] += x * fromBF16(binary.LittleEndian.Uint16(weights[4*j:]))
			}
		}
	}
}

// foldedBF16Go is panelBF16Go for a folded panel [k, foldedWidth, 4]; k counts fours of inputs, which have sums by pairs.
func foldedBF16Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	for r := range rows {
		var sums [2 * foldedWidth]float32
		for t, x := range floats(a[r*lda:])[:4*k] {
			weights := b[t/4*8*foldedWidth+t%4*2:]
			for j := range foldedWidth {
				sums[2*j+t%4/2] += x * fromBF16(binary.LittleEndian.Uint16(weights[8*j:]))
			}
		}
		addFolded(c[r*ldc:], sums)
	}
}

// halveBF16Go rounds activations to bfloat16 of two bytes; behind an odd number of them comes a zero.
func halveBF16Go(dst []byte, x []float32) {
	for i, v := range x {
		binary.LittleEndian.PutUint16(dst[2*i:], toBF16(v))
	}
	if len(x)%2 == 1 {
		binary.LittleEndian.PutUint16(dst[2*len(x):], 0)
	}
}
