package main

import "fmt"

// panelWidth is the number of outputs in a packed panel.
const panelWidth = 32

// signature is that of every panel kernel.
const signature = "rows, k int, a *byte, lda int, b *byte, c *float32, ldc int"

const (
	narrowRows = 6 // of a tile over half the columns of a panel
	wideRows   = 3 // of a tile over all of them
)

// ahead is how far before its use a panel is asked for, in bytes, where it comes from memory because a single row needs it once.
const ahead = 4096

// floatForm is how the weights of a panel that is multiplied in float32 are stored.
type floatForm struct {
	name  string
	bytes int // of a panel an input
	// twice widens the weights that two registers b hold and calls multiply for each vector of them: v its place among the vectors
	// of outputs from the first of these on, of which of the inputs that stand side by side.
	twice  func(k *kernel, b [2]vec, spare []vec, multiply func(w vec, v, of int))
	inputs int // that stand side by side
	cover  int // vectors of outputs that two registers hold
}

var (
	f32 = floatForm{name: "F32", bytes: 4 * panelWidth, inputs: 1, cover: 2, twice: func(_ *kernel, b [2]vec, _ []vec, multiply func(w vec, v, of int)) {
		multiply(b[0], 0, 0)
		multiply(b[1], 1, 0)
	}}
	f16 = floatForm{name: "F16", bytes: 2 * panelWidth, inputs: 1, cover: 4, twice: func(k *kernel, b [2]vec, spare []vec, multiply func(w vec, v, of int)) {
		for i := range b {
			k.halfToFloat(spare[i], b[i])
			k.upperHalfToFloat(b[i], b[i])
			multiply(spare[i], 2*i, 0)
			multiply(b[i], 2*i+1, 0)
		}
	}}
	// A bfloat16 is the upper half of a float32.
	bf16 = floatForm{name: "BF16", bytes: 2 * panelWidth, inputs: 2, cover: 2, twice: func(k *kernel, b [2]vec, spare []vec, multiply func(w vec, v, of int)) {
		for i := range b {
			k.shl(spare[i], b[i], 16)
			k.and(b[i], b[i], spare[2])
			multiply(spare[i], i, 0)
			multiply(b[i], i, 1)
		}
	}}
)

// tiles writes a kernel that jumps to the tile of its number of rows.
func tiles(k *kernel, rows int, tile func(k *kernel, rows int)) {
	n := k.parameter("rows")
	for r := rows; r > 1; r-- {
		k.ins("CMP $%d, %s", r, n)
		k.ins("BEQ rows%d_tile", r)
	}
	for r := 1; r <= rows; r++ {
		k.gps, k.vecs, k.labels = 0, 0, fmt.Sprintf("rows%d_", r)
		k.label("tile")
		tile(k, r)
	}
}

// rowsOf takes a register for the beginning of each row of a matrix whose rows are stride bytes apart.
func (k *kernel) rowsOf(first, stride gp, rows int) []gp {
	bases := []gp{first}
	for range rows - 1 {
		next := k.gp()
		k.ins("ADD %s, %s, %s", stride, bases[len(bases)-1], next)
		bases = append(bases, next)
	}
	return bases
}

// floatPanel writes the kernel C += A·B in float32 for 1…rows rows of A and so many vectors of columns of B. Every sum is one chain of
// fused multiply-adds in order of k, so its bits depend on k alone.
func (f *file) floatPanel(prefix string, form floatForm, rows, vectors int) {
	name := prefix + form.name + "NEON"
	what := "single inputs"
	if form.inputs == 2 {
		what = "pairs of inputs, which stand side by side in both A (float32) and B"
	}
	f.function(name, signature, "", fmt.Sprintf("adds A·B to C for rows (1…%d) rows of A [rows, k] float32, lda bytes apart, and the first %d columns of the panel B of %s; k counts %s.", rows, 4*vectors, form.name, what), func(k *kernel) {
		tiles(k, rows, func(k *kernel, rows int) { floatTile(k, form, rows, vectors) })
	})
}

func floatTile(k *kernel, form floatForm, rows, vectors int) {
	n, b := k.parameter("k"), k.parameter("b")
	a := k.rowsOf(k.parameter("a"), k.parameter("lda"), rows)
	ldc := k.parameter("ldc")
	k.ins("LSL $2, %s", ldc)
	c := k.rowsOf(k.parameter("c"), ldc, rows)
	at, many := k.gp(), k.gp()
	sums := make([][]vec, rows)
	for r := range sums {
		sums[r] = k.vectors(vectors)
		for v := 0; v < vectors; v += 2 {
			k.loadTwo(sums[r][v], sums[r][v+1], c[r], 16*v)
		}
	}
	x, w := k.vectors(rows), [2]vec{k.vec(), k.vec()}
	var spare []vec
	switch form.name {
	case "F16":
		spare = k.vectors(2)
	case "BF16":
		spare = k.vectors(3)
		k.constant(spare[2], 0xffff0000)
	}
	step := form.bytes * form.inputs
	// steps multiplies by the next inputs, which the vectors of x hold from the first lane on.
	steps := func(count int) {
		for s := range count {
			for v := 0; v < vectors; v += form.cover {
				if rows == 1 && vectors == panelWidth/4 && v%4 == 0 {
					k.fetch(b, ahead+s*step+v/form.cover*32)
				}
				k.loadTwo(w[0], w[1], b, s*step+v/form.cover*32)
				form.twice(k, w, spare, func(w vec, at, of int) {
					for r := range rows {
						k.fmlaElement(sums[r][v+at], w, x[r], s*form.inputs+of)
					}
				})
			}
		}
		k.ins("ADD $%d, %s", count*step, b)
	}
	loop := func(label string, count int, counter gp) {
		k.label(label)
		for r := range rows {
			k.loadAt(x[r], 4*form.inputs*count, a[r], at)
		}
		k.ins("ADD $%d, %s", 4*form.inputs*count, at)
		steps(count)
		k.ins("SUBS $1, %s", counter)
		k.ins("BNE %s", k.to(label))
	}
	whole := 4 / form.inputs // steps of a full vector of activations
	k.ins("MOVD $0, %s", at)
	k.ins("LSR $%d, %s, %s", log2(whole), n, many)
	k.ins("CBZ %s, %s", many, k.to("rest"))
	loop("loop", whole, many)
	k.label("rest")
	k.ins("ANDS $%d, %s", whole-1, n)
	k.ins("BEQ %s", k.to("end"))
	loop("single", 1, n)
	k.label("end")
	for r := range sums {
		for v := 0; v < vectors; v += 2 {
			k.storeTwo(sums[r][v], sums[r][v+1], c[r], 16*v)
		}
	}
	k.ret()
}

func log2(n int) int {
	l := 0
	for ; n > 1; n /= 2 {
		l++
	}
	return l
}

// unpack writes the widening of a panel to float32, which many rows share.
func (f *file) unpack(form floatForm) {
	f.function("unpack"+form.name+"NEON", "n int, dst, src *byte", "", fmt.Sprintf("writes n steps of the panel src of %s, one or more, to dst as those of a panel of F32.", form.name), func(k *kernel) {
		n, dst, src := k.parameter("n"), k.parameter("dst"), k.parameter("src")
		b, spare := [2]vec{k.vec(), k.vec()}, k.vectors(3)
		k.constant(spare[2], 0xffff0000)
		k.label("loop")
		for v := 0; v < panelWidth/4; v += form.cover {
			k.loadTwo(b[0], b[1], src, v/form.cover*32)
			form.twice(k, b, spare, func(w vec, at, of int) { k.store(w, dst, 16*(v+at)+4*panelWidth*of) })
		}
		k.ins("ADD $%d, %s", form.bytes*form.inputs, src)
		k.ins("ADD $%d, %s", 4*panelWidth*form.inputs, dst)
		k.ins("SUBS $1, %s", n)
		k.ins("BNE loop")
		k.ret()
	})
}
