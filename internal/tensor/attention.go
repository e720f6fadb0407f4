package tensor

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// attentionRows is the number of queries of a task, and the most that go over the keys together: what there is of an attention matrix at
// one time is [attentionRows, positions] a core. Where one call multiplies by all keys, it is [rows of a register tile, positions], which
// the nearest caches hold.
const attentionRows = 56

// Attend adds the keys and values of the next positions to kv, k and v [n, heads·headDim], and sets dst to
// softmax(q·Kᵀ/√headDim)·V, head by head: q and dst [rows, heads·headDim]. With causal, the rows are the last positions that kv
// then holds and none looks beyond its own; otherwise every row looks at every position.
// Queries and probabilities are rounded to the form of kv.
func Attend(p *Pool, dst, q, k, v blas32.General, kv *KV, causal bool) {
	if q.Rows > 1 {
		kv.extend(p, k, v)
		k, v = Rows(k, 0, 0), Rows(v, 0, 0)
	} else {
		kv.check(kv.length, k, v)
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	kv.length += k.Rows
	a := &p.attention
	*a = attention{pool: p, dst: dst, q: q, k: k, v: v, kv: kv, causal: causal, product: &active.products[kv.form]}
	a.blocks = (q.Rows + attentionRows - 1) / attentionRows
	p.run(kv.heads*a.blocks, a)
}

// attention is an Attend cut into blocks of rows of one head.
type attention struct {
	pool    *Pool
	dst, q  blas32.General // [rows, heads·headDim]
	k, v    blas32.General // [n, heads·headDim] still to be added, for a single row
	kv      *KV
	causal  bool
	product *product
	blocks  int // a head
}

func (a *attention) do(worker, task int) {
	h, b := task/a.blocks, task%a.blocks
	if a.q.Rows == 1 {
		a.kv.append(h, a.kv.length-a.k.Rows, a.k, a.v)
		if h+1 < a.kv.heads {
			a.kv.prefetchBytes(h+1, a.kv.length)
		}
	}
	first, last := b*a.q.Rows/a.blocks, (b+1)*a.q.Rows/a.blocks
	n, height := last-first, attentionRows
	if a.product.panels != nil {
		height = a.product.rows
	}
	tiles := (n + height - 1) / height
	for t := range tiles {
		a.tile(worker, h, first+t*n/tiles, first+(t+1)*n/tiles)
	}
}

// tile sets what some rows of a head attend to.
func (a *attention) tile(worker, h, first, last int) {
	from, to := h*a.kv.headDim, (h+1)*a.kv.headDim
	dst, q := columns(Rows(a.dst, first, last), from, to), columns(Rows(a.q, first, last), from, to)
	s := a.room(worker, q, a.visible(last-1))
	a.score(s, h)
	scale := a.scale()
	for i := range q.Rows {
		n := a.visible(first + i)
		row := s.probabilities[i*s.ldp : (i+1)*s.ldp]
		s.inverse[i] = 1 / a.product.softmax(row, Row(s.scores, i)[:n], scale)
		clear(row[a.product.x.bytesBefore(n):])
	}
	for i := range panels(a.kv.headDim) {
		width := min(panelWidth, a.kv.headDim-i*panelWidth)
		a.product.set(columns(s.sums, i*panelWidth, (i+1)*panelWidth), s.probabilities, s.ldp, s.seen, a.kv.valuePanel(h, i), width, a.kv.folds(i))
	}
	for i := range q.Rows {
		active.scale(Row(dst, i), Row(s.sums, i), s.inverse[i])
	}
}

// score sets the scores of a block of queries, before they are scaled.
func (a *attention) score(s block, head int) {
	k := a.product
	if k.panels == nil {
		for i := range panels(s.seen) {
			k.set(columns(s.scores, i*panelWidth, (i+1)*panelWidth), s.queries, s.ldq, a.kv.headDim, a.kv.keyPanel(head, i), panelWidth, false)
		}
		return
	}
	tiles := (s.scores.Rows + k.rows - 1) / k.rows
	for t := range tiles {
		r, end := t*s.scores.Rows/tiles, (t+1)*s.scores.Rows/tiles
		k.panels(end-r, (a.kv.headDim+k.unit-1)/k.unit, panels(s.seen), s.queries[r*s.ldq:], s.ldq, a.kv.keyPanel(head, 0), s.scores.Data[r*s.scores.Stride:], s.scores.Stride)
	}
}

func (a *attention) scale() float32 { return float32(1 / math.Sqrt(float64(a.kv.headDim))) }

// visible is the number of positions that a row looks at.
func (a *attention) visible(row int) int {
	if a.causal {
		return a.kv.length - a.q.Rows + row + 1
	}
	return a.kv.length
}

// block is the room of a worker for some queries of one head.
type block struct {
	seen          int            // positions that any of the rows looks at
	queries       []byte         // [rows, headDim], as the product wants them
	probabilities []byte         // [rows, seen], before they are divided by their sum
	ldq, ldp      int            // bytes a row
	scores        blas32.General // [rows, seen] and up to a whole panel
	sums          blas32.General // [rows, headDim] and up to a whole panel
	inverse       []float32      // [rows], of the sums of probabilities
}

func (a *attention) room(worker int, q blas32.General, seen int) block {
	rows, x := q.Rows, a.product.x
	wide, deep := panels(seen)*panelWidth, panels(a.kv.headDim)*panelWidth
	ldq, ldp := stride(x.bytes(a.kv.headDim)), stride(x.bytes(seen))
	floatsOf := func(bytes int) int { return (bytes + alignment - 1) / alignment * (alignment / 4) }
	sizes := [...]int{rows * wide, rows * deep, floatsOf(4 * rows), floatsOf(rows * ldq), floatsOf(rows * ldp)}
	room := a.pool.floats(worker, sizes[0]+sizes[1]+sizes[2]+sizes[3]+sizes[4])
	take := func(n int) []float32 {
		part := room[:n:n]
		room = room[n:]
		return part
	}
	s := block{seen: seen, ldq: ldq, ldp: ldp}
	s.scores = blas32.General{Rows: rows, Cols: wide, Stride: wide, Data: take(sizes[0])}
	s.sums = blas32.General{Rows: rows, Cols: deep, Stride: deep, Data: take(sizes[1])}
	s.inverse = take(sizes[2])
	if a.product.convert == nil {
		s.queries, s.ldq = bytesOf(q.Data), 4*q.Stride
		s.probabilities, s.ldp = bytesOf(s.scores.Data), 4*wide
		return s
	}
	s.queries, s.probabilities = bytesOf(take(sizes[3])), bytesOf(take(sizes[4]))
	for i := range rows {
		a.product.convert(s.queries[i*ldq:(i+1)*ldq], Row(q, i))
	}
	return s
}

// set is c = a·B for the first width columns of a panel B of n inputs, folded or not, in register tiles of even height.
func (k *product) set(c blas32.General, a []byte, lda, n int, b []byte, width int, folded bool) {
	kernel, unit := k.panel, k.unit
	switch {
	case folded:
		kernel, unit = k.folded, 2*k.unit
	case width <= panelWidth/2 && k.narrow != nil:
		kernel = k.narrow
	}
	tiles := (c.Rows + k.rows - 1) / k.rows
	for t := range tiles {
		r, end := t*c.Rows/tiles, (t+1)*c.Rows/tiles
		tile := c.Data[r*c.Stride:]
		active.initTile(end-r, tile, c.Stride, noBias[:], false)
		kernel(end-r, (n+unit-1)/unit, a[r*lda:], lda, b, tile, c.Stride)
	}
}

// softmax writes exp(scale·scores), taken relative to the largest and up to a common factor, to a row of activations and returns
// their sum.
func (k *product) softmax(dst []byte, scores []float32, scale float32) float32 {
	if k.expSum != nil {
		return k.expSum(dst, scores, scale)
	}
	softmax(scores, scale)
	if k.convert != nil {
		k.convert(dst, scores)
	}
	return 1
}

func scaleGo(dst, x []float32, f float32) {
	for j := range dst {
		dst[j] = x[j] * f
	}
}
