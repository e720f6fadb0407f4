package llm

import "github.com/mcllava/mcllava/internal/tensor"

// Cache holds the keys and values of every layer for the positions that the decoder has seen.
type Cache struct {
	layers []*tensor.KV
	step   *state // of the last Forward of a single position, for the next one
}

// state is the room for a Forward of rows positions.
func (c *Cache) state(config Config, rows int) *state {
	if rows != 1 {
		return newState(config, rows)
	}
	if c.step == nil {
		c.step = newState(config, 1)
	}
	return c.step
}

// NewCache returns an empty cache with room for positions.
func (d *Decoder) NewCache(positions int) *Cache {
	c := &Cache{}
	for i := range d.layers {
		c.layers = append(c.layers, tensor.NewKV(tensor.KVForm(d.layers[i].k.Weight.Form()), d.Heads, d.Hidden/d.Heads, positions))
	}
	return c
}

// Len is the number of positions held.
func (c *Cache) Len() int { return c.layers[0].Len() }

// Cap is the number of positions there is room for.
func (c *Cache) Cap() int { return c.layers[0].Cap() }

// Truncate forgets all but the first n positions, so that another sequence can go on from there.
func (c *Cache) Truncate(n int) {
	for _, kv := range c.layers {
		kv.Truncate(n)
	}
}
