package llm

import (
	"context"
	"errors"
	"iter"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
)

// ErrNotFinite says that a NaN or an infinity came out of the model: weights or features that it was given are damaged.
var ErrNotFinite = errors.New("the model's logits are not finite")

// finiteLogits is Logits, and ErrNotFinite if one is a NaN or infinite.
func (d *Decoder) finiteLogits(logits []float32, hidden blas32.General) error {
	d.Logits(logits, hidden)
	for _, v := range logits {
		if v-v != 0 {
			return ErrNotFinite
		}
	}
	return nil
}

// Prefill runs a whole prompt, embeddings [L, D], and returns the logits of the token that follows it, [V]; it calls progress, if that
// is not nil, after each layer. The error is Forward's or ErrNotFinite.
func (d *Decoder) Prefill(ctx context.Context, prompt blas32.General, kv *KV, progress func(done, layers int)) ([]float32, error) {
	hidden, err := d.forward(ctx, prompt, kv, min(1, prompt.Rows), func(done int) {
		if progress != nil {
			progress(done, len(d.layers))
		}
	})
	if err != nil {
		return nil, err
	}
	logits := make([]float32, d.Vocab)
	return logits, d.finiteLogits(logits, hidden)
}

// Decode yields the tokens that follow a prefilled prompt, one by one: the sampler picks each from the logits that the ones
// before it lead to, which overwrite logits. It ends before the stop token, after most tokens, or with an error
// (Forward's or ErrNotFinite).
func (d *Decoder) Decode(ctx context.Context, logits []float32, kv *KV, s *Sampler, stop, most int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		x := tensor.New(1, d.Hidden)
		for n := 0; n < most; n++ {
			id := s.Pick(logits)
			if id == stop || !yield(id, nil) || n == most-1 {
				return
			}
			d.embedding.Row(x.Data, id)
			hidden, err := d.Forward(ctx, x, kv)
			if err == nil {
				err = d.finiteLogits(logits, hidden)
			}
			if err != nil {
				yield(0, err)
				return
			}
		}
	}
}
