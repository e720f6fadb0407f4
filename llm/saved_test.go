package llm

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// decoderOf is a decoder of made-up weights in a form.
func decoderOf(t testing.TB, c Config, text tensor.Form) *Decoder {
	t.Helper()
	p := tensor.NewPool(2)
	t.Cleanup(p.Close)
	w := weights.Of(weights.Synthetic{}, p, weights.Forms{Vision: text, Text: text})
	d := Load(c, w.Under("language_model."))
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestRestoredPositionsGiveTheSameLogits restores every prefix of a prompt where there is more room, and goes on from there
// as the cache does that the prefix is saved of.
func TestRestoredPositionsGiveTheSameLogits(t *testing.T) {
	small := Config{Hidden: 160, Intermediate: 320, Layers: 3, Heads: 2, RotaryDims: 32, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5}
	for _, form := range []tensor.Form{tensor.F32, tensor.BF16, tensor.Q8, tensor.Q4} {
		d := decoderOf(t, small, form)
		x := d.Embed([]int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 77, 10, 87, 97, 184, 281, 165, 146, 11, 157, 168, 25, 193, 218, 111, 29, 140, 169, 9, 178, 187, 65, 252, 17, 269})
		logits := func(c *KV, from int) []float32 {
			hidden, err := d.Forward(t.Context(), tensor.Rows(x, from, x.Rows), c)
			if err != nil {
				t.Fatal(err)
			}
			l := make([]float32, d.Vocab)
			d.Logits(l, hidden)
			return l
		}
		whole := d.NewKV(x.Rows)
		if _, err := d.Forward(t.Context(), x, whole); err != nil {
			t.Fatal(err)
		}
		restored := d.NewKV(x.Rows + 30)
		for n := range x.Rows {
			var b bytes.Buffer
			if err := whole.Save(&b, n); err != nil || int64(b.Len()) != whole.SavedBytes(n) {
				t.Fatalf("%d bytes, want %d, %v", b.Len(), whole.SavedBytes(n), err)
			}
			if err := restored.Restore(b.Bytes(), n); err != nil || restored.Len() != n {
				t.Fatalf("%d positions: %d, %v", n, restored.Len(), err)
			}
			kept := d.NewKV(x.Rows)
			if _, err := d.Forward(t.Context(), x, kept); err != nil {
				t.Fatal(err)
			}
			kept.Truncate(n)
			if want, got := logits(kept, n), logits(restored, n); !slices.Equal(want, got) {
				t.Fatalf("%s, %d positions restored: other logits", form, n)
			}
		}
	}
}

func TestRestoreOfAnother(t *testing.T) {
	c := reference.Cases(t, "../testdata")[0]
	d := load(t, c)
	x := d.Embed([]int{1, 2, 3, 4, 5})
	kv := d.NewKV(8)
	if _, err := d.Forward(t.Context(), x, kv); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := kv.Save(&b, 4); err != nil {
		t.Fatal(err)
	}
	good := b.Bytes()
	other := bytes.Clone(good)
	copy(other, "5")
	for what, r := range map[string]struct {
		data []byte
		n    int
	}{"another number": {good, 3}, "cut short": {good[:len(good)-1], 4}, "nothing": {nil, 4}, "too many": {good, 9}, "negative": {good, -1}, "another header": {other, 4}} {
		if err := kv.Restore(r.data, r.n); err == nil || kv.Len() != 0 {
			t.Errorf("%s: %v, %d positions", what, err, kv.Len())
		}
	}
	if err := kv.Restore(good, 4); err != nil || kv.Len() != 4 {
		t.Errorf("%v, %d positions", err, kv.Len())
	}
}

// BenchmarkRestore is of 730 positions of the published shape, from the folder of a cache.
func BenchmarkRestore(b *testing.B) {
	kept, err := cache.Open(b.TempDir(), 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	c := &KV{}
	const layers, n = 32, 730
	p := tensor.NewPool(2)
	defer p.Close()
	for range layers {
		kv := tensor.NewKV(tensor.BF16, 32, 80, n+300)
		x := tensor.New(n, 2560)
		tensor.Attend(p, tensor.New(1, 2560), tensor.New(1, 2560), x, x, kv, false)
		c.layers = append(c.layers, kv)
	}
	name := [32]byte{1}
	if err := kept.StorePrompt(name, c.SavedBytes(n), func(w io.Writer) error { return c.Save(w, n) }); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(c.SavedBytes(n))
	for b.Loop() {
		m, ok := kept.Prompt(name)
		if !ok {
			b.Fatal("no prompt")
		}
		if err := errors.Join(c.Restore(m.Data, n), m.Close()); err != nil {
			b.Fatal(err)
		}
	}
}
