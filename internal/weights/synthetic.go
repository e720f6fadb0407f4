package weights

import (
	"math"
	"math/rand/v2"
	"strings"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Synthetic makes up every tensor it is asked for, to measure a model's speed without a checkpoint: matrices of random values so
// small that activations stay finite through any number of layers, gains of 1 and biases of 0.
type Synthetic struct{}

// deviation is that of the values of matrices and tables.
const deviation = 0.02

// repeated is the number of random rows that a table repeats to its end.
const repeated = 61

// Floats takes a vector that is no bias for the gain of a layer norm.
func (Synthetic) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	v := make([]float32, elements(shape))
	switch {
	case len(shape) > 1:
		random(v)
	case strings.HasSuffix(name, ".weight"):
		for i := range v {
			v[i] = 1
		}
	}
	return v, nil
}

// Weight is tensor.RandomWeight.
func (Synthetic) Weight(p *tensor.Pool, _ string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	return tensor.RandomWeight(p, f, shape[0], elements(shape[1:]), deviation), nil
}

// Embedding repeats a few random rows.
func (Synthetic) Embedding(p *tensor.Pool, _ string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	first := tensor.New(min(rows, repeated), cols)
	random(first.Data)
	return tensor.NewEmbedding(p, f, rows, cols, func(id int, row []float32) { copy(row, tensor.Row(first, id%first.Rows)) }), nil
}

// Finish accepts any set of tensors.
func (Synthetic) Finish(func(name string) bool) error { return nil }

func random(v []float32) {
	r := rand.New(rand.NewPCG(1, uint64(len(v))))
	limit := deviation * math.Sqrt(3)
	for i := range v {
		v[i] = float32(limit * (2*r.Float64() - 1))
	}
}

func elements(shape []int) int {
	n := 1
	for _, size := range shape {
		n *= size
	}
	return n
}
