package llm

import (
	"context"
	"iter"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Prefill runs a whole prompt, embeddings [L, D], and returns the logits of the token that follows it, [V].
func (d *Decoder) Prefill(ctx context.Context, prompt blas32.General, c *Cache) ([]float32, error) {
	hidden, err := d.Forward(ctx, prompt, c)
	if err != nil {
		return nil, err
	}
	logits := make([]float32, d.Vocab)
	d.Logits(logits, hidden)
	return logits, nil
}

// Decode yields the tokens that follow a prefilled prompt, one by one: the sampler picks each from the logits that the ones
// before it lead to, which overwrite logits. It ends before the stop token, after most tokens, or with an error (the context's).
func (d *Decoder) Decode(ctx context.Context, logits []float32, c *Cache, s *Sampler, stop, most int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		x := tensor.New(1, d.Hidden)
		for n := 0; n < most; n++ {
			id := s.Pick(logits)
			if id == stop || !yield(id, nil) || n == most-1 {
				return
			}
			d.embedding.Row(x.Data, id)
			hidden, err := d.Forward(ctx, x, c)
			if err != nil {
				yield(0, err)
				return
			}
			d.Logits(logits, hidden)
		}
	}
}
