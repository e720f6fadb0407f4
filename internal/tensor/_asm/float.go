package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// floatForm is how the weights of a panel that is multiplied in float32 are stored.
type floatForm struct {
	name  string
	pairs bool // two steps of k stand side by side
	step  int  // bytes of a panel a step of the loop
	// load widens a vector of weights; of is 0 or 1, which of a pair.
	load func(i isa, m Mem, of int, to reg.VecVirtual)
}

var (
	f32 = floatForm{name: "F32", step: 4 * panelWidth, load: func(_ isa, m Mem, _ int, to reg.VecVirtual) { VMOVUPS(m, to) }}
	f16 = floatForm{name: "F16", step: 2 * panelWidth, load: func(_ isa, m Mem, _ int, to reg.VecVirtual) { VCVTPH2PS(m, to) }}
	// A bfloat16 is the upper half of a float32.
	bf16 = floatForm{name: "BF16", pairs: true, step: 4 * panelWidth, load: func(i isa, m Mem, of int, to reg.VecVirtual) {
		VMOVUPS(m, to)
		if of == 0 {
			VPSLLD(Imm(16), to, to)
		} else {
			VPSRLD(Imm(16), to, to)
			VPSLLD(Imm(16), to, to)
		}
	}}
)

// floatPanel writes the kernel C += A·B in float32 for 1…rows rows of A and two vectors of columns of B.
// Both operands are read in order of k and every sum is one chain of fused multiply-adds, so its bits depend on k alone.
func floatPanel(i isa, form floatForm) {
	name := "panel" + form.name + i.name
	TEXT(name, NOSPLIT, signature)
	what := "k counts single inputs"
	if form.pairs {
		what = "k counts pairs of inputs, which stand side by side in both A (float32) and B"
	}
	Doc(fmt.Sprintf("%s adds A·B to C for rows (1…%d) rows of A [rows, k] float32, lda bytes apart, and %d columns of the panel B of %s; %s.", name, i.rows, 2*i.lanes, form.name, what))
	tiles(i.rows, func(rows int) { floatTile(i, form, rows, 2) })
}

// narrowPanel writes the kernel for the first half of a panel's columns; with AVX2 that is what the other one does.
func narrowPanel(form floatForm) {
	TEXT("narrow"+form.name+"AVX512", NOSPLIT, signature)
	Doc(fmt.Sprintf("narrow%s%s is panel%s%s for the first 16 columns of B alone.", form.name, avx512.name, form.name, avx512.name))
	tiles(avx512.rows, func(rows int) { floatTile(avx512, form, rows, 1) })
}

func floatTile(i isa, form floatForm, rows, vectors int) {
	k := Load(Param("k"), GP64())
	b := Load(Param("b"), GP64())
	a := loadRows(rows)
	sums := tileOf(i, rows)
	eachRowOfC(i, rows, vectors, func(r, v int, m Mem) { VMOVUPS(m, sums[r][v]) })

	loop := fmt.Sprintf("loop%d", rows)
	Label(loop)
	w := takeTurns(i, vectors)
	x := takeTurns(i, i.turns)
	steps, lane := 1, form.step/panelWidth
	if form.pairs {
		steps = 2
	}
	fetch(rows, b, form.step)
	for s := range steps {
		for v := range w {
			form.load(i, Mem{Base: b, Disp: lane * i.lanes * v}, s, w[v])
		}
		for r := range rows {
			xr := x[r%len(x)]
			VBROADCASTSS(a.at(r, 4*s), xr)
			for v := range w {
				VFMADD231PS(w[v], xr, sums[r][v])
			}
		}
	}
	ADDQ(Imm(uint64(form.step)), b)
	a.advance(4 * steps)
	DECQ(k)
	JNZ(LabelRef(loop))

	eachRowOfC(i, rows, vectors, func(r, v int, m Mem) { VMOVUPS(sums[r][v], m) })
	VZEROUPPER()
	RET()
}
