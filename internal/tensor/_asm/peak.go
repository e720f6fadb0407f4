package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// chains is enough independent sums to keep two multiply-add units of latency six busy.
const chains = 12

// peak writes a loop on registers alone: the most that any product can reach.
func peak(name string, body func()) {
	TEXT("peak"+name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("peak%s does n times %d multiplications and additions of one vector, on registers alone.", name, chains))
	n := Load(Param("n"), GP64())
	Label("loop")
	body()
	DECQ(n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

func fmaPeak(i isa) func() {
	return func() {
		for c := range chains {
			if i.lanes == 16 {
				VFMADD231PS(z(31), z(31), z(c))
			} else {
				VFMADD231PS(reg.Y15, reg.Y15, z(c).(reg.VecPhysical).AsY())
			}
		}
	}
}

func bf16Peak() {
	for c := range chains {
		vdpbf16ps(31, 31, c)
	}
}

func vnniPeak() {
	for c := range chains {
		VPDPBUSD(z(31), z(31), z(c))
	}
}

// maddPeak is the two instructions that AVX2 takes for a product of 16 bits.
func maddPeak() {
	for c := range chains {
		y := z(c).(reg.VecPhysical).AsY()
		VPMADDWD(reg.Y15, reg.Y15, reg.Y14)
		VPADDD(reg.Y14, y, y)
	}
}

// readLoop writes the reading of memory as fast as it comes.
func readLoop(i isa) {
	name := "read" + i.name
	TEXT(name, NOSPLIT, "func(n int, x *byte)")
	Doc(fmt.Sprintf("%s loads n bytes, a multiple of 512.", name))
	n, x := Load(Param("n"), GP64()), Load(Param("x"), GP64())
	Label("loop")
	for v := range 512 / (4 * i.lanes) {
		t := i.vector()
		VMOVUPS(Mem{Base: x, Disp: 4 * i.lanes * v}, t)
	}
	ADDQ(U32(512), x)
	SUBQ(U32(512), n)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
