package weights

import "github.com/mcllava/mcllava/internal/tensor"

// Counter adds up the memory that a model's weights would take, and makes none of them.
type Counter struct {
	Bytes int64
}

// Floats counts and returns nothing.
func (c *Counter) Floats(_ *tensor.Pool, _ string, shape ...int) ([]float32, error) {
	const floatBytes = 4
	c.Bytes += floatBytes * int64(elements(shape))
	return nil, nil
}

// Weight counts and returns nothing.
func (c *Counter) Weight(_ *tensor.Pool, _ string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	c.Bytes += int64(tensor.PackedBytes(f, shape[0], elements(shape[1:])))
	return nil, nil
}

// Embedding counts and returns nothing.
func (c *Counter) Embedding(_ *tensor.Pool, _ string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	c.Bytes += int64(tensor.EmbeddingBytes(f, rows, cols))
	return nil, nil
}

// Finish accepts any set of tensors.
func (*Counter) Finish(func(name string) bool) error { return nil }
