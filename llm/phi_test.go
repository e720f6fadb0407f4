package llm

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// stageTolerance is the largest relative error of a stage computed in float32 in another order of summation.
const stageTolerance = 1e-5

// decisiveGap is the difference of first and second logit from which on both implementations must pick the same token.
const decisiveGap = 0.05

func load(t *testing.T, c reference.Case) *Decoder {
	t.Helper()
	s := c.Shape.Text
	p := tensor.NewPool(2)
	t.Cleanup(p.Close)
	w := weights.From(c.Open(t), p, weights.Forms{})
	d := Load(Config{
		Hidden: s.Hidden, Intermediate: s.Intermediate, Layers: s.Layers, Heads: s.Heads,
		RotaryDims: int(s.Rotary * float64(s.Hidden/s.Heads)), RopeTheta: s.Theta, Context: s.Context, Vocab: s.Vocab, Eps: s.Eps,
	}, w)
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return d
}

// merged is the recorded prompt with the recorded image tokens in the place of the image's.
func merged(t *testing.T, d *Decoder, c reference.Case) blas32.General {
	t.Helper()
	at := slices.Index(c.InputIDs, c.Shape.ImageToken)
	projected := c.Stage(t, "projected")
	x := tensor.New(len(c.InputIDs)-1+projected.Rows, d.Hidden)
	tensor.Copy(x, d.Embed(c.InputIDs[:at]))
	tensor.Copy(tensor.Rows(x, at, at+projected.Rows), projected)
	tensor.Copy(tensor.Rows(x, at+projected.Rows, x.Rows), d.Embed(c.InputIDs[at+1:]))
	reference.Check(t, "merged", x, c.Stage(t, "merged"), stageTolerance)
	return x
}

func row(v []float32) blas32.General {
	return blas32.General{Rows: 1, Cols: len(v), Stride: len(v), Data: v}
}

func TestStages(t *testing.T) {
	for _, c := range reference.Cases(t, "../testdata") {
		t.Run(c.Name, func(t *testing.T) {
			d := load(t, c)
			x := merged(t, d, c)
			kv := d.NewKV(x.Rows + len(c.Tokens))

			s := newState(d.Config, x.Rows)
			tensor.Copy(s.x, x)
			d.layers[0].forward(d.pool, s, s.x.Rows, d.rotary, d.NewKV(x.Rows).layers[0])
			reference.Check(t, "llm.layer0", s.x, c.Stage(t, "llm.layer0"), stageTolerance)

			hidden, err := d.Forward(t.Context(), x, kv)
			if err != nil {
				t.Fatal(err)
			}
			reference.Check(t, "llm.last", hidden, c.Stage(t, "llm.last"), stageTolerance)
			logits := make([]float32, d.Vocab)
			d.Logits(logits, hidden)
			reference.Check(t, "prefill_logits_last", row(logits), c.Stage(t, "prefill_logits_last"), stageTolerance)

			recorded := c.Stage(t, "greedy_logits")
			for i, want := range c.Tokens {
				reference.Check(t, "greedy_logits", row(logits), tensor.Rows(recorded, i, i+1), 10*stageTolerance)
				if got := argmax(logits); got != want && gap(tensor.Row(recorded, i)) > decisiveGap {
					t.Fatalf("token %d is %d, want %d", i, got, want)
				}
				hidden, err := d.Forward(t.Context(), d.Embed([]int{want}), kv)
				if err != nil {
					t.Fatal(err)
				}
				d.Logits(logits, hidden)
			}
		})
	}
}

func gap(logits []float32) float32 {
	sorted := slices.Sorted(slices.Values(logits))
	return sorted[len(sorted)-1] - sorted[len(sorted)-2]
}

func TestPrefillInPieces(t *testing.T) {
	c := reference.Cases(t, "../testdata")[1]
	d := load(t, c)
	x := merged(t, d, c)
	kv := d.NewKV(x.Rows)
	whole, err := d.Forward(t.Context(), x, kv)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1, 7, 32} {
		kv.Truncate(0)
		for first := 0; first < x.Rows; first += size {
			last := min(first+size, x.Rows)
			piece, err := d.Forward(t.Context(), tensor.Rows(x, first, last), kv)
			if err != nil {
				t.Fatal(err)
			}
			reference.Check(t, "llm.last in pieces", piece, tensor.Rows(whole, first, last), stageTolerance)
		}
	}
}

func TestNothingIsForwardedOfNothing(t *testing.T) {
	d := load(t, reference.Cases(t, "../testdata")[0])
	kv := d.NewKV(3)
	for range 2 { // the second time, a step has left its state
		hidden, err := d.Forward(t.Context(), d.Embed(nil), kv)
		if err != nil || hidden.Rows != 0 || kv.Len() != 0 {
			t.Fatalf("no positions: %d rows, %v, %d positions in kv", hidden.Rows, err, kv.Len())
		}
		if _, err := d.Forward(t.Context(), d.Embed([]int{1}), kv); err != nil {
			t.Fatal(err)
		}
		kv.Truncate(0)
	}
}

func TestDecodeStops(t *testing.T) {
	c := reference.Cases(t, "../testdata")[0]
	d := load(t, c)
	x := merged(t, d, c)
	decode := func(ctx context.Context, stop, most, room int) ([]int, error) {
		kv := d.NewKV(x.Rows + room)
		logits, err := d.Prefill(t.Context(), x, kv, nil)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int
		for id, err := range d.Decode(ctx, logits, kv, NewSampler(0, 1, 0), stop, most) {
			if err != nil {
				return ids, err
			}
			ids = append(ids, id)
		}
		return ids, nil
	}
	want := c.Tokens
	if got, err := decode(t.Context(), -1, 6, 5); err != nil || !slices.Equal(got, want[:6]) {
		t.Errorf("6 tokens: %v, %v, want %v", got, err, want[:6])
	}
	if got, err := decode(t.Context(), want[4], 20, 20); err != nil || !slices.Equal(got, want[:4]) {
		t.Errorf("up to the stop token: %v, %v, want %v", got, err, want[:4])
	}
	if got, err := decode(t.Context(), -1, 20, 3); err == nil || !strings.Contains(err.Error(), "do not fit") {
		t.Errorf("without room: %v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := decode(ctx, -1, 20, 20); !errors.Is(err, context.Canceled) || len(got) != 1 {
		t.Errorf("cancelled: %v, %v", got, err)
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	if tier, _ := tensor.ActiveTier(); tier == tensor.Generic {
		t.Skip("gonum's product allocates")
	}
	d := load(t, reference.Cases(t, "../testdata")[0])
	kv, x, logits := d.NewKV(40), d.Embed([]int{1}), make([]float32, d.Vocab)
	sampler := NewSampler(0, 1, 0)
	step := func() {
		hidden, err := d.Forward(t.Context(), x, kv)
		if err != nil {
			t.Fatal(err)
		}
		d.Logits(logits, hidden)
		d.embedding.Row(x.Data, sampler.Pick(logits))
	}
	step()
	if n := testing.AllocsPerRun(30, step); n != 0 {
		t.Errorf("a decoded token allocates %v times", n)
	}
}
