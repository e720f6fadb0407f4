package mcllava

import (
	"fmt"
	"io/fs"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// checkpoint is a checkpoint's configuration and its tensors, published or packed.
type checkpoint struct {
	name    string
	files   fs.FS
	config  Config
	tensors *safetensors.Checkpoint
	packed  *weights.Packed   // nil if they are published
	own     weights.Precision // that the values come in
}

// openCheckpoint reads the configuration and the tensors' headers of a checkpoint in a folder, or of the embedded one if the
// folder is "" or Demo.
func openCheckpoint(folder string) (*checkpoint, error) {
	files, name, err := checkpointFiles(folder)
	if err != nil {
		return nil, err
	}
	c := &checkpoint{name: name, files: files}
	if err := c.read(folder); err != nil {
		c.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *checkpoint) read(folder string) (err error) {
	if c.config, err = readConfig(c.files); err != nil {
		return err
	}
	if c.tensors, err = openWeights(folder); err != nil {
		return err
	}
	switch {
	case weights.IsPacked(c.tensors):
		if c.packed, err = weights.ReadPacked(c.tensors); err != nil {
			return err
		}
		c.own = c.packed.Precision
	case c.name != Demo:
		c.own = weights.PublishedPrecision(c.tensors)
	}
	return nil
}

func (c *checkpoint) close() {
	if c.tensors != nil {
		_ = c.tensors.Close()
	}
}

// precision is the checkpoint's own or, if it is a published one, another that is asked for.
func (c *checkpoint) precision(asked Precision) (weights.Precision, error) {
	p, err := asked.over(c.own)
	if err == nil && c.packed != nil && p != c.own {
		err = fmt.Errorf("converted to %s, so that it cannot be used in %s; convert the published checkpoint to that", c.own, p)
	}
	return p, err
}

// source is where the model takes its weights from.
func (c *checkpoint) source(p *tensor.Pool, precision weights.Precision) *weights.Source {
	if c.packed != nil {
		return weights.Of(c.packed, p, precision)
	}
	return weights.From(c.tensors, p, precision)
}

// items lists what the model holds of the checkpoint.
func (c *checkpoint) items(precision weights.Precision) ([]weights.Item, error) {
	load := func(w *weights.Source) { loadWeights(c.config, w) }
	if c.packed == nil {
		return weights.List(c.tensors, precision, load, unused)
	}
	w := c.source(nil, precision)
	load(w)
	return c.packed.Items(), w.Finish(unused)
}

// loadWeights reads both parts of the model. Errors are kept by w.
func loadWeights(c Config, w *weights.Source) (*encoder.Encoder, *llm.Decoder) {
	return encoder.Load(c.Encoder(), w), llm.Load(c.Decoder(), w.Under("language_model."))
}
