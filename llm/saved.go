package llm

import (
	"fmt"
	"iter"

	"github.com/mcllava/mcllava/internal/tensor"
)

// savedHeader is the bytes before the layers of what is saved: a text that says what it is.
const savedHeader = 128

// header is what is saved of n positions, with room for capacity, begins with.
func (kv *KV) header(n, capacity int) []byte {
	b := make([]byte, savedHeader)
	copy(b, fmt.Sprintf("%d positions of %d, %d layers, %s", n, capacity, len(kv.layers), kv.layers[0].KVLayout()))
	return b
}

// SavedBytes is the size of what Saved gives the stretches of.
func (d *Decoder) SavedBytes(capacity int) int64 {
	return savedHeader + int64(len(d.layers))*int64(d.layerBytes(capacity))
}

func (d *Decoder) layerBytes(capacity int) int {
	return tensor.KVBytes(d.kvForm(), d.Heads, d.Hidden/d.Heads, capacity)
}

func (d *Decoder) kvForm() tensor.Form { return tensor.KVForm(d.layers[0].k.Weight.Form()) }

// Saved are the stretches of a file of SavedBytes, and where they begin, from which Mapped makes the first n positions with room for
// capacity. They depend on nothing that follows those positions. A stretch is valid until the next one.
func (d *Decoder) Saved(kv *KV, n, capacity int) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		if !yield(0, kv.header(n, capacity)) {
			return
		}
		start := int64(savedHeader)
		for _, layer := range kv.layers {
			for at, b := range layer.Stretches(n, capacity) {
				if !yield(start+int64(at), b) {
					return
				}
			}
			start += int64(d.layerBytes(capacity))
		}
	}
}

// Mapped makes keys and values of n positions in memory that Saved has filled, of the same decoder under the same tier. It
// must begin at a multiple of 64 and can be written to, and stays the caller's. An error says what does not fit.
func (d *Decoder) Mapped(data []byte, n int) (*KV, error) {
	if len(data) < savedHeader {
		return nil, fmt.Errorf("saved positions of %d bytes, expected a header of %d", len(data), savedHeader)
	}
	var positions, capacity int
	if _, err := fmt.Sscanf(string(data[:savedHeader]), "%d positions of %d,", &positions, &capacity); err != nil {
		return nil, fmt.Errorf("saved positions are %.100q: %w", data[:savedHeader], err)
	}
	if positions != n || n < 1 || capacity < n || capacity > d.Context || int64(len(data)) != d.SavedBytes(capacity) {
		return nil, fmt.Errorf("%d saved positions with room for %d in %d bytes, expected %d", positions, capacity, len(data), n)
	}
	kv, size := &KV{}, d.layerBytes(capacity)
	for i := range d.layers {
		memory := data[savedHeader+i*size:][:size:size]
		kv.layers = append(kv.layers, tensor.KVIn(d.kvForm(), d.Heads, d.Hidden/d.Heads, capacity, memory, n))
	}
	if got, want := string(data[:savedHeader]), string(kv.header(n, capacity)); got != want {
		return nil, fmt.Errorf("saved positions are %.100q, expected %.100q", got, want)
	}
	return kv, nil
}

// Copy sets kv to the first n positions of another of the same decoder, for which both must have room.
func (kv *KV) Copy(from *KV, n int) {
	for i, layer := range kv.layers {
		layer.Copy(from.layers[i], n)
	}
}
