package main

import "fmt"

const (
	narrowRowsNEON = 2 // of a tile of integers without SDOT, over half the columns of a panel
	wideRowsNEON   = 1 // over all of them
)

// intPanelNEON writes intPanel for CPUs without SDOT. The products of two steps are added as 16 bits, which hold them since neither
// weights nor activations are less than -127, and pairs of these to 32 bits; a sum is that of two lanes.
func (f *file) intPanelNEON(prefix string, form intForm, rows, vectors int) {
	name := prefix + form.name + "NEON"
	f.function(name, form.parameters(), "", fmt.Sprintf("adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and the first %d columns of %s.", rows, 4*vectors, form.doc), func(k *kernel) {
		tiles(k, rows, func(k *kernel, rows int) { intTileNEON(k, form, rows, vectors) })
	})
}

func intTileNEON(k *kernel, form intForm, rows, vectors int) {
	n, b := k.parameter("k"), k.parameter("b")
	a := k.rowsOf(k.parameter("a"), k.parameter("lda"), rows)
	ldc := k.parameter("ldc")
	k.ins("LSL $2, %s", ldc)
	c := k.rowsOf(k.parameter("c"), ldc, rows)
	now, many, group := k.gp(), k.gp(), gp(0)
	if form.group == 0 {
		group = k.parameter("group")
	} else {
		group = k.gp()
		k.ins("MOVD $%d, %s", form.group, group)
	}
	sums := make([][][2]vec, rows)
	for r := range sums {
		for range vectors {
			sums[r] = append(sums[r], [2]vec{k.vec(), k.vec()})
		}
	}
	x := make([][2]vec, rows)
	for r := range x {
		x[r] = [2]vec{k.vec(), k.vec()}
	}
	w, product := [2]vec{k.vec(), k.vec()}, k.vectors(2)
	// load makes the weights of so many steps signed.
	load := func(v, steps int) {
		for s := range steps {
			k.load(w[s], b, 4*panelWidth*s+16*v)
		}
	}
	pair := 2 // steps of the panel that are two of four inputs
	switch form.name {
	case "Q8":
		top := k.vec()
		k.constant(top, 0x80808080)
		load = func(v, steps int) {
			for s := range steps {
				k.load(w[s], b, 4*panelWidth*s+16*v)
				k.eor(w[s], w[s], top)
			}
		}
	case "Q4":
		pair = 1
		levels, nibbles := k.vec(), k.vec()
		k.load(levels, k.parameter("levels"), 0)
		k.constant(nibbles, 0x0f0f0f0f)
		load = func(v, _ int) {
			k.load(w[1], b, 16*v)
			k.and(w[0], w[1], nibbles)
			k.upperNibbles(w[1], w[1])
			for s := range w {
				k.table(w[s], levels, w[s])
			}
		}
	}
	steps := func(count int) {
		if rows == 1 && vectors == panelWidth/4 {
			for line := 0; line < 4*panelWidth*max(1, count*pair/2); line += 64 {
				k.fetch(b, ahead+line)
			}
		}
		for r := range rows {
			for s := range count {
				k.ins("VLD1R.P 4(%s), [V%d.S4]", a[r], x[r][s])
			}
		}
		for v := range vectors {
			load(v, count)
			for r := range rows {
				k.smull(product[0], w[0], x[r][0])
				k.smull2(product[1], w[0], x[r][0])
				if count == 2 {
					k.smlal(product[0], w[1], x[r][1])
					k.smlal2(product[1], w[1], x[r][1])
				}
				k.sadalp(sums[r][v][0], product[0])
				k.sadalp(sums[r][v][1], product[1])
			}
		}
	}
	k.label("group")
	k.ins("CMP %s, %s", group, n)
	k.ins("CSEL LT, %s, %s, %s", n, group, now)
	k.ins("SUB %s, %s", now, n)
	for r := range sums {
		k.ins("ADD $4, %s", a[r])
		for _, sum := range sums[r] {
			k.zero(sum[0])
			k.zero(sum[1])
		}
	}
	counter := now
	if pair == 2 {
		counter = many
		k.ins("LSR $1, %s, %s", now, many)
		k.ins("CBZ %s, %s", many, k.to("rest"))
	}
	k.label("loop")
	steps(2)
	k.ins("ADD $%d, %s", 4*panelWidth*pair, b)
	k.ins("SUBS $1, %s", counter)
	k.ins("BNE %s", k.to("loop"))
	if pair == 2 {
		k.label("rest")
		k.ins("TBZ $0, %s, %s", now, k.to("scales"))
		steps(1)
		k.ins("ADD $%d, %s", 4*panelWidth, b)
		k.label("scales")
	}
	for r := range rows {
		k.ins("VLD1R.P 4(%s), [V%d.S4]", a[r], x[r][0])
		for _, sum := range sums[r] {
			k.addp(sum[0], sum[0], sum[1])
			k.scvtf(sum[0], sum[0])
			k.fmul(sum[0], sum[0], x[r][0])
		}
	}
	for v := 0; v < vectors; v += 2 {
		form.scales(k, b, v/2, w)
		for r := range rows {
			k.loadTwo(product[0], product[1], c[r], 16*v)
			k.fmla(product[0], sums[r][v][0], w[0])
			k.fmla(product[1], sums[r][v+1][0], w[1])
			k.storeTwo(product[0], product[1], c[r], 16*v)
		}
	}
	k.ins("ADD $%d, %s", 4*panelWidth*form.bits/8, b)
	k.ins("CBNZ %s, %s", n, k.to("group"))
	k.ret()
}
