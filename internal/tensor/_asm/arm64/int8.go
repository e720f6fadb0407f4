package main

import "fmt"

// The integer kernels go group by group of inputs. In a group's part of a row of A stand an int32 that they pass over, the
// activations as int8 and their float32 scale; in its part of the panel stand the weights, four inputs of each output side by
// side, and the outputs' scales.

// intForm is how the weights of a panel of integers are stored.
type intForm struct {
	name  string
	doc   string
	group int // steps of k
	bits  int
	// scales loads the scales of four times two outputs, from those of output 8·pair on.
	scales func(k *kernel, b gp, pair int, to [2]vec)
}

func floatScales(k *kernel, b gp, pair int, to [2]vec) { k.loadTwo(to[0], to[1], b, 32*pair) }

var (
	// signed is what the other forms are unpacked to.
	signed = intForm{
		name: "Signed", scales: floatScales, bits: 8,
		doc: "a panel B of signed weights in groups of group steps, with scales in float32; k counts fours of inputs",
	}
	q8 = intForm{
		name: "Q8", group: 32, bits: 8, scales: floatScales,
		doc: "a panel B in groups of 128 inputs, whose weights are unsigned, 128 too large; k counts fours of inputs",
	}
	q4 = intForm{name: "Q4", group: 4, bits: 4, scales: func(k *kernel, b gp, pair int, to [2]vec) {
		k.load(to[1], b, 16*pair)
		k.shll(to[0], to[1])
		k.shll2(to[1], to[1])
	}, doc: "a panel B in groups of 32 inputs, whose weights are the numbers of 16 signed levels, an input in the low half of a byte and the fourth one after that in the high half; k counts eights of inputs"}
)

// parameters are those of the form's kernel.
func (form intForm) parameters() string {
	switch form.name {
	case "Signed":
		return signature + ", group int"
	case "Q4":
		return signature + ", levels *byte"
	}
	return signature
}

// intPanel writes the kernel C += A·B with int32 sums of each group.
func (f *file) intPanel(prefix string, form intForm, rows, vectors int) {
	name := prefix + form.name + "DotProd"
	f.function(name, form.parameters(), "", fmt.Sprintf("adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and the first %d columns of %s.", rows, 4*vectors, form.doc), func(k *kernel) {
		tiles(k, rows, func(k *kernel, rows int) { intTile(k, form, rows, vectors) })
	})
}

func intTile(k *kernel, form intForm, rows, vectors int) {
	n, b := k.parameter("k"), k.parameter("b")
	a := k.rowsOf(k.parameter("a"), k.parameter("lda"), rows)
	ldc := k.parameter("ldc")
	k.ins("LSL $2, %s", ldc)
	c := k.rowsOf(k.parameter("c"), ldc, rows)
	at, now, many, group := k.gp(), k.gp(), k.gp(), gp(0)
	if form.group == 0 {
		group = k.parameter("group")
	} else {
		group = k.gp()
		k.ins("MOVD $%d, %s", form.group, group)
	}
	sums := make([][]vec, rows)
	for r := range sums {
		sums[r] = k.vectors(vectors)
	}
	x, w := k.vectors(rows), [2]vec{k.vec(), k.vec()}
	dot := func(w vec, v, of int) {
		for r := range rows {
			k.sdotElement(sums[r][v], w, x[r], of)
		}
	}
	multiply := func(s int) {
		for v := 0; v < vectors; v += 2 {
			k.loadTwo(w[0], w[1], b, s*4*panelWidth+16*v)
			dot(w[0], v, s)
			dot(w[1], v+1, s)
		}
	}
	switch form.name {
	case "Q8":
		top := k.vec()
		k.constant(top, 0x80808080)
		multiply = func(s int) {
			for v := 0; v < vectors; v += 2 {
				k.loadTwo(w[0], w[1], b, s*4*panelWidth+16*v)
				k.eor(w[0], w[0], top)
				k.eor(w[1], w[1], top)
				dot(w[0], v, s)
				dot(w[1], v+1, s)
			}
		}
	case "Q4":
		levels, nibbles, low := k.vec(), k.vec(), k.vec()
		k.load(levels, k.parameter("levels"), 0)
		k.constant(nibbles, 0x0f0f0f0f)
		multiply = func(s int) {
			for v := 0; v < vectors; v += 2 {
				k.loadTwo(w[0], w[1], b, s*4*panelWidth+16*v)
				for i := range w {
					k.and(low, w[i], nibbles)
					k.upperNibbles(w[i], w[i])
					k.table(low, levels, low)
					k.table(w[i], levels, w[i])
					dot(low, v+i, 2*s)
					dot(w[i], v+i, 2*s+1)
				}
			}
		}
	}
	spare := append(append([]vec{}, w[:]...), x...)
	for len(spare) < 4 {
		spare = append(spare, k.vec())
	}

	each := 32 / form.bits // bytes of activations a step
	whole := 16 / each     // steps of a full vector of activations
	loop := func(label string, count int, counter gp) {
		k.label(label)
		if rows == 1 && vectors == panelWidth/4 {
			for line := 0; line < count*4*panelWidth; line += 64 {
				k.fetch(b, ahead+line)
			}
		}
		for r := range rows {
			k.loadAt(x[r], each*count, a[r], at)
		}
		k.ins("ADD $%d, %s", each*count, at)
		for s := range count {
			multiply(s)
		}
		k.ins("ADD $%d, %s", count*4*panelWidth, b)
		k.ins("SUBS $1, %s", counter)
		k.ins("BNE %s", k.to(label))
	}
	k.ins("MOVD $0, %s", at)
	k.label("group")
	k.ins("CMP %s, %s", group, n)
	k.ins("CSEL LT, %s, %s, %s", n, group, now)
	k.ins("SUB %s, %s", now, n)
	k.ins("ADD $4, %s", at)
	for r := range sums {
		for _, sum := range sums[r] {
			k.zero(sum)
		}
	}
	k.ins("LSR $%d, %s, %s", log2(whole), now, many)
	k.ins("CBZ %s, %s", many, k.to("rest"))
	loop("loop", whole, many)
	k.label("rest")
	k.ins("ANDS $%d, %s", whole-1, now)
	k.ins("BEQ %s", k.to("scales"))
	loop("single", 1, now)

	k.label("scales")
	for r := range rows {
		k.loadAt(x[r], 4, a[r], at)
		for _, sum := range sums[r] {
			k.scvtf(sum, sum)
			k.fmulElement(sum, sum, x[r], 0)
		}
	}
	k.ins("ADD $4, %s", at)
	scales, was := [2]vec{spare[0], spare[1]}, [2]vec{spare[2], spare[3]}
	for v := 0; v < vectors; v += 2 {
		form.scales(k, b, v/2, scales)
		for r := range rows {
			k.loadTwo(was[0], was[1], c[r], 16*v)
			k.fmla(was[0], sums[r][v], scales[0])
			k.fmla(was[1], sums[r][v+1], scales[1])
			k.storeTwo(was[0], was[1], c[r], 16*v)
		}
	}
	k.ins("ADD $%d, %s", 4*panelWidth*form.bits/8, b)
	k.ins("CBNZ %s, %s", n, k.to("group"))
	k.ret()
}

// unpackQ8 writes the signed panel of one of Q8.
func (f *file) unpackQ8() {
	f.function("unpackQ8NEON", "n int, dst, src *byte", "", "writes n steps of the panel src of Q8, one or more, to dst as those of a signed panel.", func(k *kernel) {
		n, dst, src, now := k.parameter("n"), k.parameter("dst"), k.parameter("src"), k.gp()
		w, top := k.vectors(2), k.vec()
		k.constant(top, 0x80808080)
		each := func(change bool) {
			for v := 0; v < panelWidth/4; v += 2 {
				k.loadTwo(w[0], w[1], src, 16*v)
				if change {
					k.eor(w[0], w[0], top)
					k.eor(w[1], w[1], top)
				}
				k.storeTwo(w[0], w[1], dst, 16*v)
			}
			k.ins("ADD $%d, %s", 4*panelWidth, src)
			k.ins("ADD $%d, %s", 4*panelWidth, dst)
		}
		k.label("group")
		k.ins("MOVD $%d, %s", q8.group, now)
		k.ins("CMP %s, %s", now, n)
		k.ins("CSEL LT, %s, %s, %s", n, now, now)
		k.ins("SUB %s, %s", now, n)
		k.label("loop")
		each(true)
		k.ins("SUBS $1, %s", now)
		k.ins("BNE loop")
		each(false)
		k.ins("CBNZ %s, group", n)
		k.ret()
	})
}

// unpackQ4 writes the signed panel of one of Q4.
func (f *file) unpackQ4() {
	f.function("unpackQ4NEON", "n int, dst, src, levels *byte", "", "writes n steps of the panel src of Q4, one or more, to dst as twice as many of a signed panel.", func(k *kernel) {
		n, dst, src, now := k.parameter("n"), k.parameter("dst"), k.parameter("src"), k.gp()
		w, low := [2]vec{k.vec(), k.vec()}, k.vectors(2)
		levels, nibbles := k.vec(), k.vec()
		k.load(levels, k.parameter("levels"), 0)
		k.constant(nibbles, 0x0f0f0f0f)
		k.label("group")
		k.ins("MOVD $%d, %s", q4.group, now)
		k.ins("CMP %s, %s", now, n)
		k.ins("CSEL LT, %s, %s, %s", n, now, now)
		k.ins("SUB %s, %s", now, n)
		k.label("loop")
		for v := 0; v < panelWidth/4; v += 2 {
			k.loadTwo(w[0], w[1], src, 16*v)
			for i := range w {
				k.and(low[i], w[i], nibbles)
				k.upperNibbles(w[i], w[i])
				k.table(low[i], levels, low[i])
				k.table(w[i], levels, w[i])
			}
			k.storeTwo(low[0], low[1], dst, 16*v)
			k.storeTwo(w[0], w[1], dst, 4*panelWidth+16*v)
		}
		k.ins("ADD $%d, %s", 4*panelWidth, src)
		k.ins("ADD $%d, %s", 8*panelWidth, dst)
		k.ins("SUBS $1, %s", now)
		k.ins("BNE loop")
		for pair := range panelWidth / 8 {
			q4.scales(k, src, pair, w)
			k.storeTwo(w[0], w[1], dst, 32*pair)
		}
		k.ins("ADD $%d, %s", 2*panelWidth, src)
		k.ins("ADD $%d, %s", 4*panelWidth, dst)
		k.ins("CBNZ %s, group", n)
		k.ret()
	})
}
