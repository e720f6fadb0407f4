package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The integer kernels go group by group of inputs. In a group's part of a row of A stand the int32 that takes the offset of
// the weights back, the activations as int8 and their float32 scale; in its part of the panel stand the weights as uint8,
// four inputs of each output side by side, and the outputs' scales.

const intDoc = "The weights of a group are unsigned, 128 too large; the first number of a group of A is -128 times the sum of its int8."

// groups writes a loop over groups, in which start and end frame a loop of steps, and what comes after it.
func groups(rows, group int, a rowsOf, start, step, end func(), after ...func()) {
	k := Load(Param("k"), GP64())
	n, most := GP64(), GP64()
	next, loop := fmt.Sprintf("group%d", rows), fmt.Sprintf("loop%d", rows)
	Label(next)
	MOVQ(k, n)
	MOVQ(U32(uint32(group)), most)
	CMPQ(n, most)
	CMOVQGT(most, n)
	SUBQ(n, k)
	start()
	a.advance(4)
	Label(loop)
	step()
	DECQ(n)
	JNZ(LabelRef(loop))
	end()
	a.advance(4)
	TESTQ(k, k)
	JNZ(LabelRef(next))
	for _, f := range after {
		f()
	}
	VZEROUPPER()
	RET()
}

// offsets sets the sums of each row to its first number of the group.
func offsets(a rowsOf, sums [][2]reg.VecVirtual) {
	for r := range sums {
		VPBROADCASTD(a.at(r, 0), sums[r][0])
		VMOVDQA64(sums[r][0], sums[r][1])
	}
}

// rescale adds the sums of a group, times the scales of rows and outputs, to C.
func rescale(a rowsOf, sums [][2]reg.VecVirtual, scales [2]reg.VecVirtual, x []reg.VecVirtual) {
	eachRowOfC(avx512, len(sums), 2, func(r, v int, m Mem) {
		xr, sum := x[r%len(x)], sums[r][v]
		if v == 0 {
			VBROADCASTSS(a.at(r, 0), xr)
		}
		VCVTDQ2PS(sum, sum)
		VMULPS(xr, sum, sum)
		VFMADD213PS(m, scales[v], sum)
		VMOVUPS(sum, m)
	})
}

// q8Panel writes the kernel C += A·B on groups of 128 int8 with int32 sums.
func q8Panel() {
	TEXT("panelQ8VNNI", NOSPLIT, signature)
	Doc(fmt.Sprintf("panelQ8VNNI adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and a panel B in groups of 128 inputs; k counts fours of inputs.", avx512.rows), intDoc)
	tiles(avx512.rows, func(rows int) {
		b := Load(Param("b"), GP64())
		a := loadRows(rows)
		sums := tileOf(avx512, rows)
		x := takeTurns(avx512, 2)
		w := [2]reg.VecVirtual{ZMM(), ZMM()}
		groups(rows, 32, a, func() { offsets(a, sums) }, func() { q8Step(rows, a, b, sums, w, x) }, func() {
			fetch(rows, b, 128)
			VMOVUPS(Mem{Base: b}, w[0])
			VMOVUPS(Mem{Base: b, Disp: 64}, w[1])
			ADDQ(Imm(128), b)
			rescale(a, sums, w, x)
		})
	})
}

// q8Step writes the products of four inputs of each row and output.
func q8Step(rows int, a rowsOf, b reg.Register, sums [][2]reg.VecVirtual, w [2]reg.VecVirtual, x []reg.VecVirtual) {
	fetch(rows, b, 128)
	VMOVDQU32(Mem{Base: b}, w[0])
	VMOVDQU32(Mem{Base: b, Disp: 64}, w[1])
	for r := range rows {
		xr := x[r%len(x)]
		VPBROADCASTD(a.at(r, 0), xr)
		VPDPBUSD(xr, w[0], sums[r][0])
		VPDPBUSD(xr, w[1], sums[r][1])
	}
	ADDQ(Imm(128), b)
	a.advance(4)
}

// sharedRows is the height of a tile that has registers for C as well: in groups of 32 inputs, a pass over C for each group costs more
// than the loads of a lower tile.
const sharedRows = 7

// sharedQ4 writes the kernel C += A·B on groups of 32 inputs with weights that unpackQ4 has unpacked.
func sharedQ4() {
	TEXT("sharedQ4VNNI", NOSPLIT, signature)
	Doc(fmt.Sprintf("sharedQ4VNNI adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and what unpackQ4VNNI writes of a panel; k counts fours of inputs.", sharedRows), intDoc)
	tiles(sharedRows, func(rows int) {
		b := Load(Param("b"), GP64())
		a := loadRows(rows)
		sums, c := tileOf(avx512, rows), tileOf(avx512, rows)
		x := takeTurns(avx512, 2)
		w := [2]reg.VecVirtual{ZMM(), ZMM()}
		eachRowOfC(avx512, rows, 2, func(r, v int, m Mem) { VMOVUPS(m, c[r][v]) })
		groups(rows, 8, a, func() { offsets(a, sums) }, func() { q8Step(rows, a, b, sums, w, x) }, func() {
			VMOVUPS(Mem{Base: b}, w[0])
			VMOVUPS(Mem{Base: b, Disp: 64}, w[1])
			ADDQ(Imm(128), b)
			for r := range rows {
				xr := x[r%len(x)]
				VBROADCASTSS(a.at(r, 0), xr)
				for v, sum := range sums[r] {
					VCVTDQ2PS(sum, sum)
					VMULPS(xr, sum, sum)
					VFMADD231PS(w[v], sum, c[r][v])
				}
			}
		}, func() {
			eachRowOfC(avx512, rows, 2, func(r, v int, m Mem) { VMOVUPS(c[r][v], m) })
		})
	})
}

// unpackQ4 writes the unpacking of a part of a panel of 4 bits, which many rows then share.
func unpackQ4() {
	TEXT("unpackQ4VNNI", NOSPLIT, "func(k int, dst, src, levels *byte)")
	Doc("unpackQ4VNNI writes k eights of inputs of a panel in 4 bits as sharedQ4VNNI takes them: each group's weights as bytes, four inputs of an output side by side, and its scales as float32.")
	k, dst, src := Load(Param("k"), GP64()), Load(Param("dst"), GP64()), Load(Param("src"), GP64())
	levels, mask, nibble := ZMM(), ZMM(), GP32()
	VBROADCASTI32X4(Mem{Base: Load(Param("levels"), GP64())}, levels)
	MOVL(U32(0x0f0f0f0f), nibble)
	VPBROADCASTD(nibble, mask)
	n, most := GP64(), GP64()
	MOVQ(U32(4), most)
	Label("group")
	MOVQ(k, n)
	CMPQ(n, most)
	CMOVQGT(most, n)
	SUBQ(n, k)
	Label("loop")
	for v := range 2 {
		packed, low := ZMM(), ZMM()
		VMOVDQU32(Mem{Base: src, Disp: 64 * v}, packed)
		VPANDD(mask, packed, low)
		VPSHUFB(low, levels, low)
		VMOVDQU32(low, Mem{Base: dst, Disp: 64 * v})
		VPSRLW(Imm(4), packed, packed)
		VPANDD(mask, packed, packed)
		VPSHUFB(packed, levels, packed)
		VMOVDQU32(packed, Mem{Base: dst, Disp: 128 + 64*v})
	}
	ADDQ(U32(128), src)
	ADDQ(U32(256), dst)
	DECQ(n)
	JNZ(LabelRef("loop"))
	for v := range 2 {
		scales := ZMM()
		VPMOVZXWD(Mem{Base: src, Disp: 32 * v}, scales)
		VPSLLD(Imm(16), scales, scales)
		VMOVDQU32(scales, Mem{Base: dst, Disp: 64 * v})
	}
	ADDQ(Imm(64), src)
	ADDQ(U32(128), dst)
	TESTQ(k, k)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

// q4Rows is the height of the 4-bit tile, which needs four more registers to unpack weights in.
const q4Rows = 12

// q4Panel writes the kernel C += A·B on groups of 32 inputs with weights of 4 bits.
func q4Panel() {
	TEXT("panelQ4VNNI", NOSPLIT, "func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int, levels *byte)")
	Doc(fmt.Sprintf("panelQ4VNNI adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and a panel B in groups of 32 inputs; k counts eights of inputs.", q4Rows), intDoc,
		"A byte of B holds an input in its low half and the fourth one after that in its high half, each the number of one of 16 levels.")
	tiles(q4Rows, func(rows int) {
		b := Load(Param("b"), GP64())
		levels := ZMM()
		VBROADCASTI32X4(Mem{Base: Load(Param("levels"), GP64())}, levels)
		mask, nibble := ZMM(), GP32()
		MOVL(U32(0x0f0f0f0f), nibble)
		VPBROADCASTD(nibble, mask)
		a := loadRows(rows)
		sums := tileOf(avx512, rows)
		x := takeTurns(avx512, 2)
		w, packed := [2]reg.VecVirtual{ZMM(), ZMM()}, [2]reg.VecVirtual{ZMM(), ZMM()}
		groups(rows, 4, a, func() { offsets(a, sums) }, func() {
			fetch(rows, b, 128)
			for half := range 2 {
				for v := range w {
					if half == 0 {
						VMOVDQU32(Mem{Base: b, Disp: 64 * v}, packed[v])
					} else {
						VPSRLW(Imm(4), packed[v], packed[v])
					}
					VPANDD(mask, packed[v], w[v])
					VPSHUFB(w[v], levels, w[v])
				}
				for r := range rows {
					xr := x[r%len(x)]
					VPBROADCASTD(a.at(r, 4*half), xr)
					VPDPBUSD(xr, w[0], sums[r][0])
					VPDPBUSD(xr, w[1], sums[r][1])
				}
			}
			ADDQ(Imm(128), b)
			a.advance(8)
		}, func() {
			fetch(rows, b, 64)
			for v := range w {
				VPMOVZXWD(Mem{Base: b, Disp: 32 * v}, w[v])
				VPSLLD(Imm(16), w[v], w[v])
			}
			ADDQ(Imm(64), b)
			rescale(a, sums, w, x)
		})
	})
}

// intRowsAVX2 is the height of the AVX2 tile: two rows of 16 outputs, each sum in two halves.
const intRowsAVX2 = 2

// intPanelAVX2 writes the kernel C += A·B on groups of 128 inputs with weights of 8 bits, or of 32 with weights of 4 bits.
// Weights and activations are widened to 16 bits, since the sums of VPMADDUBSW would saturate.
func intPanelAVX2(bits int) {
	name, size, params := fmt.Sprintf("panelQ%dAVX2", bits), 128, "func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int, half int)"
	if bits == 4 {
		size, params = 32, "func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int, half int, levels *byte)"
	}
	TEXT(name, NOSPLIT, params)
	Doc(fmt.Sprintf("%s adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and the first (half 0) or last 16 (half 1) outputs of a panel B in groups of %d inputs; k counts %s of inputs.",
		name, intRowsAVX2, size, map[int]string{8: "fours", 4: "eights"}[bits]), intDoc)
	tiles(intRowsAVX2, func(rows int) { intTileAVX2(bits, rows) })
}

func intTileAVX2(bits, rows int) {
	b, scales := Load(Param("b"), GP64()), Load(Param("half"), GP64())
	skip := GP64()
	MOVQ(scales, skip)
	SHLQ(Imm(6), skip)
	ADDQ(skip, b)
	if bits == 8 { // the halves of the scales are 64 bytes apart as well
		XORQ(scales, scales)
	} else {
		SHLQ(Imm(5), scales)
		SUBQ(skip, scales)
	}
	levels, mask := XMM(), XMM()
	if bits == 4 {
		VMOVDQU(Mem{Base: Load(Param("levels"), GP64())}, levels)
		nibble := GP32()
		MOVL(U32(0x0f0f0f0f), nibble)
		VMOVD(nibble, mask)
		VPBROADCASTD(mask, mask)
	}
	a := loadRows(rows)
	sums := make([][4]reg.VecVirtual, rows)
	x := takeTurns(avx2, rows)
	for r := range sums {
		sums[r] = [4]reg.VecVirtual{YMM(), YMM(), YMM(), YMM()}
	}
	w, product := YMM(), YMM()
	group := 32
	if bits == 4 {
		group = 4
	}
	groups(rows, group, a, func() {
		for r := range rows {
			VPBROADCASTD(a.at(r, 0), product.AsX())
			VPMOVZXDQ(product.AsX(), sums[r][0])
			for q := 1; q < 4; q++ {
				VMOVDQA(sums[r][0], sums[r][q])
			}
		}
	}, func() {
		for half := range 8 / bits {
			for r := range rows {
				VPBROADCASTD(a.at(r, 4*half), x[r].AsX())
				VPMOVSXBW(x[r].AsX(), x[r])
			}
			for q := range 4 {
				m := Mem{Base: b, Disp: 16 * q}
				if bits == 8 {
					VPMOVZXBW(m, w)
				} else {
					VMOVDQU(m, w.AsX())
					if half == 1 {
						VPSRLW(Imm(4), w.AsX(), w.AsX())
					}
					VPAND(mask, w.AsX(), w.AsX())
					VPSHUFB(w.AsX(), levels, w.AsX())
					VPMOVZXBW(w.AsX(), w)
				}
				for r := range rows {
					VPMADDWD(x[r], w, product)
					VPADDD(product, sums[r][q], sums[r][q])
				}
			}
		}
		ADDQ(Imm(128), b)
		a.advance(32 / bits)
	}, func() {
		eachRowOfC(avx2, rows, 2, func(r, v int, m Mem) {
			sum := sums[r][2*v]
			VPHADDD(sums[r][2*v+1], sum, sum)
			VPERMQ(Imm(0xd8), sum, sum)
			VCVTDQ2PS(sum, sum)
			VBROADCASTSS(a.at(r, 0), product)
			VMULPS(product, sum, sum)
			if bits == 8 {
				VMOVUPS(Mem{Base: b, Disp: 32 * v}, w)
			} else {
				VPMOVZXWD(Mem{Base: b, Index: scales, Scale: 1, Disp: 16 * v}, w)
				VPSLLD(Imm(16), w, w)
			}
			VFMADD213PS(m, w, sum)
			VMOVUPS(sum, m)
		})
		ADDQ(Imm(uint64(16*bits)), b)
	})
}
