package weights

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// published hands out the tensors of a checkpoint in the published layout, F32, F16 or BF16, widened and packed as they are read.
// A value that is not finite, or too large for the form it is asked for in, is an error.
type published struct{ names }

func newPublished(c *safetensors.Checkpoint) published { return published{names{c, map[string]bool{}}} }

func (p published) Floats(pool *tensor.Pool, name string, shape ...int) ([]float32, error) {
	t, err := p.float(name, shape)
	if err != nil {
		return nil, err
	}
	v := make([]float32, t.Elements())
	r := newRows(t, tensor.F32)
	r.read(0, v)
	return v, r.err
}

func (p published) Weight(pool *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	t, err := p.float(name, shape)
	if err != nil {
		return nil, err
	}
	r := newRows(t, f)
	w := tensor.NewWeight(pool, f, shape[0], t.Elements()/shape[0], r.read)
	p.checkpoint.Forget(t)
	return w, r.err
}

func (p published) Embedding(pool *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	t, err := p.float(name, []int{rows, cols})
	if err != nil {
		return nil, err
	}
	f = embeddingForm(t, f)
	r := newRows(t, f)
	if t.DType != dtypes[f] {
		e := tensor.NewEmbedding(pool, f, rows, cols, r.read)
		p.checkpoint.Forget(t)
		return e, r.err
	}
	scratch := tensor.New(pool.Threads(), cols)
	pool.Run(rows, func(worker, i int) { r.read(i, tensor.Row(scratch, worker)) })
	if r.err != nil {
		return nil, r.err
	}
	return tensor.EmbeddingFrom(f, rows, cols, t.Data)
}

// embeddingForm is what a table that is asked for in the form f is kept in: as published if that takes two bytes a value.
func embeddingForm(t safetensors.Tensor, f tensor.Form) tensor.Form {
	switch t.DType {
	case safetensors.F16:
		return tensor.F16
	case safetensors.BF16:
		return tensor.BF16
	}
	return f
}

// dtypes are the types of the forms that a file can hold row-major.
var dtypes = map[tensor.Form]safetensors.DType{tensor.F32: safetensors.F32, tensor.F16: safetensors.F16, tensor.BF16: safetensors.BF16}

// float finds a tensor of floating-point numbers.
func (p published) float(name string, shape []int) (safetensors.Tensor, error) {
	t, err := p.find(name, shape)
	if err == nil && t.DType != safetensors.F32 && t.DType != safetensors.F16 && t.DType != safetensors.BF16 {
		err = fmt.Errorf("%s: tensor %s is %s, expected F32, F16 or BF16", t.File, name, t.DType)
	}
	return t, err
}

// rows widens runs of a tensor's values and checks them; read may be called from several goroutines.
type rows struct {
	tensor  safetensors.Tensor
	form    tensor.Form
	largest float32 // that the form can hold
	lock    sync.Mutex
	err     error // the first
}

// largest is the largest number that rounds to a finite one in a form.
var largest = map[tensor.Form]float32{tensor.F16: math.Nextafter32(65520, 0), tensor.BF16: math.Float32frombits(0x7f7f7fff)}

func newRows(t safetensors.Tensor, f tensor.Form) *rows {
	r := &rows{tensor: t, form: f, largest: math.MaxFloat32}
	if m, ok := largest[f]; ok {
		r.largest = m
	}
	return r
}

// read widens the i-th run of len(dst) values.
func (r *rows) read(i int, dst []float32) {
	n := len(dst)
	t, size := r.tensor, n*r.tensor.DType.Size()
	t.Shape, t.Data = []int{n}, t.Data[i*size:(i+1)*size]
	if err := t.Float32s(dst); err != nil {
		r.fail(err)
		return
	}
	for j, v := range dst {
		if !(v <= r.largest && v >= -r.largest) {
			want := "a finite number"
			if v-v == 0 {
				want = fmt.Sprintf("at most %v in %s", r.largest, r.form)
			}
			r.fail(fmt.Errorf("%s: tensor %s holds %v at position %d, expected %s", t.File, t.Name, v, i*n+j, want))
			return
		}
	}
}

func (r *rows) fail(err error) {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// names finds tensors by their names and remembers which were asked for.
type names struct {
	checkpoint *safetensors.Checkpoint
	asked      map[string]bool
}

// find finds a tensor of a shape; of any if that is nil.
func (n names) find(name string, shape []int) (safetensors.Tensor, error) {
	n.asked[name] = true
	t, ok := n.checkpoint.Tensor(name)
	switch {
	case !ok:
		return t, fmt.Errorf("tensor %s is missing, expected shape %v", name, shape)
	case shape != nil && !slices.Equal(t.Shape, shape):
		return t, fmt.Errorf("%s: tensor %s has shape %v, expected %v", t.File, name, t.Shape, shape)
	}
	return t, nil
}

func (n names) Finish(unused func(name string) bool) error {
	left := slices.DeleteFunc(n.checkpoint.Names(), func(name string) bool { return n.asked[name] || unused(name) })
	if len(left) == 0 {
		return nil
	}
	t, _ := n.checkpoint.Tensor(left[0])
	return fmt.Errorf("%s: tensor %s %v is not used by the model (%d such tensors)", t.File, modelfile.Short(t.Name), t.Shape, len(left))
}

// PublishedForms is the form of a published checkpoint's own values, float32 if they are of several types.
func PublishedForms(c *safetensors.Checkpoint) Forms {
	types := map[safetensors.DType]bool{}
	for _, name := range c.Names() {
		t, _ := c.Tensor(name)
		types[t.DType] = true
	}
	switch {
	case types[safetensors.F32] || types[safetensors.F16] && types[safetensors.BF16]:
		return Forms{tensor.F32, tensor.F32}
	case types[safetensors.BF16]:
		return Forms{tensor.BF16, tensor.BF16}
	}
	return Forms{tensor.F16, tensor.F16}
}
