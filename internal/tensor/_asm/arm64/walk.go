package main

import (
	"fmt"
	"math"

	"github.com/mcllava/mcllava/internal/tensor/_asm/series"
)

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
