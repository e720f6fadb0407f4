package weights

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

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
		return fmt.Errorf("packed in layout version %q, expected %q; convert the published checkpoint again", meta[layoutKey], layoutVersion)
	}
	if p.Forms.Vision, err = tensor.ParseForm(meta[visionKey]); err != nil {
		return fmt.Errorf("metadata %s: %w", visionKey, err)
	}
	if p.Forms.Text, err = tensor.ParseForm(meta[textKey]); err != nil {
		return fmt.Errorf("metadata %s: %w", textKey, err)
	}
	for _, name := range p.checkpoint.Names() {
		e, err := parseEntry(meta[name])
		if err != nil {
			return fmt.Errorf("metadata of tensor %s: %w", name, err)
		}
		if e.sum == noSum {
			return fmt.Errorf("tensor %s was never written; convert the published checkpoint again", name)
		}
		p.entries[name] = e
	}
	return nil
}

// Floats copies a vector or table.
func (p *Packed) Floats(_ *tensor.Pool, name string, shape ...int) ([]float32, error) {
	t, err := p.entry(name, shape, tensor.F32)
	if err != nil {
		return nil, err
	}
	v := make([]float32, t.Elements())
	return v, t.Float32s(v)
}

// Weight is a matrix where it is mapped.
func (p *Packed) Weight(_ *tensor.Pool, name string, f tensor.Form, shape ...int) (tensor.Weight, error) {
	out, in := Item{Shape: shape}.size()
	t, err := p.entry(name, []int{out, in}, f)
	if err != nil {
		return nil, err
	}
	if t.DType != safetensors.U8 {
		return nil, fmt.Errorf("%s: tensor %s is %s, expected U8 for a packed matrix", t.File, name, t.DType)
	}
	w, err := tensor.FromPacked(f, out, in, t.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: tensor %s: %w", t.File, name, err)
	}
	return w, nil
}

// Embedding is a table where it is mapped.
func (p *Packed) Embedding(_ *tensor.Pool, name string, f tensor.Form, rows, cols int) (*tensor.Embedding, error) {
	t, err := p.entry(name, []int{rows, cols}, f, tensor.F16, tensor.BF16)
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
	case t.DType != safetensors.U8 && t.DType != dtypes[e.form]:
		err = fmt.Errorf("%s: tensor %s is %s, expected %s", t.File, name, t.DType, dtypes[e.form])
	}
	return t, err
}

// Items lists the tensors.
func (p *Packed) Items() []Item {
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
