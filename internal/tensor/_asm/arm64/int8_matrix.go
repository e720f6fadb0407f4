package main

import "fmt"

// With the instructions of FEAT_I8MM, two rows of A times two outputs are one sum register, and a step takes eight inputs. The panels
// that many rows share are unpacked for that: the eight inputs of an output side by side, two outputs a vector. Of every 128 bytes
// the first half belongs to the first half of the outputs.

// pairs writes n steps of a panel as signed pairs of outputs; see above. Load gives a vector of weights of each of two steps.
func (k *kernel) pairs(dst gp, load func(v int) (first, second vec)) {
	low, high := k.vec(), k.vec()
	for v := range panelWidth / 4 {
		first, second := load(v)
		k.zip1Words(low, first, second)
		k.zip2Words(high, first, second)
		k.storeTwo(low, high, dst, 64*(v/4)+128*(v%4/2)+32*(v%2))
	}
}

func (f *file) unpackQ8Pairs() {
	f.function("unpackQ8I8MM", "n int, dst, src *byte", "", "writes n steps of the panel src of Q8, one or more, to dst as those of a panel of signed pairs; behind an odd number of them stands what an activation of zero is multiplied by.", func(k *kernel) {
		n, dst, src, now := k.parameter("n"), k.parameter("dst"), k.parameter("src"), k.gp()
		w, top := k.vectors(2), k.vec()
		k.constant(top, 0x80808080)
		taken := k.vecs
		each := func(steps int) {
			k.vecs = taken
			k.pairs(dst, func(v int) (first, second vec) {
				for s := range steps {
					k.load(w[s], src, 4*panelWidth*s+16*v)
					k.eor(w[s], w[s], top)
				}
				return w[0], w[steps-1]
			})
			k.ins("ADD $%d, %s", 4*panelWidth*steps, src)
			k.ins("ADD $%d, %s", 8*panelWidth, dst)
		}
		k.label("group")
		k.ins("MOVD $%d, %s", q8.group, now)
		k.ins("CMP %s, %s", now, n)
		k.ins("CSEL LT, %s, %s, %s", n, now, now)
		k.ins("SUB %s, %s", now, n)
		k.ins("SUBS $2, %s", now)
		k.ins("BLT rest")
		k.label("loop")
		each(2)
		k.ins("SUBS $2, %s", now)
		k.ins("BGE loop")
		k.label("rest")
		k.ins("TBZ $0, %s, scales", now)
		each(1)
		k.label("scales")
		for v := 0; v < panelWidth/4; v += 2 {
			k.loadTwo(w[0], w[1], src, 16*v)
			k.storeTwo(w[0], w[1], dst, 16*v)
		}
		k.ins("ADD $%d, %s", 4*panelWidth, src)
		k.ins("ADD $%d, %s", 4*panelWidth, dst)
		k.ins("CBNZ %s, group", n)
		k.ret()
	})
}

func (f *file) unpackQ4Pairs() {
	f.function("unpackQ4I8MM", "n int, dst, src, levels *byte", "", "writes n steps of the panel src of Q4, one or more, to dst as twice as many of a panel of signed pairs.", func(k *kernel) {
		n, dst, src, now := k.parameter("n"), k.parameter("dst"), k.parameter("src"), k.gp()
		w, levels, nibbles := [2]vec{k.vec(), k.vec()}, k.vec(), k.vec()
		k.load(levels, k.parameter("levels"), 0)
		k.constant(nibbles, 0x0f0f0f0f)
		k.label("group")
		k.ins("MOVD $%d, %s", q4.group, now)
		k.ins("CMP %s, %s", now, n)
		k.ins("CSEL LT, %s, %s, %s", n, now, now)
		k.ins("SUB %s, %s", now, n)
		k.label("loop")
		k.pairs(dst, func(v int) (first, second vec) {
			k.load(w[1], src, 16*v)
			k.and(w[0], w[1], nibbles)
			k.upperNibbles(w[1], w[1])
			k.table(w[0], levels, w[0])
			k.table(w[1], levels, w[1])
			return w[0], w[1]
		})
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

// intPanelPairs writes intPanel for a panel of signed pairs.
func (f *file) intPanelPairs() {
	f.function("narrowPairsI8MM", signature+", group int", "", fmt.Sprintf("adds A·B to C for rows (1…%d) rows of A, lda bytes apart, and the first 16 columns of a panel B of signed pairs in groups of group steps, an even number, with scales in float32; k counts fours of inputs.", narrowRows), func(k *kernel) {
		tiles(k, narrowRows, intTilePairs)
	})
}

func intTilePairs(k *kernel, rows int) {
	const vectors = 4
	n, b := k.parameter("k"), k.parameter("b")
	a := k.rowsOf(k.parameter("a"), k.parameter("lda"), rows)
	ldc := k.parameter("ldc")
	k.ins("LSL $2, %s", ldc)
	c := k.rowsOf(k.parameter("c"), ldc, rows)
	at, now, many, group := k.gp(), k.gp(), k.gp(), k.parameter("group")
	both := (rows + 1) / 2 // pairs of rows, the last one perhaps of one row
	sums := make([][]vec, both)
	for p := range sums {
		sums[p] = k.vectors(2 * vectors)
	}
	x, w, t := k.vectors(both), [2]vec{k.vec(), k.vec()}, [2]vec{k.vec(), k.vec()}

	step := func(bytes int) {
		for p := range both {
			k.loadAt(x[p], bytes, a[2*p], at)
			if 2*p+1 < rows {
				k.loadAt(t[p%2], bytes, a[2*p+1], at)
				k.zip1Doubles(x[p], x[p], t[p%2])
			}
		}
		k.ins("ADD $%d, %s", bytes, at)
		for v := range vectors {
			k.loadTwo(w[0], w[1], b, 128*(v/2)+32*(v%2))
			for i := range w {
				for p := range both {
					k.smmla(sums[p][2*v+i], x[p], w[i])
				}
			}
		}
		k.ins("ADD $%d, %s", 8*panelWidth, b)
	}
	k.ins("MOVD $0, %s", at)
	k.label("group")
	k.ins("CMP %s, %s", group, n)
	k.ins("CSEL LT, %s, %s, %s", n, group, now)
	k.ins("SUB %s, %s", now, n)
	k.ins("ADD $4, %s", at)
	for p := range sums {
		for _, sum := range sums[p] {
			k.zero(sum)
		}
	}
	k.ins("LSR $1, %s, %s", now, many)
	k.ins("CBZ %s, %s", many, k.to("rest"))
	k.label("loop")
	step(8)
	k.ins("SUBS $1, %s", many)
	k.ins("BNE %s", k.to("loop"))
	k.label("rest")
	k.ins("TBZ $0, %s, %s", now, k.to("scales"))
	step(4)

	k.label("scales")
	scale := t[0]
	for r := range rows {
		s := sums[r/2]
		k.loadAt(scale, 4, a[r], at)
		for v := range vectors {
			// The first row's sums of four outputs go to the even registers, the second row's to the odd ones.
			if r%2 == 0 {
				k.zip1Doubles(t[1], s[2*v], s[2*v+1])
				k.zip2Doubles(s[2*v+1], s[2*v], s[2*v+1])
				k.scvtf(s[2*v], t[1])
			} else {
				k.scvtf(s[2*v+1], s[2*v+1])
			}
			k.fmulElement(s[2*v+r%2], s[2*v+r%2], scale, 0)
		}
	}
	k.ins("ADD $4, %s", at)
	for v := 0; v < vectors; v += 2 {
		k.loadTwo(w[0], w[1], b, 16*v)
		for r := range rows {
			k.loadTwo(t[0], t[1], c[r], 16*v)
			k.fmla(t[0], sums[r/2][2*v+r%2], w[0])
			k.fmla(t[1], sums[r/2][2*(v+1)+r%2], w[1])
			k.storeTwo(t[0], t[1], c[r], 16*v)
		}
	}
	k.ins("ADD $%d, %s", 4*panelWidth, b)
	k.ins("CBNZ %s, %s", n, k.to("group"))
	k.ret()
}
