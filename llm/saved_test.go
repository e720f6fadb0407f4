package llm

import (
	"bytes"
	"slices"
	"testing"
	"unsafe"

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

// savedOf is a file of the first n positions, in memory that begins at a multiple of 64.
func savedOf(d *Decoder, kv *KV, n, capacity int) []byte {
	const alignment = 64
	b := make([]byte, d.SavedBytes(capacity)+alignment)
	b = b[-int(uintptr(unsafe.Pointer(unsafe.SliceData(b))))&(alignment-1):][:d.SavedBytes(capacity)]
	for at, part := range d.Saved(kv, n, capacity) {
		copy(b[at:], part)
	}
	return b
}

// TestMappedPositionsGiveTheSameLogits goes on from every prefix of a prompt as it was saved, in the same memory and copied to where
// there is more room, and wants the logits of going on from the prefix itself.
func TestMappedPositionsGiveTheSameLogits(t *testing.T) {
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
		for n := 1; n < x.Rows; n++ {
			mapped, err := d.Mapped(savedOf(d, whole, n, x.Rows+n%5), n)
			if err != nil || mapped.Len() != n || mapped.Cap() != x.Rows+n%5 {
				t.Fatalf("%d positions: %v", n, err)
			}
			copied := d.NewKV(x.Rows + 30)
			copied.Copy(mapped, n)
			kept := d.NewKV(x.Rows)
			if _, err := d.Forward(t.Context(), x, kept); err != nil {
				t.Fatal(err)
			}
			kept.Truncate(n)
			want := logits(kept, n)
			if !slices.Equal(want, logits(mapped, n)) || !slices.Equal(want, logits(copied, n)) {
				t.Fatalf("%s, %d positions: other logits", form, n)
			}
		}
	}
}

func TestMappedOfAnother(t *testing.T) {
	c := reference.Cases(t, "../testdata")[0]
	d := load(t, c)
	kv := d.NewKV(8)
	if _, err := d.Forward(t.Context(), d.Embed([]int{1, 2, 3, 4, 5}), kv); err != nil {
		t.Fatal(err)
	}
	good := savedOf(d, kv, 4, 6)
	changed := func(at int, to string) []byte {
		b := bytes.Clone(good)
		copy(b[at:], to)
		return b
	}
	for what, r := range map[string]struct {
		data []byte
		n    int
	}{
		"another number": {good, 3}, "cut short": {good[:len(good)-1], 4}, "nothing": {nil, 4}, "a header alone": {good[:128], 4}, "negative": {good, -1},
		"other positions": {changed(0, "5"), 4}, "no number": {changed(0, "x"), 4}, "room that there is not": {changed(15, "7"), 4}, "other layers": {changed(18, "9"), 4},
	} {
		if _, err := d.Mapped(r.data, r.n); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if kv, err := d.Mapped(good, 4); err != nil || kv.Len() != 4 || kv.Cap() != 6 {
		t.Error(err)
	}
}

// BenchmarkMapped is of 730 positions of the published shape, from the folder of a cache.
func BenchmarkMapped(b *testing.B) {
	kept, err := cache.Open(b.TempDir(), 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	d := decoderOf(b, Config{Hidden: 2560, Intermediate: 32, Layers: 4, Heads: 32, RotaryDims: 32, RopeTheta: 1e4, Context: 2048, Vocab: 300, Eps: 1e-5}, tensor.BF16)
	const n, room = 730, 1114
	kv := d.NewKV(n)
	if _, err := d.Forward(b.Context(), tensor.New(n, 2560), kv); err != nil {
		b.Fatal(err)
	}
	name := [32]byte{1}
	if err := kept.StorePrompt(name, d.SavedBytes(room), d.Saved(kv, n, room)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(d.Layers) * 2 * 2 * 2560 * n)
	for b.Loop() {
		m, ok := kept.Prompt(name)
		if !ok {
			b.Fatal("no prompt")
		}
		if _, err := d.Mapped(m.Data, n); err != nil {
			b.Fatal(err)
		}
		_ = m.Close()
	}
}
