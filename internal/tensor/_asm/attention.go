package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/mcllava/mcllava/internal/tensor/_asm/series"
)

// broadcast loads a constant into all lanes of a vector of 16.
func broadcast(v float32) reg.VecVirtual {
	g, z := GP32(), ZMM()
	MOVL(U32(math.Float32bits(v)), g)
	VPBROADCASTD(g, z)
	return z
}

// fold brings a vector of 16 down to its first lane by an operation of two vectors.
func fold(op func(a, b, to Op), v reg.VecVirtual) {
	upper := YMM()
	VEXTRACTF64X4(Imm(1), v, upper)
	op(upper, v.AsY(), v.AsY())
	VEXTRACTF128(Imm(1), v.AsY(), upper.AsX())
	op(upper.AsX(), v.AsX(), v.AsX())
	for _, shuffle := range []uint64{0x4e, 0xb1} {
		VPERMILPS(Imm(shuffle), v.AsX(), upper.AsX())
		op(upper.AsX(), v.AsX(), v.AsX())
	}
}

// softmaxBF16 writes the part of softmax that works on every score.
func softmaxBF16() {
	TEXT("softmaxBF16DP", NOSPLIT, "func(n int, mask uint16, scores *float32, dst *byte, scale float32) float32")
	Doc("softmaxBF16DP writes 2^(scale*(scores[j]-max)), within 1e-4 relative, as bfloat16 to dst for 16·n values and those of mask behind them, which may be none, and returns the sum of the unrounded powers.")
	count, mask, tail := Load(Param("n"), GP64()), GP32(), K()
	Load(Param("mask"), mask)
	KMOVW(mask, tail)
	lowest := broadcast(float32(math.Inf(-1)))

	// The largest of all, in four chains.
	x, n, chains := Load(Param("scores"), GP64()), GP64(), takeTurns(avx512, 4)
	for _, largest := range chains {
		VMOVAPS(lowest, largest)
	}
	MOVQ(count, n)
	SUBQ(Imm(4), n)
	JLT(LabelRef("few"))
	Label("largest")
	for i, largest := range chains {
		VMAXPS(Mem{Base: x, Disp: 64 * i}, largest, largest)
	}
	ADDQ(U32(256), x)
	SUBQ(Imm(4), n)
	JGE(LabelRef("largest"))
	Label("few")
	largest := chains[0]
	ADDQ(Imm(4), n)
	JZ(LabelRef("tail"))
	Label("single")
	VMAXPS(Mem{Base: x}, largest, largest)
	ADDQ(Imm(64), x)
	DECQ(n)
	JNZ(LabelRef("single"))
	Label("tail")
	v := ZMM()
	VMOVAPS(lowest, v)
	VMOVUPS(Mem{Base: x}, tail, v)
	for _, other := range append(chains[1:], v) {
		VMAXPS(other, largest, largest)
	}
	fold(func(a, b, to Op) { VMAXPS(a, b, to) }, largest)

	scale, shift := ZMM(), ZMM()
	VBROADCASTSS(NewParamAddr("scale", 32), scale)
	VBROADCASTSS(largest.AsX(), shift)
	VMULPS(scale, shift, shift)
	sum := ZMM()
	VXORPS(sum, sum, sum)
	var powers []reg.VecVirtual // of the polynomial, highest first
	for _, c := range series.Power2() {
		powers = append([]reg.VecVirtual{broadcast(float32(c))}, powers...)
	}
	// The assembler does not know the instruction that rounds, and so its registers are named ones.
	const exact, rounded = 30, 31
	half := z(rounded).(reg.VecPhysical).AsY()
	power := func(v reg.VecVirtual) {
		whole, y := ZMM(), ZMM()
		VFMSUB213PS(shift, scale, v)
		VRNDSCALEPS(Imm(0), v, whole)
		VSUBPS(whole, v, v)
		VMOVAPS(powers[0], y)
		for _, c := range powers[1:] {
			VFMADD213PS(c, v, y)
		}
		VSCALEFPS(whole, y, z(exact))
		vcvtneps2bf16(exact, rounded)
		VADDPS(z(exact), sum, sum)
	}

	dst := Load(Param("dst"), GP64())
	Load(Param("scores"), x)
	MOVQ(count, n)
	TESTQ(n, n)
	JZ(LabelRef("last"))
	Label("loop")
	VMOVUPS(Mem{Base: x}, v)
	power(v)
	VMOVDQU16(half, Mem{Base: dst})
	ADDQ(Imm(64), x)
	ADDQ(Imm(32), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("last")
	VMOVAPS(lowest, v)
	VMOVUPS(Mem{Base: x}, tail, v)
	power(v)
	VMOVDQU16(half, tail, Mem{Base: dst})
	fold(func(a, b, to Op) { VADDPS(a, b, to) }, sum)
	Store(sum.AsX(), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// pairRows writes the interleaving of two rows for a panel of bfloat16.
func pairRows() {
	TEXT("pairRowsAVX512", NOSPLIT, "func(mask0, mask1 uint16, dst *byte, even, odd *float32)")
	Doc("pairRowsAVX512 writes even[j] and odd[j], rounded to bfloat16, side by side to dst, for j in mask0 and, 16 further on, in mask1.")
	dst, even, odd := Load(Param("dst"), GP64()), Load(Param("even"), GP64()), Load(Param("odd"), GP64())
	round := rounder(avx512)
	for half, name := range []string{"mask0", "mask1"} {
		g, mask := GP32(), K()
		Load(Param(name), g)
		KMOVW(g, mask)
		v := pairOfRows(mask, Mem{Base: even, Disp: 64 * half}, Mem{Base: odd, Disp: 64 * half}, round)
		VMOVDQU32(v, mask, Mem{Base: dst, Disp: 64 * half})
	}
	VZEROUPPER()
	RET()
}

// foldRows writes the interleaving of two rows for a folded panel of bfloat16, whose steps hold two such pairs.
func foldRows() {
	TEXT("foldRowsAVX512", NOSPLIT, "func(mask uint16, second bool, dst *byte, even, odd *float32)")
	Doc("foldRowsAVX512 writes even[j] and odd[j], rounded to bfloat16, side by side to the first or second half of place j of the 8 of dst, for j in mask and zeros for the others. With a first half come zeros in the second.")
	dst, even, odd := Load(Param("dst"), GP64()), Load(Param("even"), GP64()), Load(Param("odd"), GP64())
	second, g, mask := GP8(), GP32(), K()
	Load(Param("second"), second)
	Load(Param("mask"), g)
	KMOVW(g, mask)
	v := pairOfRows(mask, Mem{Base: even}, Mem{Base: odd}, rounder(avx512))
	VPMOVZXDQ(v.AsY(), v)
	TESTB(second, second)
	JNZ(LabelRef("second"))
	VMOVDQU32(v, Mem{Base: dst})
	VZEROUPPER()
	RET()
	Label("second")
	MOVL(U32(0xaaaa), g)
	KMOVW(g, mask)
	VPSLLQ(Imm(32), v, v)
	VMOVDQU32(v, mask, Mem{Base: dst})
	VZEROUPPER()
	RET()
}

// pairOfRows loads what mask says of two rows and puts their roundings side by side.
func pairOfRows(mask reg.Register, even, odd Mem, round func(reg.VecVirtual)) reg.VecVirtual {
	low, high := ZMM(), ZMM()
	VMOVUPS_Z(even, mask, low)
	VMOVUPS_Z(odd, mask, high)
	round(low)
	round(high)
	VPSLLD(Imm(16), high, high)
	VPORD(high, low, low)
	return low
}

// gatherPairs writes the transposition of 16 rows into half of a panel of bfloat16.
func gatherPairs() {
	TEXT("gatherPairsAVX512", NOSPLIT, "func(pairs int, dst *byte, src *float32, stride int)")
	Doc("gatherPairsAVX512 writes floats 2p and 2p+1 of row j of src, rounded to bfloat16, side by side to place j of step p of dst, for 16 rows, stride bytes apart; the steps of dst are 128 bytes apart.")
	pairs, dst, src := Load(Param("pairs"), GP64()), Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	stride, rows := ZMM(), ZMM()
	VPBROADCASTD(NewParamAddr("stride", 24), stride)
	numbers := GLOBL("rowNumbers", RODATA|NOPTR)
	for j := range 16 {
		DATA(4*j, U32(uint32(j)))
	}
	VMOVDQU32(numbers, rows)
	VPMULLD(stride, rows, rows)
	round := rounder(avx512)
	Label("loop")
	pair := [2]reg.VecVirtual{ZMM(), ZMM()}
	for of, v := range pair {
		all := K()
		KXNORW(all, all, all)
		VPXORD(v, v, v)
		VGATHERDPS(Mem{Base: src, Index: rows, Scale: 1, Disp: 4 * of}, all, v)
		round(v)
	}
	VPSLLD(Imm(16), pair[1], pair[1])
	VPORD(pair[0], pair[1], pair[1])
	VMOVDQU32(pair[1], Mem{Base: dst})
	ADDQ(Imm(8), src)
	ADDQ(Imm(128), dst)
	DECQ(pairs)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// scaleRow writes dst = x·f.
func scaleRow() {
	TEXT("scaleAVX512", NOSPLIT, "func(n int, mask uint16, dst, x *float32, f float32)")
	Doc("scaleAVX512 sets dst[j] = x[j]*f for 16·n values and those of mask behind them, which may be none.")
	n, dst, x := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("x"), GP64())
	g, tail, f, v := GP32(), K(), ZMM(), ZMM()
	Load(Param("mask"), g)
	KMOVW(g, tail)
	VBROADCASTSS(NewParamAddr("f", 32), f)
	TESTQ(n, n)
	JZ(LabelRef("tail"))
	Label("loop")
	VMULPS(Mem{Base: x}, f, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(Imm(64), x)
	ADDQ(Imm(64), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("tail")
	VMOVUPS_Z(Mem{Base: x}, tail, v)
	VMULPS(v, f, v)
	VMOVUPS(v, tail, Mem{Base: dst})
	VZEROUPPER()
	RET()
}
