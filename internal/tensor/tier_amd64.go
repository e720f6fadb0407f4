package tensor

import (
	"math"
	"unsafe"

	"golang.org/x/sys/cpu"
	"gonum.org/v1/gonum/blas/blas32"
)

//go:generate go run -C _asm . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg tensor

// supported lists the tiers that this CPU can run, best first.
func supported() []kernels {
	var have []kernels
	x := cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL && x.HasFMA {
		have = append(have, avx512Kernels(x.HasAVX512BF16, x.HasAVX512VNNI))
	}
	if x.HasAVX2 && x.HasFMA && x.HasF16C {
		have = append(have, avx2Kernels())
	}
	return append(have, genericKernels)
}

// panel is the signature of the assembly that does all the columns of a panel.
type panel = func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int)

func whole(f panel) func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	return func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
		f(rows, k, &a[0], lda, &b[0], &c[0], ldc)
	}
}

func panelsBF16(rows, k, count int, a []byte, lda int, b []byte, c []float32, ldc int) {
	panelsBF16DP(rows, k, count, &a[0], lda, &b[0], &c[0], ldc)
}

// halves calls f for each half of the columns, half of unitBytes apart.
func halves(f panel, unitBytes int) func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
	return func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
		f(rows, k, &a[0], lda, &b[0], &c[0], ldc)
		f(rows, k, &a[0], lda, &b[unitBytes/2], &c[panelWidth/2], ldc)
	}
}

func avx2Kernels() kernels {
	return kernels{tier: AVX2, choices: []choice{attentionChoice()}, initTile: beginning(initTileAVX2), prefetch: prefetching, prefetchBytes: prefetchBytes, scale: scaleGo, products: [formCount]product{
		F32:  {name: "panelF32AVX2", rows: 6, blockK: 256, unit: 1, x: asF32, panel: halves(panelF32AVX2, 4*panelWidth), narrow: whole(panelF32AVX2)},
		F16:  {name: "panelF16AVX2", rows: 6, blockK: 256, unit: 1, x: asF32, panel: halves(panelF16AVX2, 2*panelWidth)},
		BF16: {name: "panelBF16AVX2", rows: 6, blockK: 256, unit: 2, x: asPairs, convert: rounding(roundBF16AVX2, 8), panel: halves(panelBF16AVX2, 4*panelWidth), narrow: whole(panelBF16AVX2)},
		Q8: {
			name: "panelQ8AVX2", rows: 2, blockK: 1024, unit: 4, x: asQ8, convert: quantizing(quantizeAVX2, q8Group, 4),
			panel: func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
				panelQ8AVX2(rows, k, &a[0], lda, &b[0], &c[0], ldc, 0)
				panelQ8AVX2(rows, k, &a[0], lda, &b[0], &c[panelWidth/2], ldc, 1)
			},
		},
		Q4: {
			name: "panelQ4AVX2", rows: 2, blockK: 1024, unit: 8, x: asQ4, convert: quantizing(quantizeAVX2, q4Group, 8),
			panel: func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
				panelQ4AVX2(rows, k, &a[0], lda, &b[0], &c[0], ldc, 0, &unsignedLevels[0])
				panelQ4AVX2(rows, k, &a[0], lda, &b[0], &c[panelWidth/2], ldc, 1, &unsignedLevels[0])
			},
		},
	}}
}

func avx512Kernels(bf16, vnni bool) kernels {
	k := avx2Kernels() // for what the CPU has no wider instructions for
	k.tier, k.choices, k.initTile, k.scale, k.appendBF16 = AVX512, nil, beginning(initTileAVX512), scaleRow, appendBF16
	pairs := k.products
	k.products[F32] = product{name: "panelF32AVX512", rows: 14, blockK: 576, unit: 1, x: asF32, panel: whole(panelF32AVX512), narrow: whole(narrowF32AVX512), folded: whole(foldedF32AVX512)}
	k.products[F16] = product{name: "panelF16AVX512", rows: 14, blockK: 512, unit: 1, x: asF32, panel: whole(panelF16AVX512), narrow: whole(narrowF16AVX512)}
	widen := product{name: "panelBF16AVX512", rows: 14, blockK: 512, unit: 2, x: asPairs, convert: rounding(roundBF16AVX512, 16), panel: whole(panelBF16AVX512)}
	k.products[BF16] = widen
	if bf16 {
		k.products[BF16] = product{name: "panelBF16DP", rows: 14, blockK: 512, unit: 2, x: asHalves, convert: halving, panel: whole(panelBF16DP), narrow: whole(narrowBF16DP), folded: whole(foldedBF16DP), panels: panelsBF16, expSum: expSumBF16}
		k.choices = append(k.choices, bf16Choice(widen))
	}
	if vnni {
		k.products[Q8] = product{name: "panelQ8VNNI", rows: 14, blockK: 4608, unit: 4, x: asQ8, convert: quantizingVNNI(q8Group, 4), panel: whole(panelQ8VNNI)}
		k.products[Q4] = product{
			name: "panelQ4VNNI", rows: 12, blockK: 4608, unit: 8, x: asQ4, convert: quantizingVNNI(q4Group, 8),
			panel: func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
				panelQ4VNNI(rows, k, &a[0], lda, &b[0], &c[0], ldc, &unsignedLevels[0])
			},
			shared: &sharedQ4,
		}
		k.choices = append(k.choices, int8Choice(pairs[Q8], pairs[Q4]))
	}
	k.choices = append(k.choices, attentionChoice())
	return k
}

// sharedQ4 is a panel of 4 bits unpacked to bytes, whose tiles have registers for their sums instead of for unpacking.
var sharedQ4 = sharedPanel{
	rows: 7, layout: layout{unit: 8, unitBytes: 8 * panelWidth, group: q4Group, groupBytes: 4 * panelWidth},
	unpack: func(k int, dst, src []byte) { unpackQ4VNNI(k, &dst[0], &src[0], &unsignedLevels[0]) },
	panel: func(rows, k int, a []byte, lda int, b []byte, c []float32, ldc int) {
		sharedQ4VNNI(rows, 2*k, &a[0], lda, &b[0], &c[0], ldc)
	},
}

func beginning(f func(rows int, c *float32, ldc int, bias *float32, add bool)) func(int, []float32, int, []float32, bool) {
	return func(rows int, c []float32, ldc int, bias []float32, add bool) { f(rows, &c[0], ldc, &bias[0], add) }
}

func prefetching(rows int, c []float32, ldc int) { prefetchTile(rows, &c[0], ldc) }

func prefetchBytes(b []byte) {
	if n := len(b) / alignment; n > 0 {
		prefetchLines(n, &b[0])
	}
}

// prefetchRows prefetches a part of each of the rows i…j-1 of m that there are, which the CPU does not prefetch itself.
func prefetchRows(m blas32.General, i, j int) {
	for ; i < min(j, m.Rows); i++ {
		prefetchLines((m.Cols*4+2*alignment-1)/alignment, (*byte)(unsafe.Pointer(&m.Data[i*m.Stride])))
	}
}

// quantizing is quantizeGo with the groups that are full done by assembly.
func quantizing(f func(groups, size int, dst *byte, x *float32), size, unit int) func([]byte, []float32) {
	return func(dst []byte, x []float32) {
		if n := len(x) / size; n > 0 {
			f(n, size, &dst[0], &x[0])
			dst, x = dst[n*(size+8):], x[n*size:]
		}
		quantizeGo(size, unit, dst, x)
	}
}

// quantizingVNNI is quantizeGo by assembly.
func quantizingVNNI(size, unit int) func([]byte, []float32) {
	return func(dst []byte, x []float32) { quantizeVNNI(len(x), size, unit, &dst[0], &x[0]) }
}

// rounding is roundBF16Go with all full vectors done by assembly.
func rounding(f func(n int, dst, x *float32), lanes int) func([]byte, []float32) {
	return func(dst []byte, x []float32) {
		n := len(x) / lanes * lanes
		if n > 0 {
			f(n, &floats(dst)[0], &x[0])
		}
		roundBF16Go(dst[4*n:], x[n:])
	}
}

// lanes is how many full vectors of 16 there are in n values, and the mask of those left.
func lanes(n int) (vectors int, rest uint16) { return n / 16, 1<<(n%16) - 1 }

// halving is halveBF16Go by assembly.
func halving(dst []byte, x []float32) {
	vectors, rest := lanes(len(x))
	packBF16AVX512(vectors, rest, &dst[0], &x[0])
	if len(x)%2 == 1 {
		dst[2*len(x)], dst[2*len(x)+1] = 0, 0
	}
}

// expSumBF16 is softmax in bfloat16 but for the division by the sum; behind an odd number of scores comes a zero.
func expSumBF16(dst []byte, scores []float32, scale float32) float32 {
	vectors, rest := lanes(len(scores))
	if len(scores)%2 == 1 {
		dst[2*len(scores)], dst[2*len(scores)+1] = 0, 0
	}
	return softmaxBF16DP(vectors, rest, &scores[0], &dst[0], scale*math.Log2E)
}

func scaleRow(dst, x []float32, f float32) {
	vectors, rest := lanes(len(dst))
	scaleAVX512(vectors, rest, &dst[0], &x[0], f)
}

// appendBF16 is appendGo with keys transposed by sixteens and values interleaved by twos.
func appendBF16(c *KV, h, first int, k, v blas32.General) {
	for i := 0; i < k.Rows; {
		if at := first + i; at%16 == 0 && i+16 <= k.Rows && c.headDim%2 == 0 {
			prefetchRows(k, i+16, i+32)
			gatherPairsAVX512(c.headDim/2, &c.keyPanel(h, at/panelWidth)[at%panelWidth*4], &Row(k, i)[0], 4*k.Stride)
			i += 16
		} else {
			c.appendKey(h, at, Row(k, i))
			i++
		}
	}
	i := 0
	if first%2 == 1 {
		c.appendValue(h, first, Row(v, 0))
		i = 1
	}
	for ; i+1 < v.Rows; i += 2 {
		prefetchRows(v, i+8, i+10)
		for d := 0; d < c.headDim; d += panelWidth {
			n := min(panelWidth, c.headDim-d)
			mask0, mask1 := uint16(1<<min(n, 16)-1), uint16(1<<max(n-16, 0)-1)
			at, panel := first+i, c.valuePanel(h, d/panelWidth)
			if c.folds(d / panelWidth) {
				foldRowsAVX512(mask0, at%4 == 2, &panel[at/4*8*foldedWidth], &Row(v, i)[d], &Row(v, i+1)[d])
			} else {
				pairRowsAVX512(mask0, mask1, &panel[at/2*4*panelWidth], &Row(v, i)[d], &Row(v, i+1)[d])
			}
		}
	}
	if i < v.Rows {
		c.appendValue(h, first+i, Row(v, i))
	}
}
