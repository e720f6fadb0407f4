package checkpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Info is what can be said of a checkpoint without running it.
type Info struct {
	Name         string   `json:"name"`
	Config       Config   `json:"config"`
	Converted    bool     `json:"converted"` // by Convert, so that it is used where it is mapped
	Precision    string   `json:"precision"` // that it would be used in
	Parts        []Part   `json:"parts"`
	Parameters   int64    `json:"parameters"` // used by the model
	StorageTypes []string `json:"storage_types"`
	FileBytes    int64    `json:"file_bytes"`         // of all tensors
	MemoryBytes  int64    `json:"memory_bytes"`       // of the weights once loaded
	CacheBytes   int64    `json:"bytes_per_position"` // of keys and values, for each token of a question and its answer
	Tier         string   `json:"cpu_tier"`           // of the kernels in use
	Kernels      string   `json:"cpu_kernels"`        // the tier, and what was chosen otherwise than the tier has first

	Measured []tensor.Measured `json:"cpu_measured,omitempty"` // what they were chosen by; none where the environment names them
}

// Part is a part of the model as it is held in memory.
type Part struct {
	Name       string   `json:"name"`
	Parameters int64    `json:"parameters"`
	Bytes      int64    `json:"bytes"`
	Forms      []string `json:"forms"` // of its tensors, that of the most bytes first
}

// parts are told apart by the prefixes of their tensors; a tensor belongs to the first that fits.
var parts = []struct{ name, prefix string }{
	{"vision tower", "vision_model.vision_tower."},
	{"coordinates", "vision_model.coord_embed."},
	{"projector", "multi_modal_projector."},
	{"decoder", "language_model."},
}

// Inspect reads the headers of a checkpoint, of the embedded one if the folder is "" or Demo, and says how it would be held in
// a precision.
func Inspect(folder string, p Precision) (*Info, error) {
	if err := measured.Kernels(); err != nil {
		return nil, err
	}
	c, err := Open(folder)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	tier, _ := tensor.ActiveTier()
	i := &Info{Name: c.Name, Config: c.Config, Converted: c.packed != nil, Tier: string(tier), Kernels: tensor.Kernels(), Measured: tensor.Measurements()}
	if err := i.read(c, p); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return i, nil
}

func (i *Info) read(c *Checkpoint, asked Precision) error {
	forms, err := c.Forms(asked)
	if err != nil {
		return err
	}
	items, err := c.items(forms)
	if err != nil {
		return err
	}
	i.Precision = forms.String()
	for _, p := range parts {
		i.Parts = append(i.Parts, newPart(p.name, slices.DeleteFunc(slices.Clone(items), func(t weights.Item) bool {
			return !strings.HasPrefix(t.Name, p.prefix)
		})))
	}
	for _, p := range i.Parts {
		i.Parameters += p.Parameters
		i.MemoryBytes += p.Bytes
	}
	types := map[string]bool{}
	for _, name := range c.tensors.Names() {
		t, _ := c.tensors.Tensor(name)
		i.FileBytes += int64(len(t.Data))
		if !unused(name) {
			types[string(t.DType)] = true
		}
	}
	i.StorageTypes = slices.Sorted(maps.Keys(types))
	text := c.Config.Text
	i.CacheBytes = int64(tensor.EmbeddingBytes(tensor.KVForm(forms.Text), 2*text.Layers, text.Hidden))
	return nil
}

func newPart(name string, items []weights.Item) Part {
	p := Part{Name: name}
	bytes := map[string]int64{}
	for _, t := range items {
		p.Parameters += t.Elements()
		p.Bytes += t.Bytes()
		bytes[t.Form.String()] += t.Bytes()
	}
	p.Forms = slices.SortedFunc(maps.Keys(bytes), func(a, b string) int {
		return cmp.Or(cmp.Compare(bytes[b], bytes[a]), cmp.Compare(a, b))
	})
	return p
}

// Verify compares the weights of a checkpoint that Convert wrote with their checksums, on threads goroutines, and calls progress
// with the bytes done. The error names a tensor that is damaged.
func Verify(ctx context.Context, folder string, threads int, progress func(done, total int64)) error {
	c, err := Open(folder)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.verify(ctx, threads, progress); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

func (c *Checkpoint) verify(ctx context.Context, threads int, progress func(done, total int64)) (err error) {
	if c.packed == nil {
		return errors.New("has no checksums, which mcllava convert writes")
	}
	defer c.Guard(&err)()
	return c.packed.Verify(ctx, threads, progress)
}
