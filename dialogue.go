package mcllava

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/fault"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/llm"
)

// dialogue is one prompt after another: the keys and values of the last, and what they begin with. A prompt that begins with the same
// picture goes on from there.
type dialogue struct {
	model   *Model
	kv      *llm.KV
	view    *View // whose image tokens kv holds; nil if it holds none
	version int   // of the view
	before  []int // tokens ahead of the image's
	image   span  // positions of the image tokens

	mapped *cache.Mapped     // where kv is, if it was restored
	stored [sha256.Size]byte // name of what was stored or restored last
}

// storedRoom is the positions that a stored prompt has room for behind the picture: a question and an answer of the usual length.
const storedRoom = DefaultMaxNewTokens + 184

// span is the positions from ≤ i < to.
type span struct{ from, to int }

// forget drops what the keys and values hold.
func (d *dialogue) forget() { d.view = nil }

// release gives up the keys and values.
func (d *dialogue) release() {
	if d.mapped != nil {
		_ = d.mapped.Close()
	}
	d.kv, d.mapped, d.view = nil, nil, nil
}

// reserve sees to it that there is room for positions, and none of them held. It has room to spare for a longer question after this
// one.
func (d *dialogue) reserve(positions int) {
	const spare = 256
	if d.kv == nil || d.mapped != nil || d.kv.Cap() < positions {
		d.release()
		d.kv = d.model.decoder.NewKV(min(positions+spare, d.model.config.Text.Context))
	}
	d.kv.Truncate(0)
	d.view = nil
}

// begins says whether the keys and values begin with the picture of a view behind some tokens.
func (d *dialogue) begins(v *View, before []int) bool {
	return d.view == v && d.version == v.version && slices.Equal(d.before, before)
}

// prefill runs a prompt, the tokens before and after the picture's, with room for room positions in all, and returns the logits of the
// token that follows, [V]. What an earlier prompt has left of it is not computed again, nor what a run before stored. From its last
// row on, watch notes what is looked at, unless it is nil.
func (d *dialogue) prefill(ctx context.Context, v *View, before, after []int, room int, watch *llm.Attention, h Hooks) ([]float32, error) {
	m := d.model
	rest := m.decoder.Embed(after)
	// A prompt that ends with the picture leaves nothing to take the first token from, so that it is computed again.
	resumable := len(after) > 0 && h.Dump == nil
	switch {
	case resumable && d.begins(v, before) && d.kv.Cap() >= room:
		d.kv.Truncate(d.image.to)
	case resumable && d.restore(v, before, room):
	default:
		d.reserve(room)
		projected := m.encoder.Project(v.features.Rows)
		h.Dump.keepFeatures(v.features.Rows, projected)
		rest = m.merge(before, projected, after)
	}
	d.view = nil
	d.kv.Watch(watch)
	logits, err := m.decoder.Prefill(ctx, rest, d.kv, func(done, layers int) { h.progress(StagePrompt, done, layers) })
	if err != nil {
		return nil, err
	}
	d.hold(v, before)
	h.Dump.keepLogits(logits)
	return logits, nil
}

// hold notes what the keys and values begin with.
func (d *dialogue) hold(v *View, before []int) {
	d.view, d.version, d.before = v, v.version, before
	d.image = span{len(before), len(before) + v.plan.ImageTokens}
}

// name identifies what the keys and values begin with, for the cache; false if nothing is stored.
func (d *dialogue) name(v *View, before []int) (name [sha256.Size]byte, ok bool) {
	m := d.model
	if !m.caches() || !m.cacheOptions.Prompts {
		return name, false
	}
	k, err := m.key(v.picture)
	if err != nil {
		return name, false
	}
	return sha256.Sum256(fmt.Appendf(nil, "%x %q %q %q %q %v %v %v", k.Picture, k.Cutting, k.Precision, k.Checkpoint,
		tensor.Arithmetic(m.forms.Text), v.plan.Boxes, v.plan.TokensPerCrop, before)), true
}

// restore sets the keys and values to the picture of a view behind some tokens, as a run before stored them, if one did. They stay in
// the mapped file, unless that has less room than is asked for.
func (d *dialogue) restore(v *View, before []int, room int) bool {
	name, ok := d.name(v, before)
	if !ok {
		return false
	}
	stored, ok := d.model.cache.Load().Prompt(name)
	if !ok {
		return false
	}
	n := len(before) + v.plan.ImageTokens
	kv, err := d.model.decoder.Mapped(stored.Data, n)
	switch {
	case err != nil:
		_ = stored.Close()
		return false
	case kv.Cap() >= room:
		d.release()
		d.kv, d.mapped = kv, stored
	default:
		d.reserve(room)
		d.kv.Copy(kv, n)
		_ = stored.Close()
	}
	d.stored = name
	return true
}

// guard is for a defer around what reads the keys and values: a mapped file that was cut short becomes an error that names it. Other
// panics go on.
func (d *dialogue) guard(err *error) {
	r := recover()
	at := fault.Of(r)
	if r == nil {
		errors.As(*err, &at)
	}
	switch {
	case at != nil && d.mapped != nil && d.mapped.Holds(at.Address):
		*err = fmt.Errorf("%s: %w", d.mapped.Path, safetensors.ErrChanged)
		d.release()
	case r != nil:
		panic(r)
	}
}

// store keeps what the keys and values begin with for later runs, if that is asked for and not done yet.
func (d *dialogue) store(h Hooks) {
	if d.view == nil {
		return
	}
	name, ok := d.name(d.view, d.before)
	if !ok || name == d.stored {
		return
	}
	m, c := d.model, d.model.cache.Load()
	d.stored = name
	if c.HasPrompt(name) {
		return
	}
	capacity := min(d.image.to+storedRoom, m.config.Text.Context)
	err := c.StorePrompt(name, m.decoder.SavedBytes(capacity), m.decoder.Saved(d.kv, d.image.to, capacity))
	if err != nil {
		h.note(fmt.Sprintf("the prompt is not kept: %v", err))
	}
}

// merge puts the image tokens between the embeddings of the text, [L, D].
func (m *Model) merge(before []int, projected blas32.General, after []int) blas32.General {
	x := tensor.New(len(before)+projected.Rows+len(after), projected.Cols)
	tensor.Copy(x, m.decoder.Embed(before))
	tensor.Copy(tensor.Rows(x, len(before), len(before)+projected.Rows), projected)
	tensor.Copy(tensor.Rows(x, len(before)+projected.Rows, x.Rows), m.decoder.Embed(after))
	return x
}
