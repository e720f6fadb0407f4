package llm

import (
	"fmt"
	"io"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// savedHeader is the bytes before the layers of what is saved: a text that says what it is.
const savedHeader = 128

// header is what is saved of n positions begins with.
func (c *Cache) header(n int) []byte {
	b := make([]byte, savedHeader)
	copy(b, fmt.Sprintf("%d positions, %d layers, %s", n, len(c.layers), c.layers[0].SavedLayout()))
	return b
}

// SavedBytes is the size of the first n positions as Save writes them.
func (c *Cache) SavedBytes(n int) int64 {
	size := int64(savedHeader)
	for _, kv := range c.layers {
		size += int64(kv.SavedBytes(n))
	}
	return size
}

// Save writes the keys and values of the first n positions, of which there must be as many. What is written does not depend on the
// positions that follow, nor on the room for them.
func (c *Cache) Save(w io.Writer, n int) error {
	if _, err := w.Write(c.header(n)); err != nil {
		return err
	}
	for _, kv := range c.layers {
		if err := kv.Save(w, n); err != nil {
			return err
		}
	}
	return nil
}

// Restore sets the cache to n positions that Save wrote of one of the same decoder, under the same tier. An error says what does not
// fit, and leaves the cache empty.
func (c *Cache) Restore(data []byte, n int) error {
	c.Truncate(0)
	if n < 0 || n > c.Cap() {
		return fmt.Errorf("%d saved positions do not fit the %d of the cache", n, c.Cap())
	}
	if size := c.SavedBytes(n); int64(len(data)) != size {
		return fmt.Errorf("saved positions of %d bytes, expected %d", len(data), size)
	}
	if got, want := string(data[:savedHeader]), string(c.header(n)); got != want {
		return fmt.Errorf("saved positions are %.100q, expected %.100q", got, want)
	}
	data = data[savedHeader:]
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, kv := range c.layers {
		size := kv.SavedBytes(n)
		part := data[:size]
		group.Go(func() error { return kv.Restore(part, n) })
		data = data[size:]
	}
	if err := group.Wait(); err != nil {
		c.Truncate(0)
		return err
	}
	return nil
}
