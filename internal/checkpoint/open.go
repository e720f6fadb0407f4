// Package checkpoint opens a checkpoint of the model, published or packed: it finds its folder, reads its configuration and
// tokenizer, hands out its weights in the forms that are asked for, converts it, and says what it holds. It answers no question.
package checkpoint

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/demo"
	"github.com/mcllava/mcllava/internal/fault"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// Checkpoint is a checkpoint's configuration and its tensors, published or packed. Its files must not change before Close.
type Checkpoint struct {
	Name   string // the folder or the hub's name that it was opened by, or Demo
	Files  fs.FS
	Config Config
	Own    weights.Forms // that the values come in

	tensors *safetensors.Checkpoint
	packed  *weights.Packed // nil if they are published
}

// Open reads the configuration and the tensors' headers, and holds each against the other: every tensor that the model needs must be
// there in its shape before anything is allocated. It opens the checkpoint in a folder, of the embedded one if the folder is "" or
// Demo, or of a repository OWNER/NAME in the hub's cache. The error names the file and the field that are wrong.
func Open(folder string) (*Checkpoint, error) {
	files, name, err := find(folder)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{Name: name, Files: files}
	if err := c.read(folder); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *Checkpoint) read(folder string) (err error) {
	if err := checkRoom(fileBytes(c.Files)); err != nil {
		return err
	}
	if c.Config, err = readConfig(c.Files); err != nil {
		return err
	}
	if c.tensors, err = openTensors(folder); err != nil {
		return err
	}
	switch {
	case weights.IsPacked(c.tensors):
		if c.packed, err = weights.ReadPacked(c.tensors); err != nil {
			return err
		}
		c.Own = c.packed.Forms
	case c.Name != Demo:
		c.Own = weights.PublishedForms(c.tensors)
	}
	_, err = c.items(c.Own)
	return err
}

// fileBytes is the size of the weight files in a folder.
func fileBytes(folder fs.FS) (size int64) {
	paths, _ := fs.Glob(folder, "*.safetensors") // the pattern is good
	for _, path := range paths {
		if info, err := fs.Stat(folder, path); err == nil {
			size += info.Size()
		}
	}
	return size
}

func openTensors(folder string) (*safetensors.Checkpoint, error) {
	if !isDemo(folder) {
		path, err := modelPath(folder)
		if err != nil {
			return nil, err
		}
		return safetensors.OpenFolder(path)
	}
	return safetensors.Parse(weightsFile, demo.Weights())
}

// Close unmaps the tensors. Weights that were loaded from a packed checkpoint end with it.
func (c *Checkpoint) Close() {
	if c.tensors != nil {
		_ = c.tensors.Close()
	}
}

// Packed says whether Convert wrote the checkpoint, so that it is used where it is mapped.
func (c *Checkpoint) Packed() bool { return c.packed != nil }

// Forms is what a precision that is asked for means for the checkpoint. A packed one has only its own.
func (c *Checkpoint) Forms(asked Precision) (weights.Forms, error) {
	f, err := asked.over(c.Own)
	if err == nil && c.packed != nil && f != c.Own {
		err = fmt.Errorf("converted to %s, so that it cannot be used in %s; convert the published checkpoint to that", c.Own, f)
	}
	return f, err
}

// Load reads both parts of the model in the given forms; the pool's workers widen and pack published weights. The error names a
// tensor that is missing, misshapen or not used by the model.
func (c *Checkpoint) Load(p *tensor.Pool, f weights.Forms) (e *encoder.Encoder, d *llm.Decoder, err error) {
	if c.packed == nil {
		items, err := c.items(f)
		if err != nil {
			return nil, nil, err
		}
		var size int64
		for _, i := range items {
			size += i.Bytes()
		}
		if err := checkRoom(size); err != nil {
			return nil, nil, err
		}
	}
	defer c.Guard(&err)()
	w := c.source(p, f)
	e, d = load(c.Config, w)
	return e, d, w.Finish(unused)
}

// ErrChanged says that a file of weights was cut short while it was in use.
var ErrChanged = safetensors.ErrChanged

// Guard stands at the head of what reads weights, which may lie in mapped files: defer c.Guard(&err)(). If a file has been cut short
// in the meantime, err becomes ErrChanged with its name.
func (c *Checkpoint) Guard(err *error) (end func()) {
	disarm := fault.Armed()
	return func() {
		disarm()
		if r := recover(); r != nil {
			at := fault.Of(r)
			if at == nil {
				panic(r)
			}
			*err = at
		}
		if *err = c.tensors.Changed(*err); *err == nil {
			*err = c.tensors.Whole()
		}
	}
}

// source is where the model takes its weights from.
func (c *Checkpoint) source(p *tensor.Pool, f weights.Forms) *weights.Source {
	if c.packed != nil {
		return weights.Of(c.packed, p, f)
	}
	return weights.From(c.tensors, p, f)
}

// items lists what the model holds of the checkpoint.
func (c *Checkpoint) items(f weights.Forms) ([]weights.Item, error) {
	load := func(w *weights.Source) { load(c.Config, w) }
	if c.packed == nil {
		return weights.List(c.tensors, f, load, unused)
	}
	return c.packed.List(load, unused)
}

// load reads both parts of the model. Errors are kept by w.
func load(c Config, w *weights.Source) (*encoder.Encoder, *llm.Decoder) {
	return encoder.Load(c.Encoder(), w), llm.Load(c.Decoder(), w)
}

// unused names the tensors that published checkpoints hold and the model does without.
func unused(name string) bool {
	const tower = "vision_model.vision_tower.vision_model."
	return strings.HasPrefix(name, tower+"post_layernorm.") || strings.HasPrefix(name, tower+"head.") ||
		strings.HasSuffix(name, ".position_ids") || strings.HasSuffix(name, ".rotary_emb.inv_freq")
}
