// Package weights hands the tensors of a checkpoint to the parts of a model, by name and strictly: a tensor that is missing,
// of another shape or type, not finite, or of no use to the model is an error that names it.
package weights

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Source reads tensors below one prefix of their names. The first error sticks: later reads return empty matrices, and Err
// and Finish report it.
type Source struct {
	prefix string
	*reader
}

type reader struct {
	checkpoint *safetensors.Checkpoint
	pool       *tensor.Pool
	asked      map[string]bool
	lock       sync.Mutex
	err        error
}

// From is the source of all tensors of a checkpoint; the pool's workers widen and pack them.
func From(c *safetensors.Checkpoint, p *tensor.Pool) *Source {
	return &Source{reader: &reader{checkpoint: c, pool: p, asked: map[string]bool{}}}
}

// Pool is the pool that the weights are packed by.
func (s *Source) Pool() *tensor.Pool { return s.pool }

// Under is the source of the tensors whose names go on from the prefix.
func (s *Source) Under(prefix string) *Source {
	return &Source{prefix: s.prefix + prefix, reader: s.reader}
}

// At is the source below "N.", the N-th of several like parts.
func (s *Source) At(n int) *Source { return s.Under(strconv.Itoa(n) + ".") }

// Linear reads name.weight [out, in] and name.bias [out].
func (s *Source) Linear(name string, out, in int) tensor.Linear {
	return tensor.Linear{Weight: s.weight(name+".weight", out, in, out, in), Bias: s.vector(name+".bias", out)}
}

// Convolution reads name.weight [out, channels, size, size] and name.bias [out] as a linear layer of the pixels under the
// kernel, in the order channel, row, column.
func (s *Source) Convolution(name string, out, channels, size int) tensor.Linear {
	return tensor.Linear{Weight: s.weight(name+".weight", out, channels*size*size, out, channels, size, size), Bias: s.vector(name+".bias", out)}
}

// LayerNorm reads the gain name.weight and name.bias, both [n].
func (s *Source) LayerNorm(name string, n int, eps float32) tensor.LayerNorm {
	return tensor.LayerNorm{Gain: s.vector(name+".weight", n), Bias: s.vector(name+".bias", n), Eps: eps}
}

// Embedding reads name.weight [rows, cols].
func (s *Source) Embedding(name string, rows, cols int) blas32.General {
	t, ok := s.tensor(name+".weight", rows, cols)
	if !ok {
		return blas32.General{}
	}
	m := tensor.New(rows, cols)
	s.pool.Run(rows, func(_, i int) { s.row(t, i, tensor.Row(m, i)) })
	return m
}

// Err is the first error so far.
func (s *Source) Err() error {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.err
}

// Finish is Err or, if all went well, an error that names a tensor which nothing has read and which is not known to be unused.
func (s *Source) Finish(unused func(name string) bool) error {
	if err := s.Err(); err != nil {
		return err
	}
	left := slices.DeleteFunc(s.checkpoint.Names(), func(name string) bool { return s.asked[name] || unused(name) })
	if len(left) == 0 {
		return nil
	}
	t, _ := s.checkpoint.Tensor(left[0])
	return fmt.Errorf("%s: tensor %s %v is no part of the model (%d such tensors)", t.File, t.Name, t.Shape, len(left))
}

func (s *Source) weight(name string, out, in int, shape ...int) tensor.Weight {
	t, ok := s.tensor(name, shape...)
	if !ok {
		return nil
	}
	return tensor.NewWeight(s.pool, tensor.F32, out, in, func(o int, row []float32) { s.row(t, o, row) })
}

func (s *Source) vector(name string, n int) []float32 {
	t, ok := s.tensor(name, n)
	if !ok {
		return nil
	}
	v := make([]float32, n)
	s.row(t, 0, v)
	return v
}

// tensor finds a tensor and checks its shape and type.
func (s *Source) tensor(name string, shape ...int) (safetensors.Tensor, bool) {
	name = s.prefix + name
	s.asked[name] = true
	t, ok := s.checkpoint.Tensor(name)
	switch {
	case !ok:
		s.fail(fmt.Errorf("tensor %s is missing, expected shape %v", name, shape))
	case !slices.Equal(t.Shape, shape):
		s.fail(fmt.Errorf("%s: tensor %s has shape %v, expected %v", t.File, name, t.Shape, shape))
	case !slices.Contains(floats, t.DType):
		s.fail(fmt.Errorf("%s: tensor %s is %s, expected F32, F16 or BF16", t.File, name, t.DType))
	default:
		return t, s.Err() == nil
	}
	return t, false
}

var floats = []safetensors.DType{safetensors.F32, safetensors.F16, safetensors.BF16}

// row widens the i-th run of len(dst) values of t.
func (s *Source) row(t safetensors.Tensor, i int, dst []float32) {
	n := len(dst)
	size := n * t.DType.Size()
	t.Shape, t.Data = []int{n}, t.Data[i*size:(i+1)*size]
	if err := t.Float32s(dst); err != nil {
		s.fail(err)
		return
	}
	for j, v := range dst {
		if v-v != 0 {
			s.fail(fmt.Errorf("%s: tensor %s holds %v at position %d, expected a finite number", t.File, t.Name, v, i*n+j))
			return
		}
	}
}

func (s *Source) fail(err error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.err == nil {
		s.err = err
	}
}
