package tensor

import (
	"fmt"
	"iter"
	"slices"
)

// KVLayout tells KVs apart of which one cannot hold what the memory of the other holds. The layout of a panel depends on the
// processor's tier, too.
func (c *KV) KVLayout() string {
	last := "whole"
	if c.folded {
		last = "folded"
	}
	return fmt.Sprintf("%s, %d heads of %d, last panel %s", c.form, c.heads, c.headDim, last)
}

// Stretches are the parts of the memory of a KV with room for capacity positions that hold the first n, of which there must be as many,
// and where they begin there, in rising order: keys head by head, then values head by head and panel by panel. Positions from n to the
// end of a panel of keys, or of a unit of values, are zeros, so that a stretch depends on no position that follows. It is valid until
// the next one.
func (c *KV) Stretches(n, capacity int) iter.Seq2[int, []byte] {
	if n < 0 || n > c.length || capacity < n {
		panic(fmt.Sprintf("tensor: %d positions of keys and values, %d asked for in room for %d", c.length, n, capacity))
	}
	there := shapeOf(c.form, c.heads, c.headDim, capacity)
	return func(yield func(int, []byte) bool) {
		var b []byte
		for h := range c.heads {
			b = b[:0]
			for i := range panels(n) {
				b = append(b, c.keyPanel(h, i)...)
			}
			if rest := n % panelWidth; rest > 0 {
				c.clearKeys(b[len(b)-storages[c.form].panel.bytes(c.headDim):], rest)
			}
			if len(b) > 0 && !yield(h*there.keyBytes, b) {
				return
			}
		}
		for h := range c.heads {
			for i := range panels(c.headDim) {
				b = append(b[:0], c.valuePanel(h, i)[:c.valueBytes(i, n)]...)
				if unit, size := c.unit(i); n%unit > 0 {
					c.clearValues(b[len(b)-size:], n%unit, unit)
				}
				if len(b) > 0 && !yield(c.heads*there.keyBytes+h*there.headBytes+i*there.panelBytes, b) {
					return
				}
			}
		}
	}
}

// Copy sets the KV to the first n positions of one of the same form and shape, for which both must have room.
func (c *KV) Copy(from *KV, n int) {
	if c.KVLayout() != from.KVLayout() || n > c.capacity {
		panic(fmt.Sprintf("tensor: %d positions of %s copied to room for %d of %s", n, from.KVLayout(), c.capacity, c.KVLayout()))
	}
	memory := [][]byte{c.keys, c.values}
	for at, part := range from.Stretches(n, c.capacity) {
		if at < len(c.keys) {
			copy(memory[0][at:], part)
		} else {
			copy(memory[1][at-len(c.keys):], part)
		}
	}
	c.length = n
}

// unit is the number of positions in a unit of a panel of the values, and its bytes.
func (c *KV) unit(i int) (positions, bytes int) {
	layout := storages[c.form].panel
	if c.folds(i) {
		layout = storages[c.form].folded
	}
	return layout.unit, layout.unitBytes
}

// valueSize is the bytes of a value.
func (c *KV) valueSize() int {
	return storages[c.form].panel.unitBytes / storages[c.form].panel.unit / panelWidth
}

// clearKeys clears the positions of a panel of keys from the first rows on.
func (c *KV) clearKeys(panel []byte, rows int) {
	layout := storages[c.form].panel
	each := layout.unitBytes / panelWidth // a unit of inputs of one position
	for unit := range slices.Chunk(panel, layout.unitBytes) {
		clear(unit[rows*each:])
	}
}

// clearValues clears the positions of a unit of values from the first rows on.
func (c *KV) clearValues(unit []byte, rows, of int) {
	size := c.valueSize()
	for column := range slices.Chunk(unit, of*size) {
		clear(column[rows*size:])
	}
}
