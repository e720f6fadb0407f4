package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is one instruction set as the kernels see it: how many floats a vector holds and which registers there are.
type isa struct {
	name   string
	lanes  int                   // floats a vector
	rows   int                   // rows of the register tile, which is two vectors wide
	turns  int                   // registers that take turns in holding a broadcast activation
	vector func() reg.VecVirtual // a fresh vector register
}

var (
	avx512 = isa{"AVX512", 16, 14, 2, ZMM}
	avx2   = isa{"AVX2", 8, 6, 1, YMM}
)

// panelWidth is the number of outputs in a packed panel.
const panelWidth = 32

// signature is that of every panel kernel.
const signature = "func(rows, k int, a *byte, lda int, b *byte, c *float32, ldc int)"

// tiles writes the beginning of a panel kernel, which jumps to the tile of its number of rows, and those tiles.
func tiles(rows int, tile func(rows int)) {
	n := Load(Param("rows"), GP64())
	for r := rows; r > 1; r-- {
		CMPQ(n, Imm(uint64(r)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", r)))
	}
	for r := 1; r <= rows; r++ {
		Label(fmt.Sprintf("rows%d", r))
		tile(r)
	}
}

// rowsOf addresses the rows of A: every third one by a register, the two after it by one and two times the stride.
type rowsOf struct {
	bases  []reg.Register
	stride reg.Register
}

func loadRows(rows int) rowsOf {
	a := rowsOf{bases: []reg.Register{Load(Param("a"), GP64())}, stride: Load(Param("lda"), GP64())}
	stride3 := GP64()
	if rows > 3 {
		LEAQ(Mem{Base: a.stride, Index: a.stride, Scale: 2}, stride3)
	}
	for len(a.bases)*3 < rows {
		next := GP64()
		LEAQ(Mem{Base: a.bases[len(a.bases)-1], Index: stride3, Scale: 1}, next)
		a.bases = append(a.bases, next)
	}
	return a
}

// at is the memory at disp bytes from where row r has come to.
func (a rowsOf) at(r, disp int) Mem {
	m := Mem{Base: a.bases[r/3], Disp: disp}
	if r%3 > 0 {
		m.Index, m.Scale = a.stride, uint8(r%3)
	}
	return m
}

// advance moves all rows on.
func (a rowsOf) advance(bytes int) {
	for _, base := range a.bases {
		ADDQ(Imm(uint64(bytes)), base)
	}
}

// eachRowOfC visits the tile's vectors in each row of C.
func eachRowOfC(i isa, rows, vectors int, visit func(r, v int, m Mem)) {
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	for r := range rows {
		for v := range vectors {
			visit(r, v, Mem{Base: c, Disp: 4 * i.lanes * v})
		}
		if r < rows-1 {
			ADDQ(ldc, c)
		}
	}
}

// tileOf takes the registers of the sums of a tile.
func tileOf(i isa, rows int) [][2]reg.VecVirtual {
	sums := make([][2]reg.VecVirtual, rows)
	for r := range sums {
		sums[r] = [2]reg.VecVirtual{i.vector(), i.vector()}
	}
	return sums
}

// ahead is how far before its use a panel is asked for, in bytes, where it comes from memory because a single row needs it once.
const ahead = 4096

// fetch asks for the cache lines of a step of a single row's loop.
func fetch(rows int, b reg.Register, bytes int) {
	if rows > 1 {
		return
	}
	for line := 0; line < bytes; line += 64 {
		PREFETCHT0(Mem{Base: b, Disp: ahead + line})
	}
}

// takeTurns takes n registers that successive activations are broadcast to.
func takeTurns(i isa, n int) []reg.VecVirtual {
	var x []reg.VecVirtual
	for range n {
		x = append(x, i.vector())
	}
	return x
}

// vdpbf16ps adds the products of the pairs of bfloat16 in x and b to the floats of sum (EVEX.512.F3.0F38.W0 52 /r).
// The assembler does not know it, and so all its registers are named ones.
func vdpbf16ps(x, b, sum int) {
	raw(fmt.Sprintf("VDPBF16PS Z%d, Z%d, Z%d", x, b, sum), evex(2, 0xf3, 0x52, sum, b, x))
}

// vcvtneps2bf16 rounds the floats of x to bfloat16 in the lower half of to (EVEX.512.F3.0F38.W0 72 /r). Subnormal numbers become zero.
func vcvtneps2bf16(x, to int) {
	raw(fmt.Sprintf("VCVTNEPS2BF16 Z%d, Y%d", x, to), evex(2, 0xf3, 0x72, to, 0, x))
}

// evex encodes an instruction on three 512-bit registers, without masks: dst, src and the last source rm.
func evex(opcodeMap, prefix byte, opcode byte, dst, src, rm int) [6]byte {
	bit := func(r, n int) byte { return ^byte(r>>n) & 1 }
	pp := map[byte]byte{0x66: 1, 0xf3: 2, 0xf2: 3}[prefix]
	return [6]byte{
		0x62,
		bit(dst, 3)<<7 | bit(rm, 4)<<6 | bit(rm, 3)<<5 | bit(dst, 4)<<4 | opcodeMap,
		^byte(src)&15<<3 | 1<<2 | pp,
		2<<5 | bit(src, 4)<<3,
		opcode,
		3<<6 | byte(dst)&7<<3 | byte(rm)&7,
	}
}

func raw(mnemonic string, b [6]byte) {
	Comment(mnemonic)
	Instruction(&ir.Instruction{Opcode: "LONG", Operands: []Op{U32(uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24)}})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []Op{U16(uint16(b[4]) | uint16(b[5])<<8)}})
}
