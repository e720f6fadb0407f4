package weights

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Synthetic makes up every tensor it is asked for, to measure a model's speed without a checkpoint: matrices of random values so
// small that activations stay finite through any number of layers, gains of 1 and biases of 0.
type Synthetic struct {
	bytes int64
}

// Bytes is the memory of the tensors made so far.
func (s *Synthetic) Bytes() int64 { return s.bytes }

// deviation is that of the values of matrices and tables.
const deviation = 0.02

// repeated is the number of random rows that a table repeats to its end.
const repeated = 61

// Floats takes a vector that is no bias for the gain of a layer norm.
func (s *Synthetic) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	n := 1
	for _, size := range shape {
		n *= size
	}
	v := make([]float32, n)
	switch {
	case len(shape) > 1:
		random(v)
	case strings.HasSuffix(name, ".weight"):
		for i := range v {
			v[i] = 1
		}
	}
	s.bytes += 4 * int64(n)
	return v, nil
}

// Weight is tensor.RandomWeight.
func (s *Synthetic) Weight(p *tensor.Pool, _ string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	in := 1
	for _, size := range shape[1:] {
		in *= size
	}
	w := tensor.RandomWeight(p, f, shape[0], in, deviation)
	s.bytes += w.Bytes()
	return w, nil
}

// Embedding repeats a few random rows.
func (s *Synthetic) Embedding(p *tensor.Pool, _ string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	first := tensor.New(min(rows, repeated), cols)
	random(first.Data)
	s.bytes += int64(tensor.EmbeddingBytes(f, rows, cols))
	return tensor.NewEmbedding(p, f, rows, cols, func(id int, row []float32) { copy(row, tensor.Row(first, id%first.Rows)) }), nil
}

// Finish accepts any set of tensors.
func (s *Synthetic) Finish(func(name string) bool) error { return nil }

func random(v []float32) {
	r := rand.New(rand.NewPCG(1, uint64(len(v))))
	limit := deviation * math.Sqrt(3)
	for i := range v {
		v[i] = float32(limit * (2*r.Float64() - 1))
	}
}
