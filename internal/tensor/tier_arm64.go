package tensor

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// The tiers of arm64, whose vectors are of 128 bits: NEON is what every such CPU has. DotProd adds the products of bytes, summed by
// fours, of ARMv8.2, and I8MM the small matrix products of bytes of ARMv8.6.
const (
	NEON    Tier = "neon"
	DotProd Tier = "dotprod"
	I8MM    Tier = "i8mm"
)

// supported lists the tiers that this CPU can run, best first.
func supported() []kernels {
	var have []kernels
	// All of Apple's that run macOS have the instructions, but its first versions do not say so.
	if cpu.ARM64.HasASIMDDP || runtime.GOOS == "darwin" {
		if cpu.ARM64.HasI8MM {
			have = append(have, i8mmKernels())
		}
		have = append(have, dotProdKernels())
	}
	return append(have, neonKernels(), genericKernels)
}

func neonKernels() kernels {
	return kernels{tier: NEON, initTile: beginning, prefetch: prefetching, prefetchBytes: prefetchBytes, scale: scaleNEON, products: [formCount]product{
		F32:  floatSharing(F32, wideF32NEON, nil).complete(product{name: "panelF32NEON", unit: 1, x: asF32}),
		F16:  floatSharing(F16, wideF16NEON, unpackF16NEON).complete(product{name: "panelF16NEON", unit: 1, x: asF32}),
		BF16: floatSharing(BF16, wideBF16NEON, unpackBF16NEON).complete(product{name: "panelBF16NEON", unit: 2, x: asPairs, convert: rounding}),
		Q8:   intSharing(Q8, NEON, wideQ8NEON, unpackQ8NEON).complete(product{name: "panelQ8NEON", unit: 4, x: asQ8, convert: quantizing(q8Group, 4)}),
		Q4:   intSharing(Q4, NEON, withLevels(wideQ4NEON), fromLevels(unpackQ4NEON)).complete(product{name: "panelQ4NEON", unit: 8, x: asQ4, convert: quantizing(q4Group, 8)}),
	}}
}

func dotProdKernels() kernels {
	k := neonKernels()
	k.tier = DotProd
	k.products[Q8] = intSharing(Q8, DotProd, wideQ8DotProd, unpackQ8NEON).complete(product{name: "panelQ8DotProd", unit: 4, x: asQ8, convert: quantizing(q8Group, 4)})
	k.products[Q4] = intSharing(Q4, DotProd, withLevels(wideQ4DotProd), fromLevels(unpackQ4NEON)).complete(product{name: "panelQ4DotProd", unit: 8, x: asQ4, convert: quantizing(q4Group, 8)})
	return k
}

func i8mmKernels() kernels {
	k := neonKernels()
	k.tier = I8MM
	k.products[Q8] = intSharing(Q8, I8MM, wideQ8DotProd, unpackQ8I8MM).complete(product{name: "panelQ8I8MM", unit: 4, x: asQ8, convert: quantizing(q8Group, 4)})
	k.products[Q4] = intSharing(Q4, I8MM, withLevels(wideQ4DotProd), fromLevels(unpackQ4I8MM)).complete(product{name: "panelQ4I8MM", unit: 8, x: asQ4, convert: quantizing(q4Group, 8)})
	return k
}

// signedLevels is the levels as memory.
var signedLevels = (*byte)(unsafe.Pointer(&levels))

func withLevels(f func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int, levels *byte)) panelFunc {
	return func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int) {
		f(rows, k, a, lda, b, c, ldc, signedLevels)
	}
}

func fromLevels(f func(n int, dst, src, levels *byte)) func(n int, dst, src *byte) {
	return func(n int, dst, src *byte) { f(n, dst, src, signedLevels) }
}

// quantizing is quantizeGo with the groups that are full done by assembly.
func quantizing(size, unit int) func([]byte, []float32) {
	return func(dst []byte, x []float32) {
		if n := len(x) / size; n > 0 {
			quantizeNEON(n, size, &dst[0], &x[0])
			dst, x = dst[n*(size+8):], x[n*size:]
		}
		quantizeGo(size, unit, dst, x)
	}
}

// rounding is roundBF16Go with all full pairs of vectors done by assembly.
func rounding(dst []byte, x []float32) {
	n := len(x) / 8 * 8
	if n > 0 {
		roundBF16NEON(n, &floats(dst)[0], &x[0])
	}
	roundBF16Go(dst[4*n:], x[n:])
}

func beginning(rows int, c []float32, ldc int, bias []float32, add bool) {
	initTileNEON(rows, &c[0], ldc, &bias[0], add)
}

func prefetching(rows int, c []float32, ldc int) { prefetchTile(rows, &c[0], ldc) }

func prefetchBytes(b []byte) {
	if n := len(b) / alignment; n > 0 {
		prefetchLines(n, &b[0])
	}
}
