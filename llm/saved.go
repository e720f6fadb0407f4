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
func (kv *KV) header(n int) []byte {
	b := make([]byte, savedHeader)
	copy(b, fmt.Sprintf("%d positions, %d layers, %s", n, len(kv.layers), kv.layers[0].SavedLayout()))
	return b
}

// SavedBytes is the size of the first n positions as Save writes them.
func (kv *KV) SavedBytes(n int) int64 {
	size := int64(savedHeader)
	for _, layer := range kv.layers {
		size += int64(layer.SavedBytes(n))
	}
	return size
}

// Save writes the keys and values of the first n positions, of which there must be as many. What is written does not depend on the
// positions that follow, nor on the room for them.
func (kv *KV) Save(w io.Writer, n int) error {
	if _, err := w.Write(kv.header(n)); err != nil {
		return err
	}
	for _, layer := range kv.layers {
		if err := layer.Save(w, n); err != nil {
			return err
		}
	}
	return nil
}

// Restore sets kv to n positions that Save wrote of one of the same decoder, under the same tier. An error says what does not
// fit, and leaves it empty.
func (kv *KV) Restore(data []byte, n int) error {
	kv.Truncate(0)
	if n < 0 || n > kv.Cap() {
		return fmt.Errorf("%d saved positions do not fit the %d of the keys and values", n, kv.Cap())
	}
	if size := kv.SavedBytes(n); int64(len(data)) != size {
		return fmt.Errorf("saved positions of %d bytes, expected %d", len(data), size)
	}
	if got, want := string(data[:savedHeader]), string(kv.header(n)); got != want {
		return fmt.Errorf("saved positions are %.100q, expected %.100q", got, want)
	}
	data = data[savedHeader:]
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, layer := range kv.layers {
		size := layer.SavedBytes(n)
		part := data[:size]
		group.Go(func() error { return layer.Restore(part, n) })
		data = data[size:]
	}
	if err := group.Wait(); err != nil {
		kv.Truncate(0)
		return err
	}
	return nil
}
