// Command rowkernels writes the assembly of package tensor for the arithmetic between the products: GELU, softmax, layer
// norm, rotary position, residual sum. It is run by go generate two folders above.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/mcllava/mcllava/internal/tensor/_asm/series"
)

func main() {
	ConstraintExpr("amd64")
	for _, i := range []isa{avx512, avx2} {
		i.geluTanh()
		i.geluErf()
		i.largest()
		i.exps()
		i.multiply()
		i.sum()
		i.squares()
		i.normalise()
		i.rotate()
		i.add()
	}
	Generate()
}

// text begins the kernel name and its tier; doc follows the name in its comment.
func (i isa) text(name, signature, doc string) {
	held, stores = map[uint32]reg.VecVirtual{}, 0
	TEXT(name+i.name, NOSPLIT, signature)
	Doc(name + i.name + " " + doc)
}

func end() {
	VZEROUPPER()
	RET()
}

func pointer(slice string) reg.GPVirtual { return Load(Param(slice).Base(), GP64()).(reg.GPVirtual) }

func length(slice string) reg.GPVirtual { return Load(Param(slice).Len(), GP64()).(reg.GPVirtual) }

// geluTanh writes GELU in the tanh form as x·σ(2u), u = √(2/π)·(x + 0.044715·x³). With e = exp(-2|u|), σ(2u) is 1/(1 + e)
// where x is positive and e/(1 + e) where it is negative: nothing overflows and nothing cancels.
// An error in u is one in e's relative size, so u is carried in two floats.
func (i isa) geluTanh() {
	const a, b = -2 * 0.7978845608028654, -2 * 0.7978845608028654 * 0.044715
	i.text("geluTanh", "func(x []float32)", "sets each x to x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x*x*x))).")
	x, n := pointer("x"), length("x")
	exp, one, magnitude := i.exponential(), i.constant("one", 1), i.bits("magnitude", 0x7fffffff)
	aHigh, aLow := i.pair("tanhLinear", a)
	bHigh, bLow := i.pair("tanhCubic", b)
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		v := i.load(x, m)
		z := i.vector()
		VANDPS(magnitude, v, z)
		square, squareRest := i.product(z, z)

		// t + tRest = a + b·z²
		p, pRest := i.product(square, bHigh)
		VFMADD231PS(bHigh, squareRest, pRest)
		VFMADD231PS(bLow, square, pRest)
		t, grown, tRest := i.vector(), i.vector(), i.vector()
		VADDPS(aHigh, p, t)
		VSUBPS(aHigh, t, grown)
		VSUBPS(grown, p, tRest)
		VSUBPS(grown, t, grown)
		VSUBPS(aHigh, grown, grown)
		VSUBPS(grown, tRest, tRest)
		VADDPS(pRest, tRest, tRest)
		VADDPS(aLow, tRest, tRest)

		u, uRest := i.product(z, t)
		VFMADD231PS(tRest, z, uRest)
		e := exp.of(u, uRest)
		share, all := i.bySign(v, e, i.copy(one)), i.vector()
		VMULPS(v, share, share)
		VADDPS(one, e, all)
		VDIVPS(all, share, share)
		i.store(share, x, m)
	})
	end()
}

// geluErf writes the exact GELU as x·Φ(x). Φ is the tail of |x| (see series.Tail) or 1 less that, by sign.
func (i isa) geluErf() {
	i.text("geluErf", "func(x []float32)", "sets each x to x/2*erfc(-x/sqrt(2)).")
	x, n := pointer("x"), length("x")
	exp, one, magnitude := i.exponential(), i.constant("one", 1), i.bits("magnitude", 0x7fffffff)
	centre, farthest, minusHalf := i.constant("tailCentre", series.TailCentre), i.constant("tailFarthest", series.TailFarthest), i.constant("minusHalf", -0.5)
	terms := i.series("tailTerm", series.Tail())
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		v := i.load(x, m)
		z := i.vector()
		VANDPS(magnitude, v, z)
		VMINPS(farthest, z, z)

		unit, inverse, t := i.copy(one), i.vector(), i.vector()
		VADDPS(centre, z, inverse)
		VDIVPS(inverse, unit, inverse)
		VSUBPS(centre, z, t)
		VMULPS(inverse, t, t)
		p := i.polynomial(terms, t)
		VMULPS(inverse, p, p)

		h, hRest := i.product(z, z)
		VMULPS(minusHalf, h, h)
		VMULPS(minusHalf, hRest, hRest)
		q := exp.of(h, hRest)
		VMULPS(p, q, q)

		positive := i.copy(one)
		VSUBPS(q, positive, positive)
		phi := i.bySign(v, q, positive)
		VMULPS(v, phi, phi)
		i.store(phi, x, m)
	})
	end()
}

// largest writes the maximum of a row. A NaN may be passed over: exps finds it again.
func (i isa) largest() {
	i.text("largest", "func(x []float32) float32", "is the largest x: for each x, m = max(m, x), from -Inf on. If one is NaN, it is any number.")
	x, n := pointer("x"), length("x")
	most := i.copy(i.bits("minusInfinity", 0xff800000))
	v := i.vector()
	Label("vector")
	CMPQ(n, Imm(uint64(i.lanes)))
	JL(LabelRef("rest"))
	VMAXPS(Mem{Base: x}, most, most)
	ADDQ(Imm(uint64(4*i.lanes)), x)
	SUBQ(Imm(uint64(i.lanes)), n)
	JMP(LabelRef("vector"))
	Label("rest")
	TESTQ(n, n)
	JLE(LabelRef("lanes"))
	VBROADCASTSS(Mem{Base: x}, v)
	VMAXPS(v, most, most)
	ADDQ(Imm(4), x)
	DECQ(n)
	JMP(LabelRef("rest"))
	Label("lanes")
	i.foldHalves(most, func(from, into reg.Register) { VMAXPS(from, into, into) })
	other := XMM()
	VPERMILPS(Imm(0b01_00_11_10), most.AsX(), other)
	VMAXPS(other, most.AsX(), most.AsX())
	VPERMILPS(Imm(0b10_11_00_01), most.AsX(), other)
	VMAXPS(other, most.AsX(), most.AsX())
	VZEROUPPER()
	Store(most.AsX(), ReturnIndex(0))
	RET()
}

// exps writes the numerators of softmax and their sum. The exponent is carried in two floats, the sum in doubles.
func (i isa) exps() {
	i.text("exps", "func(x []float32, largest, scale float32) float64", "sets each x to exp(scale*(x - largest)), for scale > 0 and x <= largest, and returns their sum.")
	x, n := pointer("x"), length("x")
	exp, largest, scale := i.exponential(), i.broadcast("largest"), i.broadcast("scale")
	total := i.zeroTotal()
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		v := i.load(x, m)

		// d + dRest = x - largest (Knuth's sum)
		d, grown, dRest := i.vector(), i.vector(), i.vector()
		VSUBPS(largest, v, d)
		VSUBPS(v, d, grown)
		VSUBPS(grown, d, dRest)
		VSUBPS(dRest, v, dRest)
		VADDPS(largest, grown, grown)
		VSUBPS(grown, dRest, dRest)

		power, rest := i.product(d, scale)
		VFMADD231PS(scale, dRest, rest)
		e := exp.of(power, rest)
		i.store(e, x, m)
		i.keep(e, m)
		low, high := i.widen(e)
		VADDPD(low, total.low, total.low)
		VADDPD(high, total.high, total.high)
	})
	i.returnTotal(total)
}

func (i isa) multiply() {
	i.text("multiply", "func(x []float32, by float32)", "sets each x to x*by.")
	x, n, by := pointer("x"), length("x"), i.broadcast("by")
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		v := i.load(x, m)
		VMULPS(by, v, v)
		i.store(v, x, m)
	})
	end()
}

func (i isa) sum() {
	i.text("sum", "func(x []float32) float64", "is the sum of x, in float64.")
	x, n := pointer("x"), length("x")
	total := i.zeroTotal()
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		low, high := i.widen(i.load(x, m))
		VADDPD(low, total.low, total.low)
		VADDPD(high, total.high, total.high)
	})
	i.returnTotal(total)
}

func (i isa) squares() {
	i.text("squares", "func(x []float32, mean float64) float64", "is the sum of (x - mean)*(x - mean), the differences in float32, the sum in float64.")
	x, n := pointer("x"), length("x")
	mean, rest := i.splitMean()
	total := i.zeroTotal()
	i.walk("", n, []reg.GPVirtual{x}, func(m mask) {
		d := i.load(x, m)
		VSUBPS(mean, d, d)
		VSUBPS(rest, d, d)
		i.keep(d, m)
		low, high := i.widen(d)
		VFMADD231PD(low, low, total.low)
		VFMADD231PD(high, high, total.high)
	})
	i.returnTotal(total)
}

func (i isa) normalise() {
	i.text("normalise", "func(dst, x, gain, bias []float32, mean float64, scale float32)", "sets dst[i] = (x[i] - mean)*scale*gain[i] + bias[i] for i < len(x).")
	dst, x, gain, bias, n := pointer("dst"), pointer("x"), pointer("gain"), pointer("bias"), length("x")
	mean, rest := i.splitMean()
	scale := i.broadcast("scale")
	i.walk("", n, []reg.GPVirtual{dst, x, gain, bias}, func(m mask) {
		d, g, b := i.load(x, m), i.load(gain, m), i.load(bias, m)
		VSUBPS(mean, d, d)
		VSUBPS(rest, d, d)
		VMULPS(scale, d, d)
		VFMADD213PS(b, g, d)
		i.store(d, dst, m)
	})
	end()
}

// splitMean is the parameter mean as the sum of two floats: x less the first is as good as exact where the two are near.
func (i isa) splitMean() (mean, rest reg.VecVirtual) {
	whole, back, x := XMM(), XMM(), XMM()
	VMOVSD(address("mean"), whole)
	VCVTSD2SS(whole, whole, x)
	mean = i.vector()
	VBROADCASTSS(x, mean)
	VCVTSS2SD(x, x, back)
	VSUBSD(back, whole, whole)
	VCVTSD2SS(whole, whole, x)
	rest = i.vector()
	VBROADCASTSS(x, rest)
	return mean, rest
}

func (i isa) rotate() {
	i.text("rotate", "func(x, cos, sin []float32, headDim int)", "turns each pair a = x[h+i], b = x[h+half+i] into a*cos[i] - b*sin[i], b*cos[i] + a*sin[i], for i < half = len(cos) and h = 0, headDim, 2*headDim… < len(x).")
	x, last, stride := pointer("x"), length("x"), Load(Param("headDim"), GP64()).(reg.GPVirtual)
	LEAQ(Mem{Base: x, Index: last, Scale: 4}, last)
	SHLQ(Imm(2), stride)
	Label("head")
	CMPQ(x, last)
	JGE(LabelRef("end"))
	n, low, high := length("cos"), GP64().(reg.GPVirtual), GP64().(reg.GPVirtual)
	MOVQ(x, low)
	LEAQ(Mem{Base: x, Index: n, Scale: 4}, high)
	cos, sin := pointer("cos"), pointer("sin")
	i.walk("pair", n, []reg.GPVirtual{low, high, cos, sin}, func(m mask) {
		a, b, c, s := i.load(low, m), i.load(high, m), i.load(cos, m), i.load(sin, m)
		turned, other := i.vector(), i.vector()
		VMULPS(s, b, turned)
		VFMSUB231PS(c, a, turned)
		VMULPS(s, a, other)
		VFMADD231PS(c, b, other)
		i.store(turned, low, m)
		i.store(other, high, m)
	})
	ADDQ(stride, x)
	JMP(LabelRef("head"))
	Label("end")
	end()
}

func (i isa) add() {
	i.text("add", "func(dst, x []float32)", "sets dst[i] += x[i] for i < len(x).")
	dst, x, n := pointer("dst"), pointer("x"), length("x")
	i.walk("", n, []reg.GPVirtual{dst, x}, func(m mask) {
		sum, v := i.load(dst, m), i.load(x, m)
		VADDPS(v, sum, sum)
		i.store(sum, dst, m)
	})
	end()
}
