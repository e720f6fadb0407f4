package llm

import "github.com/mcllava/mcllava/internal/tensor"

// KV holds the keys and values of every layer for the positions that the decoder has seen.
type KV struct {
	layers []*tensor.KV
	step   *state     // of the last Forward of a single position, for the next one
	watch  *Attention // nil for none
}

// Watch has what the decoder looks at noted in a from now on; nil ends that.
func (kv *KV) Watch(a *Attention) { kv.watch = a }

// state is the room for a Forward of rows positions.
func (kv *KV) state(config Config, rows int) *state {
	if rows != 1 {
		return newState(config, rows)
	}
	if kv.step == nil {
		kv.step = newState(config, 1)
	}
	return kv.step
}

// NewKV returns an empty KV with room for positions.
func (d *Decoder) NewKV(positions int) *KV {
	kv := &KV{}
	for range d.layers {
		kv.layers = append(kv.layers, tensor.NewKV(d.kvForm(), d.Heads, d.Hidden/d.Heads, positions))
	}
	return kv
}

// Len is the number of positions held.
func (kv *KV) Len() int { return kv.layers[0].Len() }

// Cap is the number of positions there is room for.
func (kv *KV) Cap() int { return kv.layers[0].Cap() }

// Truncate forgets all but the first n positions, so that another sequence can go on from there.
func (kv *KV) Truncate(n int) {
	for _, layer := range kv.layers {
		layer.Truncate(n)
	}
}
