package tensor

import (
	"encoding/binary"
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
)

// KV holds the keys and values of one layer for the positions seen so far, as float32 or bfloat16. Each head's keys are the
// packed matrix [positions, headDim] and its values the packed matrix [headDim, positions], so that queries times keys and
// probabilities times values are panel products. If foldedWidth columns or fewer are left for the last panel of the values, it is
// folded where the product can do that.
type KV struct {
	form             Form
	heads, headDim   int
	length, capacity int // positions
	folded           bool
	keys             []byte // [heads] matrices [capacity, headDim]
	values           []byte // [heads] matrices [headDim, capacity]
	keyBytes         int    // of a head's keys
	headBytes        int    // of a head's values
	panelBytes       int    // of a panel of the values that is not folded
}

// KVForm is the form of keys and values that goes with weights of a form: 2 bytes where the products round to as much anyway.
func KVForm(weights Form) Form {
	if weights == F32 || weights == F16 {
		return F32
	}
	return BF16
}

// NewKV returns an empty KV with room for capacity positions; the form is F32 or BF16.
func NewKV(f Form, heads, headDim, capacity int) *KV {
	return KVIn(f, heads, headDim, capacity, aligned(KVBytes(f, heads, headDim, capacity)), 0)
}

// KVBytes is the size of a KV's memory, for which there is room for capacity positions.
func KVBytes(f Form, heads, headDim, capacity int) int {
	c := shapeOf(f, heads, headDim, capacity)
	return heads * (c.keyBytes + c.headBytes)
}

// KVIn returns a KV in memory of KVBytes that begins at a multiple of 64 and holds the first n positions of one of the same form and
// shape, as Stretches gives them.
func KVIn(f Form, heads, headDim, capacity int, memory []byte, n int) *KV {
	c := shapeOf(f, heads, headDim, capacity)
	if len(memory) != heads*(c.keyBytes+c.headBytes) || n < 0 || n > capacity {
		panic(fmt.Sprintf("tensor: %d positions of keys and values in %d bytes, for %d heads of %d and %d positions", n, len(memory), heads, headDim, capacity))
	}
	c.keys, c.values = memory[:heads*c.keyBytes], memory[heads*c.keyBytes:]
	c.length = n
	return c
}

// shapeOf is a KV without memory.
func shapeOf(f Form, heads, headDim, capacity int) *KV {
	c := &KV{form: f, heads: heads, headDim: headDim, capacity: capacity}
	c.folded = (headDim-1)%panelWidth < foldedWidth && active.products[f].folded != nil
	last := panels(headDim) - 1
	c.keyBytes = PackedBytes(f, capacity, headDim)
	c.panelBytes = storages[f].panel.bytes(capacity)
	c.headBytes = last*c.panelBytes + c.valueBytes(last, capacity)
	return c
}

// Len is the number of positions held.
func (c *KV) Len() int { return c.length }

// Cap is the number of positions there is room for.
func (c *KV) Cap() int { return c.capacity }

// HeadDim is the width of one head.
func (c *KV) HeadDim() int { return c.headDim }

// Bytes is the memory that keys and values take.
func (c *KV) Bytes() int64 { return int64(len(c.keys) + len(c.values)) }

// Truncate forgets all but the first n positions, of which there must be as many.
func (c *KV) Truncate(n int) {
	if n < 0 || n > c.length {
		panic(fmt.Sprintf("tensor: %d positions of keys and values truncated to %d", c.length, n))
	}
	c.length = n
}

// keyPanel holds the keys of positions i·panelWidth and those after it.
func (c *KV) keyPanel(head, i int) []byte {
	n := storages[c.form].panel.bytes(c.headDim)
	return c.keys[(head*panels(c.capacity)+i)*n:][:n]
}

// valuePanel holds columns i·panelWidth and those after it of the values.
func (c *KV) valuePanel(head, i int) []byte {
	from := head*c.headBytes + i*c.panelBytes
	to := min(from+c.panelBytes, (head+1)*c.headBytes)
	return c.values[from:to:to]
}

// valueBytes is the size of so many positions of a panel of the values.
func (c *KV) valueBytes(i, positions int) int {
	if c.folds(i) {
		return storages[c.form].folded.bytes(positions)
	}
	return storages[c.form].panel.bytes(positions)
}

// folds says whether a panel of the values is folded.
func (c *KV) folds(panel int) bool { return c.folded && panel == panels(c.headDim)-1 }

// extend adds the keys and values of the next positions, k and v [rows, heads·headDim], for which there must be room.
func (c *KV) extend(p *Pool, k, v blas32.General) {
	c.check(c.length, k, v)
	p.apply.Lock()
	defer p.apply.Unlock()
	a := &p.appending
	*a = appending{kv: c, k: k, v: v}
	end := c.length + k.Rows
	a.blocks = (end+appendedRows-1)/appendedRows - c.length/appendedRows
	p.run(c.heads*a.blocks, a)
	c.length = end
}

// appendedRows is the positions of a task of an appending: whole panels of the keys, and so whole units of the values.
const appendedRows = 2 * panelWidth

// appending adds positions to a KV, a head's of one block of appendedRows a task.
type appending struct {
	kv     *KV
	k, v   blas32.General // [rows, heads·headDim]
	blocks int
}

func (a *appending) do(_, task int) {
	h, first, block := task/a.blocks, a.kv.length, a.kv.length/appendedRows+task%a.blocks
	from, to := max(0, block*appendedRows-first), min(a.k.Rows, (block+1)*appendedRows-first)
	a.kv.append(h, first+from, Rows(a.k, from, to), Rows(a.v, from, to))
}

// append adds positions from first on to one head.
func (c *KV) append(h, first int, k, v blas32.General) {
	c.check(first, k, v)
	k, v = columns(k, h*c.headDim, (h+1)*c.headDim), columns(v, h*c.headDim, (h+1)*c.headDim)
	if c.form == BF16 && active.appendBF16 != nil {
		active.appendBF16(c, h, first, k, v)
		return
	}
	c.appendGo(h, first, k, v)
}

// check panics unless k and v are keys and values that fit at the positions from first on.
func (c *KV) check(first int, k, v blas32.General) {
	width := c.heads * c.headDim
	if k.Cols != width || v.Cols != width || k.Rows != v.Rows || first < 0 || first+k.Rows > c.capacity {
		panic(fmt.Sprintf("tensor: keys [%d, %d] and values [%d, %d] appended at position %d of %d, for %d heads of %d",
			k.Rows, k.Cols, v.Rows, v.Cols, first, c.capacity, c.heads, c.headDim))
	}
}

// prefetchBytes prefetches the beginnings of a head's keys and values, for seen positions.
func (c *KV) prefetchBytes(h, seen int) {
	const beginning = 4096 // bytes; a product asks for what follows itself
	active.prefetchBytes(c.keyPanel(h, 0)[:min(beginning, storages[c.form].panel.bytes(c.headDim))])
	for i := range panels(c.headDim) {
		active.prefetchBytes(c.valuePanel(h, i)[:min(beginning, c.valueBytes(i, seen))])
	}
}

// appendGo writes keys and values of one head, [rows, headDim], at positions from first on.
func (c *KV) appendGo(h, first int, k, v blas32.General) {
	for i := range k.Rows {
		c.appendKey(h, first+i, Row(k, i))
		c.appendValue(h, first+i, Row(v, i))
	}
}

func (c *KV) appendKey(h, at int, k []float32) {
	storages[c.form].pack(c.keyPanel(h, at/panelWidth), at%panelWidth, k)
}

// appendValue leaves zeros for the positions after it that share its unit, where a NaN may be left of a longer sequence.
func (c *KV) appendValue(h, at int, v []float32) {
	for i := range panels(c.headDim) {
		panel, part := c.valuePanel(h, i), v[i*panelWidth:min((i+1)*panelWidth, c.headDim)]
		switch {
		case c.form == BF16 && c.folds(i):
			foldBF16(panel[at/4*8*foldedWidth:], at%4, part)
		case c.form == BF16:
			pairBF16(panel[at/2*4*panelWidth:], at%2, part)
		case c.folds(i):
			foldF32(floats(panel)[at/2*2*foldedWidth:], at%2, part)
		default:
			copy(floats(panel)[at*panelWidth:], part)
		}
	}
}

// foldBF16 writes values at place n of 4.
func foldBF16(unit []byte, n int, v []float32) {
	for d, x := range v {
		word := unit[8*d : 8*d+8]
		before := binary.LittleEndian.Uint64(word) & (1<<(16*n) - 1)
		binary.LittleEndian.PutUint64(word, before|uint64(toBF16(x))<<(16*n))
	}
}

// pairBF16 writes values at place n of 2.
func pairBF16(unit []byte, n int, v []float32) {
	for d, x := range v {
		if n == 0 {
			binary.LittleEndian.PutUint32(unit[4*d:], uint32(toBF16(x)))
		} else {
			binary.LittleEndian.PutUint16(unit[4*d+2:], toBF16(x))
		}
	}
}

// foldF32 writes values at place n of 2.
func foldF32(unit []float32, n int, v []float32) {
	for d, x := range v {
		if n == 0 {
			unit[2*d], unit[2*d+1] = x, 0
		} else {
			unit[2*d+1] = x
		}
	}
}
