// Package estimate says what a question costs a model of some shape, in operations and bytes, and how long that takes on a
// machine whose speed has been measured.
package estimate

import (
	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// Shape is that of a whole model.
type Shape struct {
	Vision encoder.Config
	Text   llm.Config
}

// A product of [m, k] and [k, n] takes 2·m·k·n operations: a multiplication and an addition for each of the m·n sums' k terms.
func product(m, k, n int) float64 { return 2 * float64(m) * float64(k) * float64(n) }

// CropFLOP is the operations of one crop in the tower, of whose last layer keep rows leave.
func CropFLOP(c encoder.Config, keep int) float64 { return PatchFLOP(c) + LayersFLOP(c, keep) }

// PatchFLOP is the operations that make patches of a crop embeddings: T·3P²·Dv products.
func PatchFLOP(c encoder.Config) float64 {
	return product(c.Patches(), encoder.Channels*c.PatchSize*c.PatchSize, c.Hidden)
}

// LayersFLOP is the operations of one crop in the layers' products and attention. Keep is the rows that leave the last layer, which
// computes no others: a layer of r rows out of T takes keys and values of T rows, queries and output of r, an MLP of r, and attention
// of r rows to T.
func LayersFLOP(c encoder.Config, keep int) float64 {
	tokens := c.Patches()
	layer := func(rows int) float64 {
		return 2*product(tokens, c.Hidden, c.Hidden) + 2*product(rows, c.Hidden, c.Hidden) +
			2*product(rows, c.Hidden, c.Intermediate) + 2*product(rows, tokens, c.Hidden)
	}
	return float64(c.Layers-1)*layer(tokens) + layer(keep)
}

// ProjectorFLOP is the operations of the projector on features.
func ProjectorFLOP(c encoder.Config, features int) float64 {
	return product(features, c.Hidden, c.Projected) + product(features, c.Projected, c.Projected)
}

// PrefillFLOP is the operations of a prompt in the decoder's products and attention, and of the logits after its last
// position, for which the last layer computes that row alone but for keys and values. Position i looks at i+1 positions, so attention
// takes half of what it would without its mask.
func PrefillFLOP(c llm.Config, positions int) float64 {
	layer := func(rows, seen int) float64 {
		return 2*product(positions, c.Hidden, c.Hidden) + 2*product(rows, c.Hidden, c.Hidden) +
			2*product(rows, c.Hidden, c.Intermediate) + 2*product(seen, 1, c.Hidden)
	}
	whole := layer(positions, positions*(positions+1)/2)
	return float64(c.Layers-1)*whole + layer(min(1, positions), positions) + product(1, c.Hidden, c.Vocab)
}

// TokenBytes is the memory that decoding one token reads: every weight of the decoder once, its layers' in the form f and the
// head's in 8 bits at least, and the keys and values of the positions before it.
func TokenBytes(c llm.Config, f tensor.Form, positions int) float64 {
	layer := 4*tensor.PackedBytes(f, c.Hidden, c.Hidden) + tensor.PackedBytes(f, c.Intermediate, c.Hidden) + tensor.PackedBytes(f, c.Hidden, c.Intermediate)
	head := tensor.PackedBytes(min(f, tensor.Q8), c.Vocab, c.Hidden)
	return float64(c.Layers)*float64(layer) + float64(head) + float64(positions)*CacheBytes(c, f)
}

// CacheBytes is the memory of the keys and values of one position, for weights in the form f.
func CacheBytes(c llm.Config, f tensor.Form) float64 {
	valueBytes := float64(tensor.EmbeddingBytes(tensor.KVForm(f), 1, 1))
	return 2 * valueBytes * float64(c.Layers) * float64(c.Hidden)
}

// WeightBytes is the memory of a model's weights.
func WeightBytes(m Shape, p weights.Forms) int64 {
	counter := &weights.Counter{}
	w := weights.Of(counter, nil, p)
	encoder.Load(m.Vision, w)
	llm.Load(m.Text, w)
	return counter.Bytes
}
