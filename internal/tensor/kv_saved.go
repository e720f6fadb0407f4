package tensor

import (
	"fmt"
	"io"
)

// The first n positions of a KV are saved head by head: the panels of the keys, [headDim, positions] each, then those of the values,
// [positions, columns] each, without the columns that a last panel has for nothing. Positions from n to the end of a panel of keys, or
// of a unit of values, are zeros. So what is saved depends on form, heads, headDim and n, on how the processor's tier lays out a
// panel, and not on the capacity.

// SavedLayout tells KVs apart of which one cannot restore what the other saved.
func (c *KV) SavedLayout() string {
	last := "whole"
	if c.folded {
		last = "folded"
	}
	return fmt.Sprintf("%s, %d heads of %d, last panel %s", c.form, c.heads, c.headDim, last)
}

// SavedBytes is the size of the first n positions as Save writes them.
func (c *KV) SavedBytes(n int) int {
	size := panels(n) * storages[c.form].panel.bytes(c.headDim)
	for i := range panels(c.headDim) {
		size += c.savedValueBytes(i, n)
	}
	return c.heads * size
}

// savedValueBytes is the size of n positions of a panel of the values, saved.
func (c *KV) savedValueBytes(i, n int) int {
	full, used := c.unitBytes(i)
	return c.valueBytes(i, n) / full * used
}

// unitBytes is the size of a unit of a panel of the values, and what of it has columns.
func (c *KV) unitBytes(i int) (full, used int) {
	layout, width := storages[c.form].panel, panelWidth
	if c.folds(i) {
		layout, width = storages[c.form].folded, foldedWidth
	}
	columns := min(c.headDim-i*panelWidth, width)
	return layout.unitBytes, layout.unitBytes / width * columns
}

// unit is the number of positions in a unit of a panel of the values.
func (c *KV) unit(i int) int {
	if c.folds(i) {
		return storages[c.form].folded.unit
	}
	return storages[c.form].panel.unit
}

// Save writes the first n positions, of which there must be as many.
func (c *KV) Save(w io.Writer, n int) error {
	if n < 0 || n > c.length {
		panic(fmt.Sprintf("tensor: %d positions of keys and values, %d saved", c.length, n))
	}
	b := make([]byte, c.SavedBytes(n)/c.heads)
	for h := range c.heads {
		c.saveHead(b, h, n)
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (c *KV) saveHead(b []byte, h, n int) {
	size := storages[c.form].panel.bytes(c.headDim)
	for i := range panels(n) {
		copy(b, c.keyPanel(h, i))
		if rows := n - i*panelWidth; rows < panelWidth {
			c.clearKeys(b[:size], rows)
		}
		b = b[size:]
	}
	for i := range panels(c.headDim) {
		full, used := c.unitBytes(i)
		saved := b[:c.savedValueBytes(i, n)]
		panel := c.valuePanel(h, i)
		for at := 0; at*used < len(saved); at++ {
			copy(saved[at*used:(at+1)*used], panel[at*full:])
		}
		if rest := n % c.unit(i); rest > 0 {
			c.clearValues(saved[len(saved)-used:], rest, c.unit(i))
		}
		b = b[len(saved):]
	}
}

// valueSize is the bytes of a value.
func (c *KV) valueSize() int {
	return storages[c.form].panel.unitBytes / storages[c.form].panel.unit / panelWidth
}

// clearKeys clears the positions of a panel of keys from the first rows on.
func (c *KV) clearKeys(panel []byte, rows int) {
	layout := storages[c.form].panel
	each := layout.unitBytes / panelWidth // a unit of inputs of one position
	for at := 0; at < len(panel); at += layout.unitBytes {
		clear(panel[at+rows*each : at+layout.unitBytes])
	}
}

// clearValues clears the positions of a unit of values from the first rows on.
func (c *KV) clearValues(unit []byte, rows, of int) {
	size := c.valueSize()
	for at := 0; at < len(unit); at += of * size {
		clear(unit[at+rows*size : at+of*size])
	}
}

// Restore sets the KV to n positions that Save wrote of one of the same form and shape, under the same tier. There must be room for
// them. An error leaves the KV empty.
func (c *KV) Restore(data []byte, n int) error {
	c.length = 0
	if n < 0 || n > c.capacity {
		return fmt.Errorf("%d positions of keys and values do not fit the room for %d", n, c.capacity)
	}
	if size := c.SavedBytes(n); len(data) != size {
		return fmt.Errorf("%d bytes of keys and values, expected %d for %d positions", len(data), size, n)
	}
	for h := range c.heads {
		data = c.restoreHead(data, h, n)
	}
	c.length = n
	return nil
}

// restoreHead takes a head's part from data and returns the rest.
func (c *KV) restoreHead(data []byte, h, n int) []byte {
	for i := range panels(n) {
		data = data[copy(c.keyPanel(h, i), data):]
	}
	for i := range panels(c.headDim) {
		full, used := c.unitBytes(i)
		size := c.savedValueBytes(i, n)
		panel := c.valuePanel(h, i)
		if full == used {
			copy(panel, data[:size])
		} else {
			for at := 0; at*used < size; at++ {
				copy(panel[at*full:at*full+used], data[at*used:])
			}
		}
		data = data[size:]
	}
	return data
}
