package tensor

import (
	"encoding/binary"
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
)

// KV holds the keys and values of one layer for the positions seen so far, as float32 or bfloat16. Each head's keys are the
// packed matrix [positions, headDim] and its values the packed matrix [headDim, positions], so that queries times keys and
// probabilities times values are panel products.
type KV struct {
	form             Form
	heads, headDim   int
	length, capacity int    // positions
	keys             []byte // [heads] matrices [capacity, headDim]
	values           []byte // [heads] matrices [headDim, capacity]
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
	return &KV{
		form: f, heads: heads, headDim: headDim, capacity: capacity,
		keys:   aligned(heads * PackedBytes(f, capacity, headDim)),
		values: aligned(heads * PackedBytes(f, headDim, capacity)),
	}
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
	n := formats[c.form].panel.bytes(c.headDim)
	return c.keys[(head*panels(c.capacity)+i)*n:][:n]
}

// valuePanel holds columns i·panelWidth and those after it of the values.
func (c *KV) valuePanel(head, i int) []byte {
	n := formats[c.form].panel.bytes(c.capacity)
	return c.values[(head*panels(c.headDim)+i)*n:][:n]
}

// Append adds the keys and values of the next positions, k and v [rows, heads·headDim], for which there must be room.
func (c *KV) Append(p *Pool, k, v blas32.General) {
	c.check(c.length, k, v)
	p.apply.Lock()
	defer p.apply.Unlock()
	a := &p.appending
	*a = appending{kv: c, k: k, v: v}
	p.run(c.heads, a)
	c.length += k.Rows
}

// appending adds positions to a KV, a head a task.
type appending struct {
	kv   *KV
	k, v blas32.General // [rows, heads·headDim]
}

func (a *appending) do(_, h int) { a.kv.append(h, a.kv.length, a.k, a.v) }

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

// soon has the beginnings of a head's keys and values brought near, for seen positions.
func (c *KV) soon(h, seen int) {
	const beginning = 4096 // bytes; a product asks for what follows itself
	active.soon(c.keyPanel(h, 0)[:min(beginning, formats[c.form].panel.bytes(c.headDim))])
	for i := range panels(c.headDim) {
		active.soon(c.valuePanel(h, i)[:min(beginning, formats[c.form].panel.bytes(seen))])
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
	formats[c.form].pack(c.keyPanel(h, at/panelWidth), at%panelWidth, k)
}

func (c *KV) appendValue(h, at int, v []float32) {
	for i := range panels(c.headDim) {
		panel, part := c.valuePanel(h, i), v[i*panelWidth:min((i+1)*panelWidth, c.headDim)]
		if c.form == F32 {
			copy(floats(panel)[at*panelWidth:], part)
			continue
		}
		pairs := panel[at/2*4*panelWidth:]
		for d, x := range part {
			if at%2 == 0 { // with a zero for the position after it, where a NaN may be left of a longer sequence
				binary.LittleEndian.PutUint32(pairs[4*d:], uint32(toBF16(x)))
			} else {
				binary.LittleEndian.PutUint16(pairs[4*d+2:], toBF16(x))
			}
		}
	}
}
