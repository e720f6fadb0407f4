package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// foldedStep is the bytes of a folded panel a step: one vector.
const foldedStep = 64

// Registers of the folded tile: the sums stand in Z0…Z13.
const (
	foldedB = 28
	foldedX = 30 // and 31
)

// foldedPanel writes the kernel for a panel of 8 columns that fills a vector by holding two successive steps of k: the activations
// of both are broadcast together, and a sum is that of two lanes.
func foldedPanel(name, panel string, multiply func(x, b, sum int)) {
	TEXT("folded"+name, NOSPLIT, signature)
	Doc(fmt.Sprintf("folded%s is panel%s for a panel B %s: 8 columns of C, and each step of k takes twice as many inputs.", name, name, panel))
	tiles(avx512.rows, func(rows int) { foldedTile(rows, multiply) })
}

func multiplyFloats(x, b, sum int) { VFMADD231PS(z(b), z(x), z(sum)) }

func foldedTile(rows int, multiply func(x, b, sum int)) {
	k := Load(Param("k"), GP64())
	b := Load(Param("b"), GP64())
	a := loadRows(rows)
	for r := range rows {
		VPXORD(z(r), z(r), z(r))
	}

	loop := fmt.Sprintf("loop%d", rows)
	Label(loop)
	fetch(rows, b, foldedStep)
	VMOVDQU32(Mem{Base: b}, z(foldedB))
	for r := range rows {
		x := foldedX + r%2
		VPBROADCASTQ(a.at(r, 0), z(x))
		multiply(x, foldedB, r)
	}
	ADDQ(Imm(foldedStep), b)
	a.advance(8)
	DECQ(k)
	JNZ(LabelRef(loop))

	second, sum := z(foldedX), z(foldedB).(reg.VecPhysical).AsY()
	eachRowOfC(avx512, rows, 1, func(r, _ int, m Mem) {
		VPSRLQ(Imm(32), z(r), second)
		VADDPS(second, z(r), second)
		VPMOVQD(second, sum)
		VADDPS(m, sum, sum)
		VMOVUPS(sum, m)
	})
	VZEROUPPER()
	RET()
}
