package llm

import (
	"fmt"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/tensor"
)

// TestPrefillHasTheLogitsOfEveryRow compares a Prefill, whose last layer computes one row, with a Forward, which computes all: the
// logits, what they look at, and the logits of a token that follows, which reads the keys and values that were left.
func TestPrefillHasTheLogitsOfEveryRow(t *testing.T) {
	configs := []Config{
		{Hidden: 160, Intermediate: 320, Layers: 3, Heads: 2, RotaryDims: 32, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
		{Hidden: 51, Intermediate: 60, Layers: 1, Heads: 3, RotaryDims: 6, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
		{Hidden: 80, Intermediate: 64, Layers: 2, Heads: 2, RotaryDims: 8, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
	}
	for _, c := range configs {
		for _, form := range []tensor.Form{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8, tensor.Q4} {
			d := decoderOf(t, c, form)
			for _, reused := range []int{0, 5} {
				for _, rows := range []int{1, 2, 17, 57} {
					t.Run(fmt.Sprintf("%d wide, %s, %d rows after %d", c.Hidden, form, rows, reused), func(t *testing.T) {
						testLastRow(t, d, form, reused, rows)
					})
				}
			}
		}
	}
}

func testLastRow(t *testing.T, d *Decoder, form tensor.Form, reused, rows int) {
	t.Helper()
	ids := make([]int, reused+rows)
	for i := range ids {
		ids[i] = (7*i*i + 3*i + 11) % d.Vocab
	}
	before, x := d.Embed(ids[:reused]), d.Embed(ids[reused:])
	watch := func() *Attention {
		return &Attention{Layers: [2]int{0, d.Layers}, Positions: [2]int{0, reused + rows}}
	}
	begin := func(a *Attention) *KV {
		kv := d.NewKV(reused + rows + 1)
		if _, err := d.Forward(t.Context(), before, kv); err != nil {
			t.Fatal(err)
		}
		kv.Watch(a)
		return kv
	}
	after := func(hidden blas32.General) []float32 {
		logits := make([]float32, d.Vocab)
		d.Logits(logits, hidden)
		return logits
	}

	all, one := watch(), watch()
	kvAll, kvOne := begin(all), begin(one)
	hidden, err := d.Forward(t.Context(), x, kvAll)
	if err != nil {
		t.Fatal(err)
	}
	want := after(hidden)
	got, err := d.Prefill(t.Context(), x, kvOne, nil)
	if err != nil {
		t.Fatal(err)
	}
	sameLogits(t, "logits", form, got, want)
	if len(one.Rows) != 1 || len(all.Rows) != rows {
		t.Fatalf("%d and %d rows watched, want 1 and %d", len(one.Rows), len(all.Rows), rows)
	}
	sameLogits(t, "what is looked at", form, one.Rows[0], all.Rows[rows-1])
	for _, kv := range []*KV{kvAll, kvOne} {
		kv.Watch(nil)
		hidden, err := d.Forward(t.Context(), d.Embed([]int{3}), kv)
		if err != nil {
			t.Fatal(err)
		}
		got, want = want, after(hidden)
	}
	sameLogits(t, "logits of the next token", form, want, got)
}

// sameLogits wants the same bits, but where gonum's product rounds by the address of its operands.
func sameLogits(t *testing.T, what string, form tensor.Form, got, want []float32) {
	t.Helper()
	if tier, _ := tensor.ActiveTier(); tier == tensor.Generic && form == tensor.F32 {
		reference.Check(t, what, row(got), row(want), stageTolerance)
		return
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: other bits than with every row", what)
	}
}

// TestTheLastLayerLeavesOtherRows wants nothing computed of rows that nobody asks for.
func TestTheLastLayerLeavesOtherRows(t *testing.T) {
	const rows, wanted = 9, 2
	d := decoderOf(t, Config{Hidden: 80, Intermediate: 64, Layers: 1, Heads: 2, RotaryDims: 8, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5}, tensor.F16)
	s, x := newState(d.Config, rows), d.Embed(oddIDs[:rows])
	tensor.Copy(s.x, x)
	kv := d.NewKV(rows)
	d.layers[0].forward(d.pool, s, wanted, d.rotary, kv.layers[0])
	for i := range rows {
		same := slices.Equal(tensor.Row(s.x, i), tensor.Row(x, i))
		var computed bool
		for _, m := range []blas32.General{s.q, s.a, s.mlp} {
			computed = computed || slices.ContainsFunc(tensor.Row(m, i), func(v float32) bool { return v != 0 })
		}
		if want := i >= rows-wanted; computed != want || same == want {
			t.Errorf("row %d: computed %v, residual stream as it was %v", i, computed, same)
		}
	}
	if kv.Len() != rows {
		t.Errorf("%d positions of keys and values, want %d", kv.Len(), rows)
	}
}
