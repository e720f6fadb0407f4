package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// quantizeVNNI writes the quantisation of a row of activations to int8, group by group.
func quantizeVNNI() {
	TEXT("quantizeVNNI", NOSPLIT, "func(n, size, unit int, dst *byte, x *float32)")
	Doc("quantizeVNNI quantises n floats in groups of size, 32 or 128, of which the last may be smaller: for each it writes the int32 -128·Σq, the int8 q = x·127/m to the nearest, ties to even, and zeros up to a multiple of unit, and the float32 scale m/127, where m is the largest |x|.")
	n, size := Load(Param("n"), GP64()), Load(Param("size"), GP64())
	dst, x := Load(Param("dst"), GP64()), Load(Param("x"), GP64())
	q := newQuantizer()

	Label("group")
	CMPQ(n, size)
	JLT(LabelRef("rest"))
	CMPQ(size, Imm(32))
	JEQ(LabelRef("group32"))
	for _, inputs := range []int{128, 32} {
		Label(fmt.Sprintf("group%d", inputs))
		q.whole(inputs, dst, x)
		ADDQ(U32(uint32(4*inputs)), x)
		ADDQ(U32(uint32(inputs+8)), dst)
		SUBQ(U32(uint32(inputs)), n)
		JNZ(LabelRef("group"))
		VZEROUPPER()
		RET()
	}
	Label("rest")
	q.rest(n, Load(Param("unit"), GP64()), dst, x)
	VZEROUPPER()
	RET()
}

// quantizer holds the constants.
type quantizer struct {
	magnitude, most, least reg.VecVirtual
	offset                 reg.VecVirtual // 128 in each byte
	order                  reg.VecVirtual // of the words of four bytes that the packs leave
}

func newQuantizer() quantizer {
	q := quantizer{ZMM(), XMM(), XMM(), ZMM(), ZMM()}
	bits := GP32()
	constant := func(v uint32, to reg.VecVirtual, whole bool) {
		MOVL(U32(v), bits)
		if whole {
			VPBROADCASTD(bits, to)
		} else {
			VMOVD(bits, to)
		}
	}
	constant(0x7fffffff, q.magnitude, true)
	constant(0x80808080, q.offset, true)
	constant(0x42fe0000, q.most, false)  // 127
	constant(0x0da24260, q.least, false) // 1e-30, so that a group of zeros has a finite inverse
	order := GLOBL("packedOrder", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(uint32(i%4*4+i/4)))
	}
	VMOVDQU32(order, q.order)
	return q
}

// whole writes the quantisation of a group of 32 or 128.
func (q quantizer) whole(inputs int, dst, x reg.Register) {
	values := make([]reg.VecVirtual, inputs/16)
	largest := [2]reg.VecVirtual{ZMM(), ZMM()}
	for i := range values {
		values[i] = ZMM()
		VMOVUPS(Mem{Base: x, Disp: 64 * i}, values[i])
		if i < len(largest) {
			VPANDD(q.magnitude, values[i], largest[i])
			continue
		}
		t := ZMM()
		VPANDD(q.magnitude, values[i], t)
		VPMAXUD(t, largest[i%2], largest[i%2]) // as integers, since a NaN is then the largest of all
	}
	VPMAXUD(largest[1], largest[0], largest[0])
	scale, inverse := q.scales(largest[0])
	for _, v := range values {
		VMULPS(v, inverse, v)
		VCVTPS2DQ(v, v)
	}
	sum := ZMM()
	VPXORD(sum, sum, sum)
	if inputs == 32 {
		for i, v := range values {
			VPMOVSDB(v, v.AsX())
			VMOVDQU(v.AsX(), Mem{Base: dst, Disp: 4 + 16*i})
		}
		VINSERTI128(Imm(1), values[1].AsX(), values[0].AsY(), values[0].AsY())
		VPDPBUSD(values[0].AsY(), q.offset.AsY(), sum.AsY())
	} else {
		for i := 0; i < len(values); i += 4 {
			v := values[i : i+4]
			VPACKSSDW(v[1], v[0], v[0])
			VPACKSSDW(v[3], v[2], v[2])
			VPACKSSWB(v[2], v[0], v[0])
			VPERMD(v[0], q.order, v[0])
			VMOVDQU32(v[0], Mem{Base: dst, Disp: 4 + 16*i})
			VPDPBUSD(v[0], q.offset, sum)
		}
		upper := YMM()
		VEXTRACTI64X4(Imm(1), sum, upper)
		VPADDD(upper, sum.AsY(), sum.AsY())
	}
	q.end(sum, 0, dst)
	VMOVSS(scale, Mem{Base: dst, Disp: 4 + inputs})
}

// rest writes the quantisation of the n inputs of a smaller group.
func (q quantizer) rest(n, unit, dst, x reg.Register) {
	lanes, mask, left, from := GP64(), K(), GP64(), GP64()
	among := func(n reg.Register) { // those of 16 lanes that are among the first n
		MOVQ(U32(0xffff), lanes)
		BZHIQ(n, lanes, lanes)
		KMOVW(lanes.As32(), mask)
	}
	largest := ZMM()
	VPXORD(largest, largest, largest)
	MOVQ(n, left)
	MOVQ(x, from)
	Label("largest")
	v := ZMM()
	among(left)
	VMOVUPS_Z(Mem{Base: from}, mask, v)
	VPANDD(q.magnitude, v, v)
	VPMAXUD(v, largest, largest)
	ADDQ(Imm(64), from)
	SUBQ(Imm(16), left)
	JG(LabelRef("largest"))
	scale, inverse := q.scales(largest)

	sum, whole, to := ZMM(), GP64(), GP64()
	VPXORD(sum, sum, sum)
	MOVQ(unit, whole) // n up to a multiple of the unit, which is a power of two
	NEGQ(whole)
	LEAQ(Mem{Base: n, Index: unit, Scale: 1, Disp: -1}, left)
	ANDQ(left, whole)
	MOVQ(whole, left)
	MOVQ(dst, to)
	Label("round")
	among(n)
	VMOVUPS_Z(Mem{Base: x}, mask, v)
	VMULPS(v, inverse, v)
	VCVTPS2DQ(v, v)
	VPADDD(v, sum, sum)
	among(left)
	VPMOVSDB(v, mask, Mem{Base: to, Disp: 4})
	ADDQ(Imm(64), x)
	ADDQ(Imm(16), to)
	SUBQ(Imm(16), left)
	SUBQ(Imm(16), n)
	JG(LabelRef("round"))
	upper := YMM()
	VEXTRACTI64X4(Imm(1), sum, upper)
	VPADDD(upper, sum.AsY(), sum.AsY())
	q.end(sum, 7, dst)
	VMOVSS(scale, Mem{Base: dst, Index: whole, Scale: 1, Disp: 4})
}

// scales are m/127, and 127/m in all lanes, where m is the largest of a vector.
func (q quantizer) scales(largest reg.VecVirtual) (scale, inverse reg.VecVirtual) {
	upper, m := YMM(), largest.AsX()
	VEXTRACTI64X4(Imm(1), largest, upper)
	VPMAXUD(upper, largest.AsY(), largest.AsY())
	VEXTRACTI128(Imm(1), largest.AsY(), upper.AsX())
	VPMAXUD(upper.AsX(), m, m)
	for _, shuffle := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(shuffle), m, upper.AsX())
		VPMAXUD(upper.AsX(), m, m)
	}
	scale, inverse = XMM(), ZMM()
	VDIVSS(q.most, m, scale)
	VMAXSS(q.least, m, m)
	VDIVSS(m, q.most, inverse.AsX())
	VBROADCASTSS(inverse.AsX(), inverse)
	return scale, inverse
}

// end writes minus the total of sum, shifted, at the head of a group.
func (q quantizer) end(sum reg.VecVirtual, shift uint64, dst reg.Register) {
	upper, total := YMM(), GP32()
	s := sum.AsX()
	VEXTRACTI128(Imm(1), sum.AsY(), upper.AsX())
	VPADDD(upper.AsX(), s, s)
	for _, shuffle := range []uint64{0x4e, 0xb1} {
		VPSHUFD(Imm(shuffle), s, upper.AsX())
		VPADDD(upper.AsX(), s, s)
	}
	VMOVD(s, total)
	if shift > 0 {
		SHLL(Imm(shift), total)
	}
	NEGL(total)
	MOVL(total, Mem{Base: dst})
}
