package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/mcllava/mcllava/internal/tensor/_asm/series"
)

// isa is one instruction set as the kernels see it. AVX-512 has registers enough to keep every constant in one; with AVX2
// a constant is a vector in memory.
type isa struct {
	name   string
	lanes  int                   // floats a vector
	masks  bool                  // whether masks have registers of their own, as in AVX-512
	vector func() reg.VecVirtual // a fresh vector register
}

var (
	avx512 = isa{"AVX512", 16, true, ZMM}
	avx2   = isa{"AVX2", 8, false, YMM}
)

// A mask marks the lanes that lie within the row: the first n, or all of them if n is more.
type mask struct {
	n     reg.GPVirtual
	lanes reg.Register // a mask register, or a vector whose lanes are all ones or all zeros
}

// walk writes a loop over n floats, in whole vectors and a last one that may be part of one. Body sees the pointers at the
// vector in hand; lanes outside its mask are neither read nor written. The labels begin with prefix.
func (i isa) walk(prefix string, n reg.GPVirtual, pointers []reg.GPVirtual, body func(mask)) {
	m := mask{n, i.all()}
	Label(prefix + "vector")
	CMPQ(n, Imm(uint64(i.lanes)))
	JGE(LabelRef(prefix + "whole"))
	TESTQ(n, n)
	JLE(LabelRef(prefix + "done"))
	i.first(m)
	Label(prefix + "whole")
	body(m)
	for _, p := range pointers {
		ADDQ(Imm(uint64(4*i.lanes)), p)
	}
	SUBQ(Imm(uint64(i.lanes)), n)
	JMP(LabelRef(prefix + "vector"))
	Label(prefix + "done")
}

// all marks every lane.
func (i isa) all() reg.Register {
	if i.masks {
		m := K()
		KXNORW(m, m, m)
		return m
	}
	m := i.vector()
	VPCMPEQD(m, m, m)
	return m
}

// first leaves the first n lanes of m, for n less than their number.
func (i isa) first(m mask) {
	numbers := make([]uint32, 16)
	for lane := range numbers {
		numbers[lane] = uint32(lane)
	}
	count := i.vector()
	if i.masks {
		VPBROADCASTD(m.n.As32(), count)
	} else {
		VMOVD(m.n.As32(), count.AsX())
		VPBROADCASTD(count.AsX(), count)
	}
	VPCMPGTD(i.data("lane", numbers), count, m.lanes)
}

// load reads the vector at p; lanes outside the mask are zero.
func (i isa) load(p reg.GPVirtual, m mask) reg.VecVirtual {
	v := i.vector()
	if i.masks {
		VMOVUPS_Z(Mem{Base: p}, m.lanes, v)
	} else {
		VMASKMOVPS(Mem{Base: p}, m.lanes, v)
	}
	return v
}

// store writes the lanes of v within the mask at p. Masked stores of AVX2 take many cycles on some CPUs, so that whole vectors
// go another way.
func (i isa) store(v reg.VecVirtual, p reg.GPVirtual, m mask) {
	if i.masks {
		VMOVUPS(v, m.lanes, Mem{Base: p})
		return
	}
	stores++
	part, stored := fmt.Sprint("part", stores), fmt.Sprint("stored", stores)
	CMPQ(m.n, Imm(uint64(i.lanes)))
	JL(LabelRef(part))
	VMOVUPS(v, Mem{Base: p})
	JMP(LabelRef(stored))
	Label(part)
	VMASKMOVPS(v, m.lanes, Mem{Base: p})
	Label(stored)
}

// keep clears the lanes of v outside the mask.
func (i isa) keep(v reg.VecVirtual, m mask) {
	if i.masks {
		VMOVAPS_Z(v, m.lanes, v)
	} else {
		VANDPS(m.lanes, v, v)
	}
}

// bySign takes each lane from negative where that of x has its sign bit set, otherwise from positive.
func (i isa) bySign(x, negative, positive reg.VecVirtual) reg.VecVirtual {
	v := i.vector()
	if i.masks {
		m := K()
		VPMOVD2M(x, m)
		VBLENDMPS(negative, positive, m, v)
	} else {
		VBLENDVPS(x, negative, positive, v)
	}
	return v
}

// product is x·y as a rounded product and what the rounding left out.
func (i isa) product(x reg.VecVirtual, y Op) (rounded, rest reg.VecVirtual) {
	rounded, rest = i.vector(), i.vector()
	VMULPS(y, x, rounded)
	VMOVAPS(rounded, rest)
	VFMSUB231PS(y, x, rest)
	return rounded, rest
}

// polynomial is the sum of series[k]·xᵏ.
func (i isa) polynomial(series []Op, x reg.VecVirtual) reg.VecVirtual {
	last := len(series) - 1
	sum := i.copy(series[last-1])
	VFMADD231PS(series[last], x, sum)
	for k := last - 2; k >= 0; k-- {
		VFMADD213PS(series[k], x, sum)
	}
	return sum
}

// exponential is the constants of eˣ: x = n·ln 2 + r with |r| ≤ ln 2 / 2, and the Taylor series of eʳ to the seventh power.
type exponential struct {
	isa
	log2E, ln2High, ln2Low, lowest Op
	bias                           Op // of the exponent of a float32
	series                         []Op
}

func (i isa) exponential() exponential {
	e := exponential{
		isa:     i,
		log2E:   i.constant("log2E", math.Log2E),
		ln2High: i.constant("ln2High", series.Ln2High),
		ln2Low:  i.constant("ln2Low", series.Ln2Low),
		lowest:  i.constant("lowest", series.Lowest),
	}
	if !i.masks {
		e.bias = i.constant("exponentBias", 127)
	}
	e.series = i.series("expTerm", series.Exponential())
	return e
}

// of is exp(x + rest) for x ≤ 0 and a rest beyond x's last place; it is zero below the smallest normal float32.
func (i exponential) of(x, rest reg.VecVirtual) reg.VecVirtual {
	const toNearest, notLess = 8, 0x15
	var enough reg.Register = i.vector()
	if i.masks {
		enough = K()
	}
	VCMPPS(Imm(notLess), i.lowest, x, enough)
	n, r := i.vector(), i.copy(x)
	VMULPS(i.log2E, x, n)
	if i.masks {
		VRNDSCALEPS(Imm(toNearest), n, n)
	} else {
		VROUNDPS(Imm(toNearest), n, n)
	}
	VFNMADD231PS(i.ln2High, n, r)
	VADDPS(rest, r, r)
	VFNMADD231PS(i.ln2Low, n, r)
	y := i.polynomial(i.series, r)
	if i.masks {
		VSCALEFPS_Z(n, y, enough, y)
		return y
	}
	VADDPS(i.bias, n, n)
	VCVTPS2DQ(n, n)
	VPSLLD(Imm(23), n, n)
	VMULPS(n, y, y)
	VANDPS(enough, y, y)
	return y
}

// total is a sum of doubles in as many lanes as a vector has floats.
type total struct{ low, high reg.VecVirtual }

func (i isa) zeroTotal() total {
	t := total{i.vector(), i.vector()}
	VXORPD(t.low, t.low, t.low)
	VXORPD(t.high, t.high, t.high)
	return t
}

// widen is v in doubles, the lower half of its lanes and the upper.
func (i isa) widen(v reg.VecVirtual) (low, high reg.VecVirtual) {
	low, high = i.vector(), i.vector()
	VCVTPS2PD(i.half(v), low)
	VCVTPS2PD(i.upper(v), high)
	return low, high
}

// half is the lower half of v.
func (i isa) half(v reg.VecVirtual) reg.Register {
	if i.lanes == 16 {
		return v.AsY()
	}
	return v.AsX()
}

// upper is the upper half of v, in a fresh register.
func (i isa) upper(v reg.VecVirtual) reg.Register {
	if i.lanes == 16 {
		u := YMM()
		VEXTRACTF64X4(Imm(1), v, u)
		return u
	}
	u := XMM()
	VEXTRACTF128(Imm(1), v, u)
	return u
}

// foldHalves brings v down to its first four floats: fold takes the upper half of what there is into the lower.
func (i isa) foldHalves(v reg.VecVirtual, fold func(from, into reg.Register)) {
	fold(i.upper(v), i.half(v))
	if i.lanes == 16 {
		fold(avx2.upper(v.AsY().(reg.VecVirtual)), v.AsX())
	}
}

// returnTotal ends a kernel whose result is the sum of t's lanes.
func (i isa) returnTotal(t total) {
	VADDPD(t.high, t.low, t.low)
	i.foldHalves(t.low, func(from, into reg.Register) { VADDPD(from, into, into) })
	VHADDPD(t.low.AsX(), t.low.AsX(), t.low.AsX())
	VZEROUPPER()
	Store(t.low.AsX(), ReturnIndex(0))
	RET()
}

func address(parameter string) Mem {
	c, err := Param(parameter).Resolve()
	if err != nil {
		panic(err)
	}
	return c.Addr
}

// broadcast is a float32 parameter in every lane.
func (i isa) broadcast(parameter string) reg.VecVirtual {
	v := i.vector()
	VBROADCASTSS(address(parameter), v)
	return v
}

// copy is x in a fresh register.
func (i isa) copy(x Op) reg.VecVirtual {
	v := i.vector()
	VMOVUPS(x, v)
	return v
}

// constant is a float32 in every lane.
func (i isa) constant(name string, value float64) Op {
	return i.bits(name, math.Float32bits(float32(value)))
}

// pair is a constant as the sum of two floats.
func (i isa) pair(name string, value float64) (high, low Op) {
	return i.constant(name+"High", value), i.constant(name+"Low", value-float64(float32(value)))
}

// series is a constant a term.
func (i isa) series(name string, values []float64) []Op {
	var terms []Op
	for k, v := range values {
		terms = append(terms, i.constant(fmt.Sprint(name, k), v))
	}
	return terms
}

// bits is a constant given by its bits.
func (i isa) bits(name string, value uint32) Op {
	words := make([]uint32, avx2.lanes)
	for lane := range words {
		words[lane] = value
	}
	if !i.masks {
		return i.data(name, words)
	}
	if _, ok := held[value]; !ok {
		held[value] = i.vector()
		VBROADCASTSS(i.data(name, words), held[value])
	}
	return held[value]
}

var written = map[string]Mem{} // the data of the file by name

// What the kernel being written has so far.
var (
	held   map[uint32]reg.VecVirtual // constants in registers by value
	stores int
)

// data is the place of words in the file, written once.
func (i isa) data(name string, words []uint32) Mem {
	if _, ok := written[name]; !ok {
		written[name] = GLOBL(name, RODATA|NOPTR)
		for k, w := range words {
			DATA(4*k, U32(w))
		}
	}
	return written[name]
}
