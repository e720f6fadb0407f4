// Package encoder turns the crops of a picture into the image tokens of MC-LLaVA: the SigLIP vision tower, the choice of the
// last features of each crop with the crop's coordinates added to them, and the projector into the decoder's space.
package encoder

import (
	"context"
	"math"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Channels is the number of colours of a pixel.
const Channels = 3

// Config is the shape of the vision tower and of the projector behind it.
type Config struct {
	Hidden       int // Dv, width of the tower
	Intermediate int // width of its MLP
	Layers       int
	Heads        int
	ImageSize    int // S, side of a crop in pixels as the tower sees it
	PatchSize    int // P
	Eps          float32
	Projected    int // D, width of the decoder
}

// Side is the number of patches along a crop's side. Pixels beyond the last whole patch are not seen.
func (c Config) Side() int { return c.ImageSize / c.PatchSize }

// Patches is T, the number of patches of a crop.
func (c Config) Patches() int { return c.Side() * c.Side() }

// Pixels is the number of values of one crop, channels × S × S.
func (c Config) Pixels() int { return Channels * c.ImageSize * c.ImageSize }

// tower is the SigLIP vision transformer up to its last layer.
//
// Reference: transformers v4.39.3, src/transformers/models/siglip/modeling_siglip.py, SiglipVisionTransformer without
// post_layernorm and head.
type tower struct {
	Config
	pool     *tensor.Pool
	patch    tensor.Linear  // [Dv, 3·P·P]  embeddings.patch_embedding
	position blas32.General // [T, Dv]      embeddings.position_embedding
	layers   []layer        //              encoder.layers
	state    *state         // of the last batch, for the next one of its size
}

// layer is a pre-norm transformer layer without a mask.
type layer struct {
	norm1   tensor.LayerNorm // [Dv]     layer_norm1
	q, k, v tensor.Linear    // [Dv, Dv] self_attn.{q,k,v}_proj
	out     tensor.Linear    // [Dv, Dv] self_attn.out_proj
	norm2   tensor.LayerNorm // [Dv]     layer_norm2
	fc1     tensor.Linear    // [H, Dv]  mlp.fc1
	fc2     tensor.Linear    // [Dv, H]  mlp.fc2
}

func loadTower(c Config, w *weights.Source) tower {
	t := tower{
		Config:   c,
		pool:     w.Pool(),
		patch:    w.AtLeast(tensor.BF16).Convolution("embeddings.patch_embedding", c.Hidden, Channels, c.PatchSize),
		position: w.Table("embeddings.position_embedding", c.Patches(), c.Hidden),
	}
	for i := 0; i < c.Layers && w.Err() == nil; i++ {
		t.layers = append(t.layers, loadLayer(c, w.Under("encoder.layers.").At(i)))
	}
	return t
}

func loadLayer(c Config, w *weights.Source) layer {
	return layer{
		norm1: w.LayerNorm("layer_norm1", c.Hidden, c.Eps),
		q:     w.Linear("self_attn.q_proj", c.Hidden, c.Hidden),
		k:     w.Linear("self_attn.k_proj", c.Hidden, c.Hidden),
		v:     w.Linear("self_attn.v_proj", c.Hidden, c.Hidden),
		out:   w.Linear("self_attn.out_proj", c.Hidden, c.Hidden),
		norm2: w.LayerNorm("layer_norm2", c.Hidden, c.Eps),
		fc1:   w.Linear("mlp.fc1", c.Intermediate, c.Hidden),
		fc2:   w.Linear("mlp.fc2", c.Hidden, c.Intermediate),
	}
}

// forward runs crops, pixels [B, 3·S·S], through the tower and returns the last keep[b] rows of each, [Σ keep, Dv], which stand
// until the next forward. It sets maps [B, T], unless that has no rows.
func (t *tower) forward(ctx context.Context, pixels blas32.General, keep []int, maps blas32.General) (blas32.General, error) {
	if t.state == nil || t.state.crops != pixels.Rows {
		t.state = newState(t, pixels.Rows)
	}
	s := t.state
	x := t.embed(s, pixels)
	all := make([]int, pixels.Rows)
	for b := range all {
		all[b] = t.Patches()
	}
	for i := range t.layers {
		if err := ctx.Err(); err != nil {
			return blas32.General{}, err
		}
		kept := all
		if i == len(t.layers)-1 {
			kept = keep
		}
		s.watch(t.Config, i, maps)
		x = t.layers[i].forward(t.pool, s, x, kept)
	}
	normalise(maps)
	return x, nil
}

// embed cuts each crop into patches and returns their embeddings with those of their positions, [B·T, Dv].
func (t *tower) embed(s *state, pixels blas32.General) blas32.General {
	side := t.Side()
	t.pool.Run(pixels.Rows*side, func(_, task int) {
		b, i := task/side, task%side
		for j := range side {
			t.patchPixels(tensor.Row(s.patches, task*side+j), tensor.Row(pixels, b), i, j)
		}
	})
	t.patch.Apply(t.pool, s.x, s.patches)
	t.pool.Run(pixels.Rows*side, func(_, task int) {
		i := task % side
		tensor.Add(tensor.Rows(s.x, task*side, (task+1)*side), tensor.Rows(t.position, i*side, (i+1)*side))
	})
	return s.x
}

// patchPixels copies the patch in row i and column j of a crop [3, S, S] to dst, [3, P, P].
func (t *tower) patchPixels(dst, crop []float32, i, j int) {
	for c := range Channels {
		for y := range t.PatchSize {
			from := (c*t.ImageSize+i*t.PatchSize+y)*t.ImageSize + j*t.PatchSize
			dst = dst[copy(dst[:t.PatchSize], crop[from:]):]
		}
	}
}

// state is the room that the layers take turns in.
type state struct {
	crops   int            // B
	tokens  int            // T
	patches blas32.General // [B·T, 3·P·P]
	x       blas32.General // [B·T, Dv] the residual stream
	h       blas32.General // [B·T, Dv] normalised
	q, k, v blas32.General // [B·T, Dv]
	mlp     blas32.General // [B·T, H]
	kv      *tensor.KV     // keys and values of one crop
	looks   looks          // at what the layer looks, where anybody wants to know
}

func newState(t *tower, crops int) *state {
	c := t.Config
	rows := crops * c.Patches()
	s := &state{crops: crops, tokens: c.Patches(), patches: tensor.New(rows, Channels*c.PatchSize*c.PatchSize), mlp: tensor.New(rows, c.Intermediate), kv: tensor.NewKV(tensor.AttentionForm(t.layers[0].k.Weight.Form()), c.Heads, c.Hidden/c.Heads, c.Patches())}
	for _, m := range []*blas32.General{&s.x, &s.h, &s.q, &s.k, &s.v} {
		*m = tensor.New(rows, c.Hidden)
	}
	return s
}

// forward is x += attention(norm1 x); x += mlp(norm2 x), for x [B·T, Dv]. It returns the last keep[b] rows of each crop,
// [Σ keep, Dv], and computes only what these need: queries, keys and values of every row, the rest of the kept ones.
func (l *layer) forward(p *tensor.Pool, s *state, x blas32.General, keep []int) blas32.General {
	l.norm1.Apply(p, s.h, x)
	tensor.ApplyAll(p, s.h, tensor.Output{Layer: &l.q, Dst: s.q}, tensor.Output{Layer: &l.k, Dst: s.k}, tensor.Output{Layer: &l.v, Dst: s.v})

	s.looks.keepQueries(s)
	x, q := lastRows(x, s.tokens, keep), lastRows(s.q, s.tokens, keep)
	h, mlp := tensor.Rows(s.h, 0, x.Rows), tensor.Rows(s.mlp, 0, x.Rows)
	attend(p, h, q, s, keep)
	l.out.Add(p, x, h)

	l.norm2.Apply(p, h, x)
	l.fc1.ApplyThen(p, mlp, h, tensor.GELUTanh)
	l.fc2.Add(p, x, mlp)
	return x
}

// attend sets dst to the attention of the queries q, keep[b] rows for crop b, to all keys and values of their crop.
func attend(p *tensor.Pool, dst, q blas32.General, s *state, keep []int) {
	at := 0
	for b, n := range keep {
		s.kv.Truncate(0)
		k, v := tensor.Rows(s.k, b*s.tokens, (b+1)*s.tokens), tensor.Rows(s.v, b*s.tokens, (b+1)*s.tokens)
		tensor.Attend(p, tensor.Rows(dst, at, at+n), tensor.Rows(q, at, at+n), k, v, s.kv, false)
		s.looks.add(p, s.kv, b)
		at += n
	}
}

// lastRows closes up the last keep[b] of every run of tokens rows at the top of x, in place, and returns them.
func lastRows(x blas32.General, tokens int, keep []int) blas32.General {
	to := 0
	for b, n := range keep {
		from := (b+1)*tokens - n
		if from != to {
			tensor.Copy(tensor.Rows(x, to, to+n), tensor.Rows(x, from, from+n))
		}
		to += n
	}
	return tensor.Rows(x, 0, to)
}

// batchRows is about the number of rows of a batch: enough to use every core and to read each weight seldom.
const batchRows = 1024

// Batch is the number of crops that are best encoded together.
func (c Config) Batch() int {
	return int(math.Max(1, math.Round(batchRows/float64(c.Patches()))))
}
