package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quantizeAVX2 writes the quantisation of activations to int8, group by group.
func quantizeAVX2() {
	const name = "quantizeAVX2"
	i := avx2
	TEXT(name, NOSPLIT, "func(groups, size int, dst *byte, x *float32)")
	Doc(fmt.Sprintf("%s quantises groups of size floats, a multiple of 32: for each it writes the int32 -128·Σq, the int8 q = x·127/m to the nearest, ties to even, and the float32 scale m/127, where m is the largest |x|.", name))
	count, size := Load(Param("groups"), GP64()), Load(Param("size"), GP64())
	dst, x := Load(Param("dst"), GP64()), Load(Param("x"), GP64())

	magnitude, most, least := i.vector(), XMM(), XMM()
	bits := GP32()
	constant := func(v uint32, to reg.VecVirtual) {
		MOVL(U32(v), bits)
		VMOVD(bits, to.AsX())
	}
	constant(0x7fffffff, magnitude)
	VPBROADCASTD(magnitude.AsX(), magnitude)
	constant(0x42fe0000, most)  // 127
	constant(0x0da24260, least) // 1e-30, so that a group of zeros has a finite inverse

	Label("group")
	largest := i.vector()
	VXORPS(largest, largest, largest)
	n, from := GP64(), GP64()
	MOVQ(size, n)
	MOVQ(x, from)
	Label("largest")
	for v := range 32 / i.lanes {
		t := i.vector()
		VANDPS(Mem{Base: from, Disp: 4 * i.lanes * v}, magnitude, t)
		VPMAXUD(t, largest, largest) // as integers, since a NaN is then the largest of all
	}
	ADDQ(Imm(128), from)
	SUBQ(Imm(32), n)
	JNZ(LabelRef("largest"))
	upper := YMM()
	VEXTRACTI128(Imm(1), largest.AsY(), upper.AsX())
	m := largest.AsX()
	VPMAXUD(upper.AsX(), m, m)
	for _, shuffle := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(shuffle), m, upper.AsX())
		VPMAXUD(upper.AsX(), m, m)
	}
	scale, inverse := XMM(), i.vector()
	VDIVSS(most, m, scale)
	VMAXSS(least, m, m)
	VDIVSS(m, most, inverse.AsX())
	VBROADCASTSS(inverse.AsX(), inverse)

	sum := i.vector()
	VXORPS(sum, sum, sum)
	MOVQ(size, n)
	head := GP64()
	MOVQ(dst, head)
	Label("round")
	q := make([]reg.VecVirtual, 32/i.lanes)
	for v := range q {
		q[v] = i.vector()
		VMULPS(Mem{Base: x, Disp: 4 * i.lanes * v}, inverse, q[v])
		VCVTPS2DQ(q[v], q[v])
		VPADDD(q[v], sum, sum)
	}
	// The packs work within 128 bits: put their fours of bytes in order.
	VPACKSSDW(q[1], q[0], q[0])
	VPACKSSDW(q[3], q[2], q[2])
	VPACKSSWB(q[2], q[0], q[0])
	VMOVDQU(order(), q[1])
	VPERMD(q[0], q[1], q[0])
	VMOVDQU(q[0], Mem{Base: dst, Disp: 4})
	ADDQ(Imm(128), x)
	ADDQ(Imm(32), dst)
	SUBQ(Imm(32), n)
	JNZ(LabelRef("round"))
	VEXTRACTI128(Imm(1), sum.AsY(), upper.AsX())
	s := sum.AsX()
	VPADDD(upper.AsX(), s, s)
	for _, shuffle := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(shuffle), s, upper.AsX())
		VPADDD(upper.AsX(), s, s)
	}
	VMOVD(s, bits)
	SHLL(Imm(7), bits)
	NEGL(bits)
	MOVL(bits, Mem{Base: head})
	VMOVSS(scale, Mem{Base: dst, Disp: 4})
	ADDQ(Imm(8), dst)
	DECQ(count)
	JNZ(LabelRef("group"))
	VZEROUPPER()
	RET()
}

var ordered *Mem

// order is the place of 0, 4, 1, 5, 2, 6, 3, 7.
func order() Mem {
	if ordered == nil {
		m := GLOBL("order", RODATA|NOPTR)
		for i, v := range []uint32{0, 4, 1, 5, 2, 6, 3, 7} {
			DATA(4*i, U32(v))
		}
		ordered = &m
	}
	return *ordered
}
