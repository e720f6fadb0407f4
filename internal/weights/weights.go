// Package weights hands the tensors of a checkpoint to the parts of a model, by name and strictly: a tensor that is missing,
// of another shape or type, or of no use to the model is an error that names it. A model's parts say what they need of a
// [Source]; where it comes from, be it a published checkpoint or a packed one, is behind [Tensors].
package weights

import (
	"strconv"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Forms are those of the matrices in the layers of the two parts of the model. The few others may be in a finer form;
// see [Source.AtLeast].
type Forms struct {
	Vision tensor.Form // of the vision tower
	Text   tensor.Form // of the decoder
}

func (f Forms) String() string {
	if f.Vision == f.Text {
		return f.Text.String()
	}
	return "vision " + f.Vision.String() + ", text " + f.Text.String()
}

// Tensors is where a Source takes its tensors from. A method is given a tensor's name and shape in the published layout and
// returns the tensor as the model holds it; its error names the tensor, the file if there is one, and what was expected.
// Methods are called by one goroutine at a time and may work on the pool. What they return is never written to.
type Tensors interface {
	// Floats is a vector or a table in float32, row-major, with as many values as the shape says.
	Floats(p *tensor.Pool, name string, shape ...int) ([]float32, error)

	// Weight is the matrix [shape[0], product of the rest] in the form f, as from tensor.NewWeight or tensor.FromPacked.
	Weight(p *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error)

	// Embedding is the table [rows, cols] in the form f, which is F32, F16 or BF16. If it is published in two bytes a value it
	// may stay as it is.
	Embedding(p *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error)

	// Finish is called when the model has all that it needs. The error names a tensor that nothing asked for and that is not
	// known to be unused.
	Finish(unused func(name string) bool) error
}

// Source reads tensors below one prefix of their names, matrices in one form. The first error sticks: later reads return
// nothing, and Err and Finish report it.
type Source struct {
	prefix string
	form   tensor.Form
	*reader
}

type reader struct {
	tensors Tensors
	pool    *tensor.Pool
	forms   Forms
	err     error
}

// From is the source of all tensors of a published checkpoint, which must stay open as long as what was read is used; the
// pool's workers widen and pack them.
func From(c *safetensors.Checkpoint, p *tensor.Pool, forms Forms) *Source {
	return Of(newPublished(c), p, forms)
}

// Of is the source of tensors from anywhere.
func Of(t Tensors, p *tensor.Pool, forms Forms) *Source {
	return &Source{reader: &reader{tensors: t, pool: p, forms: forms}}
}

// Pool is the pool that the weights are packed by.
func (s *Source) Pool() *tensor.Pool { return s.pool }

// Under is the source of the tensors whose names go on from the prefix.
func (s *Source) Under(prefix string) *Source {
	return &Source{prefix: s.prefix + prefix, form: s.form, reader: s.reader}
}

// At is the source below "N.", the N-th of several like parts.
func (s *Source) At(n int) *Source { return s.Under(strconv.Itoa(n) + ".") }

// Vision is the source whose matrices have the form of the vision tower.
func (s *Source) Vision() *Source { return s.in(s.forms.Vision) }

// Text is the source whose matrices have the form of the decoder.
func (s *Source) Text() *Source { return s.in(s.forms.Text) }

// AtLeast is the source whose matrices are in the form f if s has them in a coarser one.
func (s *Source) AtLeast(f tensor.Form) *Source { return s.in(min(s.form, f)) }

func (s *Source) in(f tensor.Form) *Source {
	return &Source{prefix: s.prefix, form: f, reader: s.reader}
}

// Linear reads name.weight [out, in] and name.bias [out].
func (s *Source) Linear(name string, out, in int) tensor.Linear {
	return tensor.Linear{Weight: s.weight(name+".weight", out, in), Bias: s.floats(name+".bias", out)}
}

// Convolution reads name.weight [out, channels, size, size] and name.bias [out] as a linear layer of the pixels under the
// kernel, in the order channel, row, column.
func (s *Source) Convolution(name string, out, channels, size int) tensor.Linear {
	return tensor.Linear{Weight: s.weight(name+".weight", out, channels, size, size), Bias: s.floats(name+".bias", out)}
}

// LayerNorm reads the gain name.weight and name.bias, both [n].
func (s *Source) LayerNorm(name string, n int, eps float32) tensor.LayerNorm {
	return tensor.LayerNorm{Gain: s.floats(name+".weight", n), Bias: s.floats(name+".bias", n), Eps: eps}
}

// Table reads name.weight [rows, cols], to be added to activations as a whole.
func (s *Source) Table(name string, rows, cols int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: s.floats(name+".weight", rows, cols)}
}

// Embedding reads name.weight [rows, cols], to be looked up row by row.
func (s *Source) Embedding(name string, rows, cols int) *tensor.Embedding {
	if s.err != nil {
		return nil
	}
	var e *tensor.Embedding
	e, s.err = s.tensors.Embedding(s.pool, s.prefix+name+".weight", min(s.form, tensor.BF16), rows, cols)
	return e
}

func (s *Source) weight(name string, shape ...int) tensor.Weight {
	if s.err != nil {
		return nil
	}
	var w tensor.Weight
	w, s.err = s.tensors.Weight(s.pool, s.prefix+name, s.form, shape...)
	return w
}

func (s *Source) floats(name string, shape ...int) []float32 {
	if s.err != nil {
		return nil
	}
	var v []float32
	v, s.err = s.tensors.Floats(s.pool, s.prefix+name, shape...)
	return v
}

// Err is the first error so far.
func (s *Source) Err() error { return s.err }

// Finish is Err or, if all went well, an error that names a tensor which nothing has read and which is not known to be unused.
func (s *Source) Finish(unused func(name string) bool) error {
	if s.err != nil {
		return s.err
	}
	return s.tensors.Finish(unused)
}
