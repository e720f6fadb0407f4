package llm

import "github.com/mcllava/mcllava/internal/tensor"

// Cache holds the keys and values of every layer for the positions that the decoder has seen.
type Cache struct {
	layers []*tensor.KV
}

// NewCache returns an empty cache with room for positions.
func (d *Decoder) NewCache(positions int) *Cache {
	c := &Cache{}
	for range d.layers {
		c.layers = append(c.layers, tensor.NewKV(d.Heads, d.Hidden/d.Heads, positions))
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
