package weights

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Packed is the tensors of a packed checkpoint: matrices and token embeddings lie where the file is mapped.
type Packed struct {
	Forms Forms
	names
	entries map[string]entry
}

// IsPacked says whether a checkpoint is a packed one, of any version of the layout.
func IsPacked(c *safetensors.Checkpoint) bool { return c.Metadata()[formatKey] == packedFormat }

// ReadPacked reads the header of a packed checkpoint, which must stay open as long as its tensors are used. The error names
// the file and what the header should say.
func ReadPacked(c *safetensors.Checkpoint) (*Packed, error) {
	p := &Packed{names: names{c, map[string]bool{}}, entries: map[string]entry{}}
	all := c.Names()
	if len(all) == 0 {
		return nil, fmt.Errorf("packed checkpoint without a tensor")
	}
	t, _ := c.Tensor(all[0])
	if err := p.readMetadata(c.Metadata()); err != nil {
		return nil, fmt.Errorf("%s: %w", t.File, err)
	}
	return p, nil
}

func (p *Packed) readMetadata(meta map[string]string) (err error) {
	if meta[layoutKey] != layoutVersion {
		return fmt.Errorf("packed in layout version %s, expected %q; convert the published checkpoint again", modelfile.Quote(meta[layoutKey]), layoutVersion)
	}
	if p.Forms.Vision, err = tensor.ParseForm(modelfile.Short(meta[visionKey])); err != nil {
		return fmt.Errorf("metadata %s: %w", visionKey, err)
	}
	if p.Forms.Text, err = tensor.ParseForm(modelfile.Short(meta[textKey])); err != nil {
		return fmt.Errorf("metadata %s: %w", textKey, err)
	}
	for _, name := range p.checkpoint.Names() {
		e, err := parseEntry(meta[name])
		if err != nil {
			return fmt.Errorf("metadata of tensor %s: %w", modelfile.Short(name), err)
		}
		if e.sum == noSum {
			return fmt.Errorf("tensor %s was never written; convert the published checkpoint again", modelfile.Short(name))
		}
		t, _ := p.checkpoint.Tensor(name)
		if err := e.check(t); err != nil {
			return fmt.Errorf("tensor %s %w", modelfile.Short(name), err)
		}
		p.entries[name] = e
	}
	return nil
}

// largestSize keeps the bytes of a matrix within 64 bits.
const largestSize = 1 << 24

// check holds what the header says of a tensor's type and size against what the metadata says.
func (e entry) check(t safetensors.Tensor) error {
	if t.DType != safetensors.U8 {
		switch {
		case t.DType != dtypes[e.form]:
			return fmt.Errorf("is %s, expected %s for its form %s", t.DType, cmp.Or(dtypes[e.form], safetensors.U8), e.form)
		case !slices.Equal(t.Shape, e.shape):
			return fmt.Errorf("has shape %v, expected the %v of its metadata", t.Shape, e.shape)
		}
		return nil
	}
	for _, size := range e.shape {
		if size < 1 || size > largestSize {
			return fmt.Errorf("is a matrix %v in its metadata, expected sizes of 1 to %d", e.shape, largestSize)
		}
	}
	if len(e.shape) != 2 {
		return fmt.Errorf("is packed with the shape %v in its metadata, expected [out, in]", e.shape)
	}
	if want := tensor.PackedBytes(e.form, e.shape[0], e.shape[1]); len(t.Data) != want {
		return fmt.Errorf("has %d bytes, expected %d for a matrix %v in %s", len(t.Data), want, e.shape, e.form)
	}
	return nil
}

// Floats copies a vector or table, whose values must be finite.
func (p *Packed) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	t, err := p.vector(name, shape)
	if err != nil {
		return nil, err
	}
	v := make([]float32, t.Elements())
	r := newRows(t, tensor.F32)
	r.read(0, v)
	return v, r.err
}

func (p *Packed) vector(name string, shape []int) (safetensors.Tensor, error) {
	t, err := p.entry(name, shape, tensor.F32)
	if err == nil && t.DType != safetensors.F32 {
		err = fmt.Errorf("%s: tensor %s is %s, expected F32", t.File, name, t.DType)
	}
	return t, err
}

func (p *Packed) matrix(name string, f tensor.Form, out, in int) (safetensors.Tensor, error) {
	t, err := p.entry(name, []int{out, in}, f)
	if err == nil && t.DType != safetensors.U8 {
		err = fmt.Errorf("%s: tensor %s is %s, expected U8 for a packed matrix", t.File, name, t.DType)
	}
	return t, err
}

func (p *Packed) table(name string, f tensor.Form, rows, cols int) (safetensors.Tensor, error) {
	t, err := p.entry(name, []int{rows, cols}, f, tensor.F16, tensor.BF16)
	if err == nil && t.DType == safetensors.U8 {
		err = fmt.Errorf("%s: tensor %s is %s, expected a table in %s", t.File, name, t.DType, f)
	}
	return t, err
}

// Weight is a matrix where it is mapped.
func (p *Packed) Weight(_ *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	out, in := Item{Shape: shape}.size()
	t, err := p.matrix(name, f, out, in)
	if err != nil {
		return nil, err
	}
	w, err := tensor.FromPacked(f, out, in, t.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", t.File, name, err)
	}
	return w, nil
}

// Embedding is a table where it is mapped.
func (p *Packed) Embedding(_ *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	t, err := p.table(name, f, rows, cols)
	if err != nil {
		return nil, err
	}
	e, err := tensor.EmbeddingFrom(p.entries[name].form, rows, cols, t.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", t.File, name, err)
	}
	return e, nil
}

// entry finds a tensor of which the metadata says that it has a shape and one of the forms.
func (p *Packed) entry(name string, shape []int, forms ...tensor.Form) (safetensors.Tensor, error) {
	t, err := p.find(name, nil)
	if err != nil {
		return t, fmt.Errorf("tensor %s is missing, expected shape %v in %s", name, shape, forms[0])
	}
	switch e := p.entries[name]; {
	case !slices.Equal(e.shape, shape):
		err = fmt.Errorf("%s: tensor %s has shape %v, expected %v", t.File, name, e.shape, shape)
	case !slices.Contains(forms, e.form):
		err = fmt.Errorf("%s: tensor %s is in %s, expected %s", t.File, name, e.form, forms[0])
	}
	return t, err
}

// List is what a model that is read by load holds of the packed checkpoint. No value is read. The error is that of Source.Finish.
func (p *Packed) List(load func(*Source), unused func(name string) bool) ([]Item, error) {
	w := Of(packedNames{&Packed{p.Forms, names{p.checkpoint, map[string]bool{}}, p.entries}}, nil, p.Forms)
	load(w)
	if err := w.Finish(unused); err != nil {
		return nil, err
	}
	return p.items(), nil
}

// packedNames are Tensors that give nothing and check that all is there.
type packedNames struct{ *Packed }

func (p packedNames) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	_, err := p.vector(name, shape)
	return nil, err
}

func (p packedNames) Weight(_ *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	out, in := Item{Shape: shape}.size()
	_, err := p.matrix(name, f, out, in)
	return nil, err
}

func (p packedNames) Embedding(_ *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	_, err := p.table(name, f, rows, cols)
	return nil, err
}

func (p *Packed) items() []Item {
	var items []Item
	for _, name := range p.checkpoint.Names() {
		t, _ := p.checkpoint.Tensor(name)
		items = append(items, Item{Name: name, Form: p.entries[name].form, Shape: p.entries[name].shape, matrix: t.DType == safetensors.U8})
	}
	return items
}

// Verify compares every tensor's bytes with its checksum, on threads goroutines, and calls progress with the bytes done. The
// error names a tensor that differs, or is the context's.
func (p *Packed) Verify(ctx context.Context, threads int, progress func(done, total int64)) error {
	all := p.checkpoint.Names()
	var total int64
	for _, name := range all {
		t, _ := p.checkpoint.Tensor(name)
		total += int64(len(t.Data))
	}
	return each(ctx, threads, len(all), total, progress, func(s *share, i int) error {
		t, _ := p.checkpoint.Tensor(all[i])
		sum, err := s.sum(t.Data)
		if err == nil && sum != p.entries[t.Name].sum {
			err = fmt.Errorf("%s: tensor %s is damaged: its SHA-256 is %s, expected %s", t.File, t.Name, sum, p.entries[t.Name].sum)
		}
		return err
	})
}

// sum is the SHA-256 of data, in hexadecimal.
func (s *share) sum(data []byte) (string, error) {
	h := sha256.New()
	for len(data) > 0 {
		n := min(len(data), pieceBytes)
		_, _ = h.Write(data[:n])
		if err := s.advance(n); err != nil {
			return "", err
		}
		data = data[n:]
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
