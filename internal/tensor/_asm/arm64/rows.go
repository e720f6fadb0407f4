package main

import (
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
