package mcllava

import (
	"fmt"
	"sync"

	"github.com/mcllava/mcllava/internal/checkpoint"
	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Headers is a checkpoint of which no weights have been loaded. It says what a Model would do, and answers nothing.
type Headers struct{ model *Model }

// OpenHeaders reads the headers of a checkpoint, as Inspect does, for a precision. Errors are those of OpenWith that are known without
// the weights.
func OpenHeaders(folder string, p Precision) (*Headers, error) {
	if err := measured.Kernels(); err != nil {
		return nil, err
	}
	c, err := checkpoint.Open(folder)
	if err != nil {
		return nil, err
	}
	m := &Model{config: c.Config, checkpoint: c, identity: sync.OnceValues(c.Identity)}
	if m.forms, err = c.Forms(p); err != nil {
		c.Close()
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	return &Headers{m}, nil
}

// Close gives up the checkpoint.
func (h *Headers) Close() { h.model.checkpoint.Close() }

// Config is the model's shape.
func (h *Headers) Config() Config { return h.model.Config() }

// Name is that of the Model.
func (h *Headers) Name() string { return h.model.Name() }

// Precision is that of the Model.
func (h *Headers) Precision() string { return h.model.Precision() }

// Identity is that of the Model.
func (h *Headers) Identity() (string, error) { return h.model.Identity() }

// FormerIdentity is that of the Model.
func (h *Headers) FormerIdentity() (string, error) { return h.model.FormerIdentity() }

// UseCache says which cache Cached looks at.
func (h *Headers) UseCache(o CacheOptions) error { return h.model.UseCache(o) }

// Caches says whether what is encoded would be stored.
func (h *Headers) Caches() bool { return h.model.caches() }

// Plan is how the model would cut a picture.
func (h *Headers) Plan(p *Picture, k ViewKnobs) (Plan, error) { return h.model.Plan(p, k) }

// SearchPlan is how the model would cut a picture at first to search it.
func (h *Headers) SearchPlan(p *Picture, k Knobs) (Plan, error) { return h.model.SearchPlan(p, k) }

// Cached says of each crop of a plan whether See would take its features from the cache.
func (h *Headers) Cached(p *Picture, plan Plan) []bool { return h.model.cached(p, plan) }

// StoredBytes is about what the cache would store of the crops of a plan that it has not, and of the prompt if it keeps prompts.
func (h *Headers) StoredBytes(plan Plan, cached []bool) (n int64) {
	m := h.model
	if !m.caches() {
		return 0
	}
	const valueBytes = 2
	for i, rows := range m.rowsToEncode(plan) {
		if cached[i] {
			continue
		}
		n += int64(rows) * int64(m.config.Vision.Hidden) * valueBytes
		if plan.Maps {
			n += int64(m.config.Encoder().Patches()) * valueBytes
		}
	}
	if m.cacheOptions.Prompts {
		t := m.config.Decoder()
		kept := int64(tensor.EmbeddingBytes(tensor.KVForm(m.forms.Text), 1, 1))
		n += 2 * kept * int64(plan.ImageTokens) * int64(t.Layers) * int64(t.Hidden)
	}
	return n
}
