package main

import (
	"fmt"
	"math"

	"github.com/mcllava/mcllava/internal/tensor/_asm/series"
)

// rowKernels writes the arithmetic between the products; see the avo program beside this one for what each does and why.
func rowKernels(f *file) {
	f.geluTanh()
	f.geluErf()
	f.largest()
	f.exps()
	f.multiply()
	f.scale()
	f.sum()
	f.squares()
	f.normalise()
	f.rotate()
	f.add()
	f.writeConstants("rowConstant")
}

// span is the lanes of a vector that lie within a row: all four, or the first n.
type span struct {
	part bool
	n    gp
}

// walk writes a loop over n floats in whole vectors, and what is done with a last one that is part of one. Body sees the pointers at
// the vector in hand; lanes outside the span are neither read nor written.
func (k *kernel) walk(n gp, pointers []gp, body func(span)) {
	vecs := k.vecs
	k.ins("SUBS $4, %s", n)
	k.ins("BLT %s", k.to("rest"))
	k.label("vector")
	body(span{})
	for _, p := range pointers {
		k.ins("ADD $16, %s", p)
	}
	k.ins("SUBS $4, %s", n)
	k.ins("BGE %s", k.to("vector"))
	k.label("rest")
	k.ins("ADDS $4, %s", n)
	k.ins("BEQ %s", k.to("done"))
	k.vecs = vecs
	body(span{true, n})
	k.vecs = vecs
	k.label("done")
}

// some writes what is done for 1, 2 or 3 lanes.
func (k *kernel) some(n gp, one, two, third func()) {
	k.parts++
	single, done := fmt.Sprintf("single%d", k.parts), fmt.Sprintf("part%d", k.parts)
	k.ins("TBZ $1, %s, %s", n, k.to(single))
	two()
	k.ins("TBZ $0, %s, %s", n, k.to(done))
	third()
	k.ins("B %s", k.to(done))
	k.label(single)
	one()
	k.label(done)
}

// read loads the vector at p; lanes outside the span are zero.
func (k *kernel) read(p gp, s span) vec {
	v := k.vec()
	if !s.part {
		k.load(v, p, 0)
		return v
	}
	k.some(s.n,
		func() { k.ins("FMOVS (%s), F%d", p, v) },
		func() { k.ins("FMOVD (%s), F%d", p, v) },
		func() {
			k.ins("ADD $8, %s, %s", p, scratch)
			k.ins("VLD1 (%s), V%d.S[2]", scratch, v)
		})
	return v
}

// save writes the lanes of v within the span at p.
func (k *kernel) save(v vec, p gp, s span) {
	if !s.part {
		k.store(v, p, 0)
		return
	}
	k.some(s.n,
		func() { k.ins("FMOVS F%d, (%s)", v, p) },
		func() { k.ins("FMOVD F%d, (%s)", v, p) },
		func() {
			k.ins("ADD $8, %s, %s", p, scratch)
			k.ins("VST1 V%d.S[2], (%s)", v, scratch)
		})
}

// keep clears the lanes of v outside the span.
func (k *kernel) keep(v vec, s span) {
	if !s.part {
		return
	}
	lanes := k.vec()
	masks := k.words("firstLanes", 0, 0, 0, 0, math.MaxUint32, 0, 0, 0, math.MaxUint32, math.MaxUint32, 0, 0, math.MaxUint32, math.MaxUint32, math.MaxUint32, 0)
	k.ins("MOVD $%s, %s", masks, scratch)
	k.ins("ADD %s<<4, %s", s.n, scratch)
	k.load(lanes, scratch, 0)
	k.and(v, v, lanes)
}

// constants says where the constants are.
func (k *kernel) constants() {
	k.constantsAt = k.gp()
	k.ins("MOVD $rowConstant<>(SB), %s", k.constantsAt)
}

// of loads a float32 into every lane of a fresh register.
func (k *kernel) of(value float64) vec { return k.bits(math.Float32bits(float32(value))) }

func (k *kernel) bits(value uint32) vec {
	v := k.vec()
	k.loadConstant(v, value)
	return v
}

func (k *kernel) loadConstant(v vec, value uint32) {
	at, ok := k.places[value]
	if !ok {
		at = 16 * len(k.places)
		k.places[value] = at
		k.values = append(k.values, value, value, value, value)
	}
	k.load(v, k.constantsAt, at)
}

// writeConstants writes the constants of the file.
func (f *file) writeConstants(name string) { f.words(name, f.values...) }

// pair is a constant as the sum of two floats.
func (k *kernel) pair(value float64) (high, low vec) {
	return k.of(value), k.of(value - float64(float32(value)))
}

// product is x·y as a rounded product and what the rounding left out.
func (k *kernel) product(x, y vec) (rounded, rest vec) {
	rounded, rest = k.vec(), k.vec()
	k.fmul(rounded, x, y)
	k.fneg(rest, rounded)
	k.fmla(rest, x, y)
	return rounded, rest
}

// polynomial is the sum of terms[i]·xⁱ.
func (k *kernel) polynomial(terms []float64, x vec) vec {
	sum, next := k.of(terms[len(terms)-1]), k.vec()
	for i := len(terms) - 2; i >= 0; i-- {
		k.loadConstant(next, math.Float32bits(float32(terms[i])))
		k.fmla(next, sum, x)
		sum, next = next, sum
	}
	return sum
}

// exponential is the constants of eˣ that stay in registers.
type exponential struct{ log2E, ln2High, ln2Low, lowest, bias vec }

func (k *kernel) exponential() exponential {
	return exponential{k.of(math.Log2E), k.of(series.Ln2High), k.of(series.Ln2Low), k.of(series.Lowest), k.of(127)}
}

// exp is exp(x + rest) for x ≤ 0 and a rest beyond x's last place; it is zero below the smallest normal float32.
func (k *kernel) exp(e exponential, x, rest vec) vec {
	less, n, r := k.vec(), k.vec(), k.vec()
	k.fcmgt(less, e.lowest, x)
	k.fmul(n, x, e.log2E)
	k.frintn(n, n)
	k.move(r, x)
	k.fmls(r, n, e.ln2High)
	k.fadd(r, r, rest)
	k.fmls(r, n, e.ln2Low)
	y := k.polynomial(series.Exponential(), r)
	k.fadd(n, n, e.bias)
	k.fcvtns(n, n)
	k.shl(n, n, 23)
	k.fmul(y, y, n)
	k.bic(y, y, less)
	return y
}

// bySign takes each lane from negative where that of x has its sign bit set, otherwise from positive.
func (k *kernel) bySign(x, negative, positive vec) vec {
	v := k.vec()
	k.negative(v, x)
	k.bsl(v, negative, positive)
	return v
}

func (f *file) geluTanh() {
	const a, b = -2 * 0.7978845608028654, -2 * 0.7978845608028654 * 0.044715
	f.function("geluTanhNEON", "x []float32", "", "sets each x to x/2*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x*x*x))).", func(k *kernel) {
		x, n := k.base("x"), k.length("x")
		k.constants()
		e, one := k.exponential(), k.of(1)
		aHigh, aLow := k.pair(a)
		bHigh, bLow := k.pair(b)
		k.walk(n, []gp{x}, func(s span) {
			v, z := k.read(x, s), k.vec()
			k.fabs(z, v)
			square, squareRest := k.product(z, z)

			// t + tRest = a + b·z²
			p, pRest := k.product(square, bHigh)
			k.fmla(pRest, squareRest, bHigh)
			k.fmla(pRest, square, bLow)
			t, grown, tRest := k.vec(), k.vec(), k.vec()
			k.fadd(t, p, aHigh)
			k.fsub(grown, t, aHigh)
			k.fsub(tRest, p, grown)
			k.fsub(grown, t, grown)
			k.fsub(grown, grown, aHigh)
			k.fsub(tRest, tRest, grown)
			k.fadd(tRest, tRest, pRest)
			k.fadd(tRest, tRest, aLow)

			u, uRest := k.product(z, t)
			k.fmla(uRest, z, tRest)
			power := k.exp(e, u, uRest)
			share := k.bySign(v, power, one)
			k.fmul(share, share, v)
			k.fadd(power, power, one)
			k.fdiv(share, share, power)
			k.save(share, x, s)
		})
		k.ret()
	})
}

func (f *file) geluErf() {
	f.function("geluErfNEON", "x []float32", "", "sets each x to x/2*erfc(-x/sqrt(2)).", func(k *kernel) {
		x, n := k.base("x"), k.length("x")
		k.constants()
		e, one, centre, farthest, minusHalf := k.exponential(), k.of(1), k.of(series.TailCentre), k.of(series.TailFarthest), k.of(-0.5)
		k.walk(n, []gp{x}, func(s span) {
			v, z := k.read(x, s), k.vec()
			k.fabs(z, v)
			k.fmin(z, z, farthest)

			inverse, t := k.vec(), k.vec()
			k.fadd(inverse, z, centre)
			k.fdiv(inverse, one, inverse)
			k.fsub(t, z, centre)
			k.fmul(t, t, inverse)
			p := k.polynomial(series.Tail(), t)
			k.fmul(p, p, inverse)

			h, hRest := k.product(z, z)
			k.fmul(h, h, minusHalf)
			k.fmul(hRest, hRest, minusHalf)
			q := k.exp(e, h, hRest)
			k.fmul(q, q, p)

			k.fsub(t, one, q)
			phi := k.bySign(v, q, t)
			k.fmul(phi, phi, v)
			k.save(phi, x, s)
		})
		k.ret()
	})
}

// largest writes the maximum of a row.
func (f *file) largest() {
	f.function("largestNEON", "x []float32", "float32", "is the largest x: for each x, m = max(m, x), from -Inf on. If one is NaN, it is any number or NaN.", func(k *kernel) {
		x, n := k.base("x"), k.length("x")
		k.constants()
		most, v := k.of(math.Inf(-1)), k.vec()
		k.ins("SUBS $4, %s", n)
		k.ins("BLT rest")
		k.label("vector")
		k.load(v, x, 0)
		k.fmax(most, most, v)
		k.ins("ADD $16, %s", x)
		k.ins("SUBS $4, %s", n)
		k.ins("BGE vector")
		k.label("rest")
		k.ins("ADDS $4, %s", n)
		k.ins("BEQ done")
		k.label("single")
		k.ins("VLD1R.P 4(%s), [V%d.S4]", x, v)
		k.fmax(most, most, v)
		k.ins("SUBS $1, %s", n)
		k.ins("BNE single")
		k.label("done")
		k.fmaxv(most, most)
		k.ins("FMOVS F%d, ret+%d(FP)", most, k.offsets["ret"])
		k.ret()
	})
}

// filled is a float32 parameter in every lane.
func (k *kernel) filled(name string) vec {
	v := k.vec()
	k.ins("FMOVS %s+%d(FP), F%d", name, k.offsets[name], v)
	k.broadcast(v, v)
	return v
}

// total is a sum of doubles in four lanes.
type total struct{ low, high vec }

func (k *kernel) zeroTotal() total {
	t := total{k.vec(), k.vec()}
	k.zero(t.low)
	k.zero(t.high)
	return t
}

// addTo adds the floats of v, or their squares.
func (k *kernel) addTo(t total, v vec, squares bool) {
	low, high := k.vec(), k.vec()
	k.floatToDouble(low, v)
	k.upperFloatToDouble(high, v)
	if squares {
		k.fmlaDouble(t.low, low, low)
		k.fmlaDouble(t.high, high, high)
		return
	}
	k.faddDouble(t.low, t.low, low)
	k.faddDouble(t.high, t.high, high)
}

// returnTotal ends a kernel whose result is the sum of t's lanes.
func (k *kernel) returnTotal(t total) {
	k.faddDouble(t.low, t.low, t.high)
	k.faddpDouble(t.low, t.low)
	k.ins("FMOVD F%d, ret+%d(FP)", t.low, k.offsets["ret"])
	k.ret()
}

// exps writes the numerators of softmax and their sum. The exponent is carried in two floats, the sum in doubles.
func (f *file) exps() {
	f.function("expsNEON", "x []float32, largest, scale float32", "float64", "sets each x to exp(scale*(x - largest)), for scale > 0 and x <= largest, and returns their sum.", func(k *kernel) {
		x, n := k.base("x"), k.length("x")
		k.constants()
		e, largest, scale := k.exponential(), k.filled("largest"), k.filled("scale")
		t := k.zeroTotal()
		k.walk(n, []gp{x}, func(s span) {
			v := k.read(x, s)

			// d + dRest = x - largest (Knuth's sum)
			d, grown, dRest := k.vec(), k.vec(), k.vec()
			k.fsub(d, v, largest)
			k.fsub(grown, d, v)
			k.fsub(dRest, d, grown)
			k.fsub(dRest, v, dRest)
			k.fadd(grown, grown, largest)
			k.fsub(dRest, dRest, grown)

			power, rest := k.product(d, scale)
			k.fmla(rest, dRest, scale)
			y := k.exp(e, power, rest)
			k.save(y, x, s)
			k.keep(y, s)
			k.addTo(t, y, false)
		})
		k.returnTotal(t)
	})
}

func (f *file) multiply() {
	f.function("multiplyNEON", "x []float32, by float32", "", "sets each x to x*by.", func(k *kernel) {
		x, n, by := k.base("x"), k.length("x"), k.filled("by")
		k.walk(n, []gp{x}, func(s span) {
			v := k.read(x, s)
			k.fmul(v, v, by)
			k.save(v, x, s)
		})
		k.ret()
	})
}

func (f *file) scale() {
	f.function("scaleNEON", "dst, x []float32, f float32", "", "sets dst[i] = x[i]*f for i < len(dst).", func(k *kernel) {
		dst, n, x, by := k.base("dst"), k.length("dst"), k.base("x"), k.filled("f")
		k.walk(n, []gp{dst, x}, func(s span) {
			v := k.read(x, s)
			k.fmul(v, v, by)
			k.save(v, dst, s)
		})
		k.ret()
	})
}

func (f *file) sum() {
	f.function("sumNEON", "x []float32", "float64", "is the sum of x, in float64.", func(k *kernel) {
		x, n, t := k.base("x"), k.length("x"), k.zeroTotal()
		k.walk(n, []gp{x}, func(s span) { k.addTo(t, k.read(x, s), false) })
		k.returnTotal(t)
	})
}

func (f *file) squares() {
	f.function("squaresNEON", "x []float32, mean float64", "float64", "is the sum of (x - mean)*(x - mean), the differences in float32, the sum in float64.", func(k *kernel) {
		x, n := k.base("x"), k.length("x")
		mean, rest := k.splitMean()
		t := k.zeroTotal()
		k.walk(n, []gp{x}, func(s span) {
			d := k.read(x, s)
			k.fsub(d, d, mean)
			k.fsub(d, d, rest)
			k.keep(d, s)
			k.addTo(t, d, true)
		})
		k.returnTotal(t)
	})
}

func (f *file) normalise() {
	f.function("normaliseNEON", "dst, x, gain, bias []float32, mean float64, scale float32", "", "sets dst[i] = (x[i] - mean)*scale*gain[i] + bias[i] for i < len(x).", func(k *kernel) {
		dst, x, gain, bias, n := k.base("dst"), k.base("x"), k.base("gain"), k.base("bias"), k.length("x")
		mean, rest := k.splitMean()
		scale := k.filled("scale")
		k.walk(n, []gp{dst, x, gain, bias}, func(s span) {
			d, g, b := k.read(x, s), k.read(gain, s), k.read(bias, s)
			k.fsub(d, d, mean)
			k.fsub(d, d, rest)
			k.fmul(d, d, scale)
			k.fmla(b, d, g)
			k.save(b, dst, s)
		})
		k.ret()
	})
}

// splitMean is the parameter mean as the sum of two floats: x less the first is as good as exact where the two are near.
func (k *kernel) splitMean() (mean, rest vec) {
	mean, rest, whole := k.vec(), k.vec(), k.vec()
	k.ins("FMOVD mean+%d(FP), F%d", k.offsets["mean"], whole)
	k.ins("FCVTDS F%d, F%d", whole, mean)
	k.ins("FCVTSD F%d, F%d", mean, rest)
	k.ins("FSUBD F%d, F%d, F%d", rest, whole, rest)
	k.ins("FCVTDS F%d, F%d", rest, rest)
	k.broadcast(mean, mean)
	k.broadcast(rest, rest)
	return mean, rest
}

func (f *file) rotate() {
	f.function("rotateNEON", "x, cos, sin []float32, headDim int", "", "turns each pair a = x[h+i], b = x[h+half+i] into a*cos[i] - b*sin[i], b*cos[i] + a*sin[i], for i < half = len(cos) and h = 0, headDim, 2*headDim… < len(x).", func(k *kernel) {
		x, last, stride := k.base("x"), k.length("x"), k.parameter("headDim")
		first := k.base("cos")
		firstSin, half := k.base("sin"), k.length("cos")
		low, high, cos, sin, n := k.gp(), k.gp(), k.gp(), k.gp(), k.gp()
		k.ins("ADD %s<<2, %s, %s", last, x, last)
		k.ins("LSL $2, %s", stride)
		k.label("head")
		k.ins("CMP %s, %s", last, x)
		k.ins("BHS end")
		k.ins("MOVD %s, %s", half, n)
		k.ins("MOVD %s, %s", x, low)
		k.ins("ADD %s<<2, %s, %s", half, x, high)
		k.ins("MOVD %s, %s", first, cos)
		k.ins("MOVD %s, %s", firstSin, sin)
		k.labels = "pair_"
		k.walk(n, []gp{low, high, cos, sin}, func(s span) {
			a, b, c, d := k.read(low, s), k.read(high, s), k.read(cos, s), k.read(sin, s)
			turned, other := k.vec(), k.vec()
			k.fmul(turned, a, c)
			k.fmls(turned, b, d)
			k.fmul(other, a, d)
			k.fmla(other, b, c)
			k.save(turned, low, s)
			k.save(other, high, s)
		})
		k.labels = ""
		k.ins("ADD %s, %s", stride, x)
		k.ins("B head")
		k.label("end")
		k.ret()
	})
}

func (f *file) add() {
	f.function("addNEON", "dst, x []float32", "", "sets dst[i] += x[i] for i < len(x).", func(k *kernel) {
		dst, x, n := k.base("dst"), k.base("x"), k.length("x")
		k.walk(n, []gp{dst, x}, func(s span) {
			sum, v := k.read(dst, s), k.read(x, s)
			k.fadd(sum, sum, v)
			k.save(sum, dst, s)
		})
		k.ret()
	})
}
