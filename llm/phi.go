// Package llm is the Phi-2 decoder: from a sequence of embeddings to the tokens that follow it.
package llm

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Config is the decoder's shape.
type Config struct {
	Hidden       int // D, width
	Intermediate int // width of the MLP
	Layers       int
	Heads        int
	RotaryDims   int // values of a head that carry the position
	RopeTheta    float64
	Context      int // most positions
	Vocab        int // V
	Eps          float32
}

// Decoder is Phi-2.
//
// Reference: transformers v4.39.3, src/transformers/models/phi/modeling_phi.py, PhiForCausalLM.
type Decoder struct {
	Config
	pool      *tensor.Pool
	rotary    *tensor.Rotary
	embedding *tensor.Embedding // [V, D] model.embed_tokens
	layers    []layer           //        model.layers
	norm      tensor.LayerNorm  // [D]    model.final_layernorm
	head      tensor.Linear     // [V, D] lm_head
}

// layer is a parallel transformer layer: attention and MLP both read the one normalised input.
type layer struct {
	norm    tensor.LayerNorm // [D]    input_layernorm
	q, k, v tensor.Linear    // [D, D] self_attn.{q,k,v}_proj
	dense   tensor.Linear    // [D, D] self_attn.dense
	fc1     tensor.Linear    // [H, D] mlp.fc1
	fc2     tensor.Linear    // [D, H] mlp.fc2
}

// Load reads the decoder's weights, all below language_model: the layers in the text form, the head at least in 8 bits. Errors are kept by w.
func Load(c Config, w *weights.Source) *Decoder {
	w = w.Text().Under("language_model.")
	d := &Decoder{
		Config:    c,
		pool:      w.Pool(),
		rotary:    tensor.NewRotary(c.RotaryDims, c.RopeTheta),
		embedding: w.Embedding("model.embed_tokens", c.Vocab, c.Hidden),
		norm:      w.LayerNorm("model.final_layernorm", c.Hidden, c.Eps),
		head:      w.AtLeast(tensor.Q8).Linear("lm_head", c.Vocab, c.Hidden),
	}
	for i := 0; i < c.Layers && w.Err() == nil; i++ {
		d.layers = append(d.layers, loadLayer(c, w.Under("model.layers.").At(i)))
	}
	return d
}

func loadLayer(c Config, w *weights.Source) layer {
	return layer{
		norm:  w.LayerNorm("input_layernorm", c.Hidden, c.Eps),
		q:     w.Linear("self_attn.q_proj", c.Hidden, c.Hidden),
		k:     w.Linear("self_attn.k_proj", c.Hidden, c.Hidden),
		v:     w.Linear("self_attn.v_proj", c.Hidden, c.Hidden),
		dense: w.Linear("self_attn.dense", c.Hidden, c.Hidden),
		fc1:   w.Linear("mlp.fc1", c.Intermediate, c.Hidden),
		fc2:   w.Linear("mlp.fc2", c.Hidden, c.Intermediate),
	}
}

// Embed looks up the embeddings of tokens, [len(ids), D].
func (d *Decoder) Embed(ids []int) blas32.General {
	x := tensor.New(len(ids), d.Hidden)
	for i, id := range ids {
		d.embedding.Row(tensor.Row(x, i), id)
	}
	return x
}

// Forward runs the embeddings x [L, D] at the positions that follow those of kv, adds theirs to it and returns the hidden
// states after the final norm, [L, D], which stand until kv's next Forward. A sequence may come in pieces.
// The error is the context's, or that kv has no room.
func (d *Decoder) Forward(ctx context.Context, x blas32.General, kv *KV) (blas32.General, error) {
	return d.forward(ctx, x, kv, x.Rows, func(int) {})
}

// forward is Forward of which only the last rows are wanted, and watched: it returns those, [wanted, D], and the last layer computes
// no others but for their keys and values. It calls done with the number of layers behind it.
func (d *Decoder) forward(ctx context.Context, x blas32.General, kv *KV, wanted int, done func(layers int)) (blas32.General, error) {
	if kv.Len()+x.Rows > kv.Cap() {
		return blas32.General{}, fmt.Errorf("%d tokens after %d do not fit the %d positions of keys and values", x.Rows, kv.Len(), kv.Cap())
	}
	s := kv.state(d.Config, x.Rows)
	tensor.Copy(s.x, x)
	first, rows := kv.Len(), x.Rows
	for i := range d.layers {
		if err := ctx.Err(); err != nil {
			kv.Truncate(first)
			return blas32.General{}, err
		}
		if i == len(d.layers)-1 {
			rows = wanted
		}
		d.layers[i].forward(d.pool, s, rows, d.rotary, kv.layers[i])
		if kv.watch != nil {
			kv.watch.see(d.pool, last(s.q, wanted), kv.layers[i], i)
		}
		done(i + 1)
	}
	h := last(s.h, wanted)
	d.norm.Apply(d.pool, h, last(s.x, wanted))
	return h, nil
}

// last is the view of the last n rows of m.
func last(m blas32.General, n int) blas32.General { return tensor.Rows(m, m.Rows-n, m.Rows) }

// Logits sets logits [V] to the score of every token of the vocabulary as the one that follows the last row of hidden [L, D].
func (d *Decoder) Logits(logits []float32, hidden blas32.General) {
	d.head.Apply(d.pool, blas32.General{Rows: 1, Cols: d.Vocab, Stride: d.Vocab, Data: logits}, tensor.Rows(hidden, hidden.Rows-1, hidden.Rows))
}

// state is the room that the layers take turns in.
type state struct {
	x       blas32.General // [L, D] the residual stream
	h       blas32.General // [L, D] normalised
	q, k, v blas32.General // [L, D]
	a       blas32.General // [L, D] attention, head by head
	mlp     blas32.General // [L, H]
}

func newState(c Config, rows int) *state {
	s := &state{mlp: tensor.New(rows, c.Intermediate)}
	for _, m := range []*blas32.General{&s.x, &s.h, &s.q, &s.k, &s.v, &s.a} {
		*m = tensor.New(rows, c.Hidden)
	}
	return s
}

// forward is x += attention(h) + mlp(h), h = norm x, for the last rows of s; of the others it leaves keys and values alone.
func (l *layer) forward(p *tensor.Pool, s *state, rows int, rotary *tensor.Rotary, kv *tensor.KV) {
	l.norm.Apply(p, s.h, s.x)

	x, h, q, a, mlp := last(s.x, rows), last(s.h, rows), last(s.q, rows), last(s.a, rows), last(s.mlp, rows)
	keys, values := tensor.Output{Layer: &l.k, Dst: s.k}, tensor.Output{Layer: &l.v, Dst: s.v}
	queries, inner := tensor.Output{Layer: &l.q, Dst: q}, tensor.Output{Layer: &l.fc1, Dst: mlp, Activation: tensor.GELUTanh}
	if rows == s.x.Rows {
		tensor.ApplyAll(p, h, queries, keys, values, inner)
	} else {
		tensor.ApplyAll(p, s.h, keys, values)
		tensor.ApplyAll(p, h, queries, inner)
	}
	rotary.Apply(p, q, kv.HeadDim(), kv.Len()+s.x.Rows-rows)
	rotary.Apply(p, s.k, kv.HeadDim(), kv.Len())
	tensor.Attend(p, a, q, s.k, s.v, kv, true)
	l.dense.Add(p, x, a)
	l.fc2.Add(p, x, mlp)
}
