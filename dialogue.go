package mcllava

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

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
}

// span is the positions from ≤ i < to.
type span struct{ from, to int }

// forget drops what the keys and values hold.
func (d *dialogue) forget() { d.view = nil }

// reserve sees to it that there is room for positions; a new one holds nothing. It has room to spare for a longer question after
// this one.
func (d *dialogue) reserve(positions int) {
	const spare = 256
	if d.kv == nil || d.kv.Cap() < positions {
		d.kv = d.model.decoder.NewKV(min(positions+spare, d.model.config.Text.Context))
		d.forget()
	}
}

// begins says whether the keys and values begin with the picture of a view behind some tokens.
func (d *dialogue) begins(v *View, before []int) bool {
	return d.view == v && d.version == v.version && slices.Equal(d.before, before)
}

// prefill runs a prompt, the tokens before and after the picture's, with room for room positions in all, and returns the logits of the
// token that follows, [V]. What an earlier prompt has left of it is not computed again, nor what a run before stored.
func (d *dialogue) prefill(ctx context.Context, v *View, before, after []int, room int, h Hooks) ([]float32, error) {
	m := d.model
	d.reserve(room)
	rest := m.decoder.Embed(after)
	// A prompt that ends with the picture leaves nothing to take the first token from, so that it is computed again.
	resumable := len(after) > 0 && h.Dump == nil
	switch {
	case resumable && d.begins(v, before):
		d.kv.Truncate(d.image.to)
	case resumable && d.restore(v, before):
	default:
		d.kv.Truncate(0)
		projected := m.encoder.Project(v.features.Rows)
		h.Dump.keepFeatures(v.features.Rows, projected)
		rest = m.merge(before, projected, after)
	}
	d.view = nil
	logits, err := m.decoder.Prefill(ctx, rest, d.kv)
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

// restore is whether the keys and values now begin with the picture of a view as a run before stored them.
func (d *dialogue) restore(*View, []int) bool { return false }

// merge puts the image tokens between the embeddings of the text, [L, D].
func (m *Model) merge(before []int, projected blas32.General, after []int) blas32.General {
	x := tensor.New(len(before)+projected.Rows+len(after), projected.Cols)
	tensor.Copy(x, m.decoder.Embed(before))
	tensor.Copy(tensor.Rows(x, len(before), len(before)+projected.Rows), projected)
	tensor.Copy(tensor.Rows(x, len(before)+projected.Rows, x.Rows), m.decoder.Embed(after))
	return x
}
