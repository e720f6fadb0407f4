package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Registers of the bfloat16 tile: the sums stand in Z0…Z27.
const (
	bf16B = 28 // and 29
	bf16X = 30 // and 31
)

// bf16Panel writes the kernel C += A·B on bfloat16 with float32 sums.
func bf16Panel() {
	TEXT("panelBF16DP", NOSPLIT, signature)
	Doc(fmt.Sprintf("panelBF16DP adds A·B to C for rows (1…%d) rows of A [rows, 2·k] bfloat16, lda bytes apart, and a panel B [k, %d, 2] bfloat16.", avx512.rows, panelWidth),
		"Each step adds two products to a float32; subnormal numbers count as zero.")
	tiles(avx512.rows, func(rows int) { bf16Tile(rows, 2) })
}

// bf16Narrow writes the kernel for the first half of a panel's columns.
func bf16Narrow() {
	TEXT("narrowBF16DP", NOSPLIT, signature)
	Doc("narrowBF16DP is panelBF16DP for the first 16 columns of B alone.")
	tiles(avx512.rows, func(rows int) { bf16Tile(rows, 1) })
}

func z(n int) reg.Register {
	return []reg.Register{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15, reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31}[n]
}

func bf16Tile(rows, vectors int) {
	k := Load(Param("k"), GP64())
	b := Load(Param("b"), GP64())
	a := loadRows(rows)
	eachRowOfC(avx512, rows, vectors, func(r, v int, m Mem) { VMOVUPS(m, z(2*r+v)) })

	bf16Loop(a, rows, vectors, k, b)

	eachRowOfC(avx512, rows, vectors, func(r, v int, m Mem) { VMOVUPS(z(2*r+v), m) })
	VZEROUPPER()
	RET()
}

// bf16Loop adds k steps to the sums of a tile and leaves a and b behind them.
func bf16Loop(a rowsOf, rows, vectors int, k, b reg.Register) {
	loop := fmt.Sprintf("loop%d", rows)
	Label(loop)
	fetch(rows, b, 4*panelWidth)
	for v := range vectors {
		VMOVDQU32(Mem{Base: b, Disp: 64 * v}, z(bf16B+v))
	}
	for r := range rows {
		x := bf16X + r%2
		VPBROADCASTD(a.at(r, 0), z(x))
		for v := range vectors {
			vdpbf16ps(x, bf16B+v, 2*r+v)
		}
	}
	ADDQ(Imm(4*panelWidth), b)
	a.advance(4)
	DECQ(k)
	JNZ(LabelRef(loop))
}

// bf16Panels writes the kernel C = A·B for panels that follow each other, as those of the keys do: too short for a call each.
func bf16Panels() {
	TEXT("panelsBF16DP", NOSPLIT, "func(rows, k, count int, a *byte, lda int, b *byte, c *float32, ldc int)")
	Doc(fmt.Sprintf("panelsBF16DP sets C [rows, %d·count] to the product of rows (1…%d) rows of A with count panels B that follow each other, as panelBF16DP adds it to zeros.", panelWidth, avx512.rows))
	tiles(avx512.rows, func(rows int) {
		count, b := Load(Param("count"), GP64()), Load(Param("b"), GP64())
		a := loadRows(rows)
		c, ldc := Load(Param("c"), GP64()), Load(Param("ldc"), GP64())
		SHLQ(Imm(2), ldc)
		next := fmt.Sprintf("panel%d", rows)
		Label(next)
		for sum := range 2 * rows {
			VPXORD(z(sum), z(sum), z(sum))
		}
		bf16Loop(a, rows, 2, Load(Param("k"), GP64()), b)
		row := GP64()
		MOVQ(c, row)
		for r := range rows {
			for v := range 2 {
				VMOVUPS(z(2*r+v), Mem{Base: row, Disp: 64 * v})
			}
			if r < rows-1 {
				ADDQ(ldc, row)
			}
		}
		ADDQ(U32(4*panelWidth), c)
		back := Load(Param("k"), GP64())
		SHLQ(Imm(2), back)
		for _, base := range a.bases {
			SUBQ(back, base)
		}
		DECQ(count)
		JNZ(LabelRef(next))
		VZEROUPPER()
		RET()
	})
}

// roundBF16 writes the rounding of floats to the nearest bfloat16, ties to even, that stay float32.
func roundBF16(i isa) {
	name := "roundBF16" + i.name
	TEXT(name, NOSPLIT, "func(n int, dst, x *float32)")
	Doc(fmt.Sprintf("%s sets dst[j] to x[j] rounded to bfloat16, for j below n, a multiple of %d.", name, i.lanes))
	n, dst, x := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("x"), GP64())
	round := rounder(i)
	Label("loop")
	v := i.vector()
	VMOVUPS(Mem{Base: x}, v)
	round(v)
	VPSLLD(Imm(16), v, v)
	VMOVUPS(v, Mem{Base: dst})
	ADDQ(Imm(uint64(4*i.lanes)), x)
	ADDQ(Imm(uint64(4*i.lanes)), dst)
	SUBQ(Imm(uint64(i.lanes)), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// rounder loads the constants of the rounding and returns what leaves the bfloat16 of each float in the low half of its lane.
func rounder(i isa) func(reg.VecVirtual) {
	bias, one := i.vector(), i.vector()
	constant := func(v uint32, to reg.VecVirtual) {
		g := GP32()
		MOVL(U32(v), g)
		if i.lanes == 16 {
			VPBROADCASTD(g, to)
		} else {
			VMOVD(g, to.AsX())
			VPBROADCASTD(to.AsX(), to)
		}
	}
	constant(0x7fff, bias)
	constant(1, one)
	return func(v reg.VecVirtual) {
		odd := i.vector()
		VPSRLD(Imm(16), v, odd)
		if i.lanes == 16 {
			VPANDD(one, odd, odd)
		} else {
			VPAND(one, odd, odd)
		}
		VPADDD(bias, v, v)
		VPADDD(odd, v, v)
		VPSRLD(Imm(16), v, v)
	}
}

// packBF16 writes the rounding of floats to bfloat16 that take two bytes.
func packBF16() {
	TEXT("packBF16AVX512", NOSPLIT, "func(n int, mask uint16, dst *byte, x *float32)")
	Doc("packBF16AVX512 writes x[j] rounded to bfloat16 to dst, for 16·n values and those of mask behind them, which may be none.")
	n, dst, x := Load(Param("n"), GP64()), Load(Param("dst"), GP64()), Load(Param("x"), GP64())
	g, tail := GP32(), K()
	Load(Param("mask"), g)
	KMOVW(g, tail)
	round := rounder(avx512)
	v := ZMM()
	TESTQ(n, n)
	JZ(LabelRef("tail"))
	Label("loop")
	VMOVUPS(Mem{Base: x}, v)
	round(v)
	VPMOVDW(v, Mem{Base: dst})
	ADDQ(Imm(64), x)
	ADDQ(Imm(32), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	Label("tail")
	VMOVUPS_Z(Mem{Base: x}, tail, v)
	round(v)
	VPMOVDW(v, tail, Mem{Base: dst})
	VZEROUPPER()
	RET()
}
