// Command asm writes the assembly of package tensor with avo. It is run by go generate in the folder above.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64")
	panel(avx512)
	panel(avx2)
	peak(avx512)
	peak(avx2)
	Generate()
}

// isa is one instruction set as the kernels see it: how many floats a vector holds and which registers there are.
type isa struct {
	name      string
	lanes     int                   // floats a vector
	rows      int                   // rows of the register tile, which is two vectors wide
	broadcast int                   // registers that take turns in holding a broadcast activation
	vector    func() reg.VecVirtual // a fresh vector register
}

var (
	avx512 = isa{"AVX512", 16, 14, 2, ZMM}
	avx2   = isa{"AVX2", 8, 6, 1, YMM}
)

// panelWidth is the number of outputs, and so of floats a step of K, in a packed panel.
const panelWidth = 32

// panel writes the kernel C += A·B for 1…rows rows of A and two vectors of columns of B.
// Both operands are read in order of k and every sum is one chain of fused multiply-adds, so its bits depend on k alone.
func panel(i isa) {
	TEXT("panel"+i.name, NOSPLIT, "func(rows, k int, a *float32, lda int, b *float32, c *float32, ldc int)")
	Doc(fmt.Sprintf("panel%s adds A·B to C: for each of rows (1…%d) rows r and %d columns j, c[r*ldc+j] += a[r*lda+t]*b[t*%d+j], t = 0…k-1 in order.", i.name, i.rows, 2*i.lanes, panelWidth),
		"It reads k*"+fmt.Sprint(panelWidth)+" floats of b but for the last step's columns that it does not compute.")
	rows := Load(Param("rows"), GP64())
	for n := i.rows; n > 1; n-- {
		CMPQ(rows, Imm(uint64(n)))
		JEQ(LabelRef(fmt.Sprintf("rows%d", n)))
	}
	for n := 1; n <= i.rows; n++ {
		Label(fmt.Sprintf("rows%d", n))
		tile(i, n)
	}
}

// tile is the body of panel for a fixed number of rows.
func tile(i isa, rows int) {
	k := Load(Param("k"), GP64())
	a := Load(Param("a"), GP64())
	lda := Load(Param("lda"), GP64())
	b := Load(Param("b"), GP64())
	SHLQ(Imm(2), lda)

	// Rows are addressed from every third row, by one and two times the stride.
	bases := []reg.Register{a}
	stride3 := GP64()
	if rows > 3 {
		LEAQ(Mem{Base: lda, Index: lda, Scale: 2}, stride3)
	}
	for len(bases)*3 < rows {
		next := GP64()
		LEAQ(Mem{Base: bases[len(bases)-1], Index: stride3, Scale: 1}, next)
		bases = append(bases, next)
	}
	at := func(r int) Mem {
		m := Mem{Base: bases[r/3]}
		if r%3 > 0 {
			m.Index, m.Scale = lda, uint8(r%3)
		}
		return m
	}

	sums := make([][2]reg.VecVirtual, rows)
	for r := range sums {
		for v := range sums[r] {
			sums[r][v] = i.vector()
		}
	}
	eachRowOfC(i, rows, sums, func(m Mem, sum reg.VecVirtual) { VMOVUPS(m, sum) })

	loop := fmt.Sprintf("loop%d", rows)
	Label(loop)
	b0, b1 := i.vector(), i.vector()
	VMOVUPS(Mem{Base: b}, b0)
	VMOVUPS(Mem{Base: b, Disp: 4 * i.lanes}, b1)
	x := make([]reg.VecVirtual, i.broadcast)
	for n := range x {
		x[n] = i.vector()
	}
	for r := 0; r < rows; r++ {
		VBROADCASTSS(at(r), x[r%len(x)])
		VFMADD231PS(b0, x[r%len(x)], sums[r][0])
		VFMADD231PS(b1, x[r%len(x)], sums[r][1])
	}
	ADDQ(Imm(4*panelWidth), b)
	for _, base := range bases {
		ADDQ(Imm(4), base)
	}
	DECQ(k)
	JNZ(LabelRef(loop))

	eachRowOfC(i, rows, sums, func(m Mem, sum reg.VecVirtual) { VMOVUPS(sum, m) })
	VZEROUPPER()
	RET()
}

// eachRowOfC visits the tile's place in C, vector by vector.
func eachRowOfC(i isa, rows int, sums [][2]reg.VecVirtual, visit func(Mem, reg.VecVirtual)) {
	c := Load(Param("c"), GP64())
	ldc := Load(Param("ldc"), GP64())
	SHLQ(Imm(2), ldc)
	for r := 0; r < rows; r++ {
		visit(Mem{Base: c}, sums[r][0])
		visit(Mem{Base: c, Disp: 4 * i.lanes}, sums[r][1])
		if r < rows-1 {
			ADDQ(ldc, c)
		}
	}
}

// chains is enough independent sums to keep two multiply-add units of latency four busy.
const chains = 12

// peak writes a loop of multiply-adds on registers alone: the most that any product can reach.
func peak(i isa) {
	TEXT("peak"+i.name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("peak%s does n times %d multiply-adds of %d floats, on registers alone.", i.name, chains, i.lanes))
	n := Load(Param("n"), GP64())
	x := i.vector()
	VXORPS(x, x, x)
	var sums []reg.VecVirtual
	for range chains {
		s := i.vector()
		VXORPS(s, s, s)
		sums = append(sums, s)
	}
	Label("loop")
	for _, s := range sums {
		VFMADD231PS(x, x, s)
	}
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
