package tensor

import (
	"math"

	"gonum.org/v1/gonum/blas/blas32"
)

// KV holds the keys and values of one layer for the positions seen so far. Each head's keys are kept as the packed matrix
// [positions, headDim] and its values as the packed matrix [headDim, positions], so that queries times keys and
// probabilities times values are panel products.
type KV struct {
	heads, headDim   int
	length, capacity int       // positions
	keys             []float32 // [heads, ceil(capacity/panelWidth), headDim, panelWidth]
	values           []float32 // [heads, ceil(headDim/panelWidth), capacity, panelWidth]
}

// NewKV returns an empty KV with room for capacity positions.
func NewKV(heads, headDim, capacity int) *KV {
	return &KV{
		heads: heads, headDim: headDim, capacity: capacity,
		keys:   make([]float32, heads*panels(capacity)*headDim*panelWidth),
		values: make([]float32, heads*panels(headDim)*capacity*panelWidth),
	}
}

// Len is the number of positions held.
func (c *KV) Len() int { return c.length }

// Cap is the number of positions there is room for.
func (c *KV) Cap() int { return c.capacity }

// HeadDim is the width of one head.
func (c *KV) HeadDim() int { return c.headDim }

// Truncate forgets all but the first n positions.
func (c *KV) Truncate(n int) { c.length = n }

// Append adds the keys and values of the next positions, k and v [rows, heads·headDim].
func (c *KV) Append(p *Pool, k, v blas32.General) {
	p.Run(c.heads, func(_, h int) {
		keys, values := c.headKeys(h), c.headValues(h)
		for i := range k.Rows {
			at := c.length + i
			key := keys[at/panelWidth*c.headDim*panelWidth:]
			for d, x := range Row(k, i)[h*c.headDim : (h+1)*c.headDim] {
				key[d*panelWidth+at%panelWidth] = x
			}
			for d, x := range Row(v, i)[h*c.headDim : (h+1)*c.headDim] {
				values[(d/panelWidth*c.capacity+at)*panelWidth+d%panelWidth] = x
			}
		}
	})
	c.length += k.Rows
}

func (c *KV) headKeys(h int) []float32 {
	n := panels(c.capacity) * c.headDim * panelWidth
	return c.keys[h*n : (h+1)*n]
}

func (c *KV) headValues(h int) []float32 {
	n := panels(c.headDim) * c.capacity * panelWidth
	return c.values[h*n : (h+1)*n]
}

// attentionRows is the number of queries that go over the keys together: what there is of an attention matrix at one time is
// [attentionRows, positions] a core.
const attentionRows = 56

// Attend sets dst to softmax(q·Kᵀ/√headDim)·V, head by head: q and dst [rows, heads·headDim]. With causal, the rows are the
// last positions that kv holds and none looks beyond its own; otherwise every row looks at every position.
func Attend(p *Pool, dst, q blas32.General, kv *KV, causal bool) {
	blocks := (q.Rows + attentionRows - 1) / attentionRows
	p.Run(kv.heads*blocks, func(worker, task int) {
		h, b := task/blocks, task%blocks
		first, last := b*q.Rows/blocks, (b+1)*q.Rows/blocks
		attendBlock(p, worker, Rows(columns(dst, h*kv.headDim, (h+1)*kv.headDim), first, last), Rows(columns(q, h*kv.headDim, (h+1)*kv.headDim), first, last), kv, h, func(i int) int {
			if causal {
				return kv.length - q.Rows + first + i + 1
			}
			return kv.length
		})
	})
}

// attendBlock is Attend for some rows of one head; row i looks at the first visible(i) positions, which grow with i.
func attendBlock(p *Pool, worker int, dst, q blas32.General, kv *KV, head int, visible func(int) int) {
	seen := visible(q.Rows - 1)
	wide, deep := panels(seen)*panelWidth, panels(kv.headDim)*panelWidth
	room := p.floats(worker, q.Rows*(wide+deep))
	scores := blas32.General{Rows: q.Rows, Cols: wide, Stride: wide, Data: room}
	sums := blas32.General{Rows: q.Rows, Cols: deep, Stride: deep, Data: room[q.Rows*wide:]}

	clear(room)
	keys := kv.headKeys(head)
	for i := range panels(seen) {
		multiplyPanel(columns(scores, i*panelWidth, (i+1)*panelWidth), q, kv.headDim, keys[i*kv.headDim*panelWidth:])
	}
	scale := float32(1 / math.Sqrt(float64(kv.headDim)))
	for i := range q.Rows {
		row := Row(scores, i)
		softmax(row[:visible(i)], scale)
		clear(row[visible(i):])
	}
	values := kv.headValues(head)
	for i := range panels(kv.headDim) {
		multiplyPanel(columns(sums, i*panelWidth, (i+1)*panelWidth), scores, seen, values[i*kv.capacity*panelWidth:])
	}
	Copy(dst, columns(sums, 0, kv.headDim))
}

// multiplyPanel adds the first n columns of x times the panel to c, in register tiles of even height.
func multiplyPanel(c, x blas32.General, n int, panel []float32) {
	k := &active.products[F32]
	tiles := (x.Rows + k.rows - 1) / k.rows
	for t := range tiles {
		r, end := t*x.Rows/tiles, (t+1)*x.Rows/tiles
		k.panel(end-r, n, bytesOf(x.Data[r*x.Stride:]), 4*x.Stride, bytesOf(panel[:n*panelWidth]), c.Data[r*c.Stride:], c.Stride)
	}
}
