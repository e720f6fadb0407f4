package llm

import (
	"context"
	"math"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Score returns the log-probability of each of ids as what follows the cache's positions: logits [V] are those of the first, and
// each further one follows those before it. The cache is left as it was.
func (d *Decoder) Score(ctx context.Context, logits []float32, ids []int, c *Cache) ([]float64, error) {
	defer c.Truncate(c.Len())
	scores := []float64{LogProb(logits, ids[0])}
	if len(ids) == 1 {
		return scores, nil
	}
	hidden, err := d.Forward(ctx, d.Embed(ids[:len(ids)-1]), c)
	if err != nil {
		return nil, err
	}
	next := make([]float32, d.Vocab)
	for i, id := range ids[1:] {
		d.Logits(next, tensor.Rows(hidden, i, i+1))
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
