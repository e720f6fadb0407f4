package llm

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/tensor"
)

// wantAttention is what each of the positions x [L, D] attends to, [L][to-from], by every probability of the layers, in float64. Keys
// and queries are rounded as the layers' form has them.
func wantAttention(d *Decoder, x blas32.General, form tensor.Form, layers, positions [2]int) [][]float64 {
	s, headDim := newState(d.Config, x.Rows), d.Hidden/d.Heads
	tensor.Copy(s.x, x)
	shares := make([][]float64, x.Rows)
	for i := range shares {
		shares[i] = make([]float64, positions[1]-positions[0])
	}
	kv := d.NewKV(x.Rows)
	for i := range layers[1] {
		d.layers[i].forward(d.pool, s, s.x.Rows, d.rotary, kv.layers[i])
		if i < layers[0] {
			continue
		}
		for row := range x.Rows {
			for h := range d.Heads {
				powers, sum := make([]float64, row+1), 0.0
				for key := range powers {
					dot := 0.0
					for j := h * headDim; j < (h+1)*headDim; j++ {
						dot += float64(rounded(tensor.Row(s.q, row)[j], form)) * float64(rounded(tensor.Row(s.k, key)[j], form))
					}
					powers[key] = math.Exp(dot / math.Sqrt(float64(headDim)))
					sum += powers[key]
				}
				for key := positions[0]; key < min(row+1, positions[1]); key++ {
					shares[row][key-positions[0]] += powers[key] / sum / float64(d.Heads*(layers[1]-layers[0]))
				}
			}
		}
	}
	return shares
}

// rounded is a value as keys and queries of a form have it: to the nearest bfloat16, to even where there are two.
func rounded(v float32, form tensor.Form) float32 {
	if tensor.KVForm(form) == tensor.F32 {
		return v
	}
	b := math.Float32bits(v)
	return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
}

func checkAttention(t *testing.T, what string, got [][]float32, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i, row := range want {
		for j, w := range row {
			if g := float64(got[i][j]); !(math.Abs(g-w) <= 2e-5*w+1e-12) {
				t.Fatalf("%s: row %d, position %d: %v, want %v", what, i, j, g, w)
			}
		}
	}
}

// oddIDs is a prompt and what follows it.
var oddIDs = []int{1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 77, 10, 87, 97, 184, 281, 165, 146, 11, 157, 168, 25, 193, 218, 111, 29, 140}

// TestAttentionIsWhatEveryProbabilityGives watches a prompt that is prefilled, decoded on, restored and scored.
func TestAttentionIsWhatEveryProbabilityGives(t *testing.T) {
	for _, c := range []Config{
		{Hidden: 160, Intermediate: 320, Layers: 3, Heads: 2, RotaryDims: 32, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
		{Hidden: 51, Intermediate: 60, Layers: 4, Heads: 3, RotaryDims: 6, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
		{Hidden: 40, Intermediate: 60, Layers: 1, Heads: 5, RotaryDims: 2, RopeTheta: 1e4, Context: 256, Vocab: 300, Eps: 1e-5},
	} {
		for _, form := range []tensor.Form{tensor.F32, tensor.BF16, tensor.Q8} {
			for _, layers := range [][2]int{c.MiddleLayers(), {0, c.Layers}} {
				testAttention(t, decoderOf(t, c, form), form, layers)
			}
		}
	}
}

func testAttention(t *testing.T, d *Decoder, form tensor.Form, layers [2]int) {
	t.Helper()
	const prompt = 20
	positions := [2]int{2, 17}
	x := d.Embed(oddIDs)
	watch := func() *Attention { return &Attention{Layers: layers, Positions: positions} }
	want := wantAttention(d, x, form, layers, positions)

	a, kv := watch(), d.NewKV(x.Rows)
	kv.Watch(a)
	logits, err := d.Prefill(t.Context(), tensor.Rows(x, 0, prompt), kv, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkAttention(t, "prefilled", a.Rows, want[prompt-1:prompt])
	if _, err := d.Score(t.Context(), logits, oddIDs[prompt:], kv); err != nil {
		t.Fatal(err)
	}
	checkAttention(t, "scored", a.Rows, want[prompt-1:len(want)-1])

	a = watch()
	kv.Watch(a)
	for i := prompt; i < len(oddIDs); i++ {
		if _, err := d.Forward(t.Context(), tensor.Rows(x, i, i+1), kv); err != nil {
			t.Fatal(err)
		}
	}
	checkAttention(t, "one by one", a.Rows, want[prompt:])

	a = watch()
	kv.Watch(nil)
	kv.Truncate(positions[1])
	kv.Watch(a)
	if _, err := d.Prefill(t.Context(), tensor.Rows(x, positions[1], prompt), kv, nil); err != nil {
		t.Fatal(err)
	}
	checkAttention(t, "on the prefix of another question", a.Rows, want[prompt-1:prompt])
}

// TestDecodingIsWatched holds the number of rows against what was predicted.
func TestDecodingIsWatched(t *testing.T) {
	c := reference.Cases(t, "../testdata")[0]
	d := load(t, c)
	x := merged(t, d, c)
	for _, most := range []int{1, 2, 6} {
		for _, stop := range []int{-1, c.Tokens[4], c.Tokens[0]} {
			kv, a := d.NewKV(x.Rows+most), &Attention{Layers: d.MiddleLayers(), Positions: [2]int{0, x.Rows}}
			kv.Watch(a)
			logits, err := d.Prefill(t.Context(), x, kv, nil)
			if err != nil {
				t.Fatal(err)
			}
			var ids []int
			for id, err := range d.Decode(t.Context(), logits, kv, NewSampler(0, 1, 0), stop, most) {
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, id)
			}
			predicted := len(ids)
			if len(ids) < most {
				predicted++ // the stop token
			}
			if len(a.Rows) != predicted {
				t.Errorf("at most %d tokens, stop %d: %d rows for %v", most, stop, len(a.Rows), ids)
			}
			sequence := tensor.New(x.Rows+len(ids), d.Hidden)
			tensor.Copy(sequence, x)
			tensor.Copy(tensor.Rows(sequence, x.Rows, sequence.Rows), d.Embed(ids))
			want := wantAttention(d, sequence, tensor.F32, a.Layers, a.Positions)
			checkAttention(t, "decoded", a.Rows, want[x.Rows-1:x.Rows-1+predicted])
		}
	}
}

func TestMiddleLayers(t *testing.T) {
	for layers, want := range map[int][2]int{1: {0, 1}, 2: {0, 1}, 3: {0, 2}, 4: {1, 3}, 32: {8, 24}} {
		if got := (Config{Layers: layers}).MiddleLayers(); got != want {
			t.Errorf("of %d layers %v, want %v", layers, got, want)
		}
	}
}

func TestWatchingEnds(t *testing.T) {
	d := load(t, reference.Cases(t, "../testdata")[0])
	kv, a := d.NewKV(4), &Attention{Layers: [2]int{0, 1}, Positions: [2]int{0, 1}}
	kv.Watch(a)
	for _, n := range []int{1, 1} {
		if _, err := d.Forward(t.Context(), d.Embed([]int{3}), kv); err != nil {
			t.Fatal(err)
		}
		kv.Watch(nil)
		if len(a.Rows) != n || slices.Max(a.Rows[0]) <= 0 {
			t.Errorf("%d rows %v, want %d", len(a.Rows), a.Rows, n)
		}
	}
}

// BenchmarkDecode is a token behind 760 others, in two layers of the published decoder, both watched or neither.
func BenchmarkDecode(b *testing.B) {
	c := Config{Hidden: 2560, Intermediate: 10240, Layers: 2, Heads: 32, RotaryDims: 32, RopeTheta: 1e4, Context: 2048, Vocab: 61, Eps: 1e-5}
	d := decoderOf(b, c, tensor.Q8)
	const prompt = 760
	kv, x := d.NewKV(prompt+1), d.Embed(make([]int, prompt))
	if _, err := d.Forward(b.Context(), x, kv); err != nil {
		b.Fatal(err)
	}
	for _, watch := range []*Attention{nil, {Layers: [2]int{0, 2}, Positions: [2]int{20, 748}}} {
		name := "plain"
		if watch != nil {
			name = "watched"
		}
		b.Run(name, func(b *testing.B) {
			kv.Watch(watch)
			for b.Loop() {
				if _, err := d.Forward(b.Context(), tensor.Rows(x, 0, 1), kv); err != nil {
					b.Fatal(err)
				}
				kv.Truncate(prompt)
				if watch != nil {
					watch.Rows = nil
				}
			}
		})
	}
}
