package tensor

func packF32(panel []byte, o int, row []float32) {
	p := floats(panel)
	for k, v := range row {
		p[k*panelWidth+o] = v
	}
}

// panelF32Go is the product that every panel kernel computes: C += A·B with A [rows, k], B [k, panelWidth] and
// C [rows, panelWidth], each sum in order of k. A has lda bytes a row, C ldc floats. The kernels of the other tiers fuse each
// multiplication with its addition, and so round once where this rounds twice.
func panelF32Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	weights := floats(b)
	for r := range rows {
		sums := c[r*ldc : r*ldc+panelWidth]
		for t, x := range floats(a[r*lda:])[:k] {
			for j, w := range weights[t*panelWidth : (t+1)*panelWidth] {
				sums[j] += x * w
			}
		}
	}
}

// foldedF32Go is panelF32Go for a folded panel [k, foldedWidth, 2]; k counts pairs of inputs. The even and the odd ones have sums of
// their own.
func foldedF32Go(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	weights := floats(b)
	for r := range rows {
		var sums [2 * foldedWidth]float32
		for t, x := range floats(a[r*lda:])[:2*k] {
			for j := range foldedWidth {
				sums[2*j+t%2] += x * weights[t/2*2*foldedWidth+2*j+t%2]
			}
		}
		addFolded(c[r*ldc:], sums)
	}
}

func addFolded(c []float32, sums [2 * foldedWidth]float32) {
	for j := range foldedWidth {
		c[j] += sums[2*j] + sums[2*j+1]
	}
}
