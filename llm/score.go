package llm

import (
	"context"
	"math"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Score returns the log-probability of each of ids as what follows kv's positions: logits [V] are those of the first, and
// each further one follows those before it. kv is left as it was. The error is Forward's or
// ErrNotFinite.
func (d *Decoder) Score(ctx context.Context, logits []float32, ids []int, kv *KV) ([]float64, error) {
	defer kv.Truncate(kv.Len())
	scores := []float64{LogProb(logits, ids[0])}
	if len(ids) == 1 {
		return scores, nil
	}
	hidden, err := d.Forward(ctx, d.Embed(ids[:len(ids)-1]), kv)
	if err != nil {
		return nil, err
	}
	next := make([]float32, d.Vocab)
	for i, id := range ids[1:] {
		if err := d.finiteLogits(next, tensor.Rows(hidden, i, i+1)); err != nil {
			return nil, err
		}
		scores = append(scores, LogProb(next, id))
	}
	return scores, nil
}

// LogProb is the logarithm of the probability that logits [V] give to a token.
func LogProb(logits []float32, id int) float64 {
	largest, sum := float64(logits[argmax(logits)]), 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - largest)
	}
	return float64(logits[id]) - largest - math.Log(sum)
}
