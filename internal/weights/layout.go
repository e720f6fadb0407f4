package weights

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// A packed checkpoint is one safetensors file with what a model holds in memory, so that it can be mapped and used as it is.
// Matrices are U8 [bytes], as tensor.Pack makes them, and come first, each at a multiple of 64 bytes; vectors and position
// embeddings are F32; token embeddings are F32, F16 or BF16 and come last. The metadata has:
//
//	format   mcllava
//	layout   the version of all this, and of the bytes of a packed matrix
//	vision   the form of the vision tower
//	text     the form of the decoder
//	NAME     of each tensor: its form, its shape ([out,in] if it is a matrix), the SHA-256 of its bytes and that of the bytes
//	         that it was made from
const (
	formatKey = "format"
	layoutKey = "layout"
	visionKey = "vision"
	textKey   = "text"

	packedFormat  = "mcllava"
	layoutVersion = "1"
)

// entry is what the metadata says of a tensor.
type entry struct {
	form   tensor.Form
	shape  []int
	sum    string // SHA-256 in hexadecimal, of the data
	source string // of the published tensor's data
}

// noSum is the checksum of what has not been written yet.
var noSum = strings.Repeat("0", 64)

// sums is the part that changes when the tensor is written; its length does not.
func (e entry) sums() string { return e.sum + " " + e.source }

// description is the part that comes before the sums.
func (e entry) description() string {
	shape, _ := json.Marshal(e.shape) // numbers: cannot fail
	return fmt.Sprintf("%s %s ", e.form, shape)
}

func (e entry) String() string { return e.description() + e.sums() }

func parseEntry(text string) (e entry, err error) {
	words := strings.Fields(text)
	if len(words) != 4 || len(words[2]) != len(noSum) || len(words[3]) != len(noSum) {
		return e, fmt.Errorf("%s, expected form, shape and two checksums", modelfile.Quote(text))
	}
	if e.form, err = tensor.ParseForm(modelfile.Short(words[0])); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(words[1]), &e.shape); err != nil {
		return e, fmt.Errorf("shape %s, expected whole numbers", modelfile.Short(words[1]))
	}
	const most = 16
	if len(e.shape) > most {
		return e, fmt.Errorf("shape of %d numbers, expected at most %d", len(e.shape), most)
	}
	e.sum, e.source = words[2], words[3]
	return e, nil
}

// Item is a tensor as a model holds it.
type Item struct {
	Name  string
	Form  tensor.Form
	Shape []int // as published

	matrix bool // in panels; otherwise row-major
	source safetensors.Tensor
}

// size is the number of rows and of values in a row.
func (i Item) size() (rows, cols int) {
	if len(i.Shape) == 1 {
		return 1, i.Shape[0]
	}
	return i.Shape[0], elements(i.Shape[1:])
}

// Elements is the number of values.
func (i Item) Elements() int64 { return int64(elements(i.Shape)) }

// Bytes is the memory that the item takes.
func (i Item) Bytes() int64 { return int64(i.bytes(i.size())) }

// bytes is the size of some of the item's rows.
func (i Item) bytes(rows, cols int) int {
	if i.matrix {
		return tensor.PackedBytes(i.Form, rows, cols)
	}
	return tensor.EmbeddingBytes(i.Form, rows, cols)
}

// stored is the item in a packed checkpoint, without its data.
func (i Item) stored() safetensors.Tensor {
	if i.matrix {
		return safetensors.Tensor{Name: i.Name, DType: safetensors.U8, Shape: []int{int(i.Bytes())}}
	}
	return safetensors.Tensor{Name: i.Name, DType: dtypes[i.Form], Shape: i.Shape}
}

// entry is what the metadata says of the item before it is written.
func (i Item) entry() entry {
	e := entry{form: i.Form, shape: i.Shape, sum: noSum, source: noSum}
	if i.matrix {
		out, in := i.size()
		e.shape = []int{out, in}
	}
	return e
}

// lister is Tensors that give nothing and note what a model asks for.
type lister struct {
	published
	items []Item
}

// List is what a model that is read by load holds of a published checkpoint, in the order of a packed one. The error is that of
// Source.Finish.
func List(c *safetensors.Checkpoint, forms Forms, load func(*Source), unused func(name string) bool) ([]Item, error) {
	l := &lister{published: newPublished(c)}
	w := Of(l, nil, forms)
	load(w)
	if err := w.Finish(unused); err != nil {
		return nil, err
	}
	return l.items, nil
}

func (l *lister) note(name string, f tensor.Form, matrix bool, shape []int) error {
	t, err := l.float(name, shape)
	if err != nil {
		return err
	}
	l.items = append(l.items, Item{Name: name, Form: f, Shape: shape, matrix: matrix, source: t})
	return nil
}

func (l *lister) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	return nil, l.note(name, tensor.F32, false, shape)
}

func (l *lister) Weight(_ *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	return nil, l.note(name, f, true, shape)
}

func (l *lister) Embedding(_ *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	t, err := l.float(name, []int{rows, cols})
	if err != nil {
		return nil, err
	}
	return nil, l.note(name, embeddingForm(t, f), false, []int{rows, cols})
}
