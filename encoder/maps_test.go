package encoder

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/demo"
	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// encoderOf is an encoder of made-up weights in a form.
func encoderOf(t testing.TB, c Config, vision tensor.Form, threads int) *Encoder {
	t.Helper()
	p := tensor.NewPool(threads)
	t.Cleanup(p.Close)
	w := weights.Of(weights.Synthetic{}, p, weights.Forms{Vision: vision, Text: vision})
	e := Load(c, w)
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

// noise is crops of random pixels, and their centres.
func noise(c Config, crops int) (pixels, centres blas32.General) {
	r := rand.New(rand.NewPCG(uint64(c.ImageSize), uint64(crops)))
	pixels, centres = tensor.New(crops, c.Pixels()), tensor.New(crops, 2)
	for _, m := range []blas32.General{pixels, centres} {
		for i := range m.Data {
			m.Data[i] = 2*r.Float32() - 1
		}
	}
	return pixels, centres
}

// wantMap is the map of one crop, pixels [1, 3·S·S], with every probability of every layer kept, in float64. Keys and queries are
// rounded as the layers' form has them.
func wantMap(e *Encoder, pixels blas32.General, form tensor.Form) []float64 {
	t := &e.tower
	s := newState(t, 1)
	x := t.embed(s, pixels)
	total, shares := 0.0, make([]float64, t.Patches())
	for i := range t.layers {
		x = t.layers[i].forward(t.pool, s, x, []int{t.Patches()})
		if i < t.Layers/2 {
			continue
		}
		headDim := t.Hidden / t.Heads
		for row := t.Patches() - t.MapRows(); row < t.Patches(); row++ {
			for h := range t.Heads {
				powers, sum := make([]float64, t.Patches()), 0.0
				for key := range powers {
					dot := 0.0
					for d := h * headDim; d < (h+1)*headDim; d++ {
						dot += float64(rounded(tensor.Row(s.q, row)[d], form)) * float64(rounded(tensor.Row(s.k, key)[d], form))
					}
					powers[key] = math.Exp(dot / math.Sqrt(float64(headDim)))
					sum += powers[key]
				}
				for key, p := range powers {
					shares[key] += p / sum
					total += p / sum
				}
			}
		}
	}
	for i := range shares {
		shares[i] /= total
	}
	return shares
}

// rounded is a value as keys and queries of a form have it: to the nearest bfloat16, to even where there are two.
func rounded(v float32, form tensor.Form) float32 {
	if tensor.AttentionForm(form) == tensor.F32 {
		return v
	}
	b := math.Float32bits(v)
	return math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
}

func TestMapsAreWhatEveryProbabilityGives(t *testing.T) {
	for _, c := range []Config{
		{Hidden: 54, Intermediate: 70, Layers: 3, Heads: 3, ImageSize: 23, PatchSize: 4, Eps: 1e-6, Projected: 10},
		{Hidden: 80, Intermediate: 33, Layers: 4, Heads: 1, ImageSize: 40, PatchSize: 3, Eps: 1e-6, Projected: 10},
		{Hidden: 72, Intermediate: 48, Layers: 1, Heads: 2, ImageSize: 9, PatchSize: 4, Eps: 1e-6, Projected: 10},
		{Hidden: 160, Intermediate: 64, Layers: 5, Heads: 5, ImageSize: 36, PatchSize: 6, Eps: 1e-6, Projected: 10},
	} {
		for _, form := range []tensor.Form{tensor.F32, tensor.BF16, tensor.Q8} {
			t.Run(fmt.Sprintf("%d patches %s", c.Patches(), form), func(t *testing.T) {
				e := encoderOf(t, c, form, 2)
				pixels, centres := noise(c, 3)
				var of3 blas32.General
				for _, keep := range [][]int{{1, 1, 1}, {1, 2, 3}, {3, 1, c.Patches() - 1}, {c.Patches() - 1, c.Patches() - 1, c.Patches() - 1}} {
					plain, err := e.Encode(t.Context(), pixels, centres, keep)
					if err != nil {
						t.Fatal(err)
					}
					want := slices.Clone(tensor.Values(plain.Rows))
					f, maps, err := e.EncodeMapped(t.Context(), pixels, centres, keep)
					if err != nil {
						t.Fatal(err)
					}
					exact := func() bool { tier, _ := tensor.ActiveTier(); return tier != tensor.Generic }()
					if exact && !slices.Equal(tensor.Values(f.Rows), want) {
						t.Errorf("%v: crops that are mapped have other features", keep)
					}
					if of3.Rows > 0 && exact && !slices.Equal(of3.Data, maps.Data) {
						t.Errorf("%v: the map depends on the features kept", keep)
					}
					of3 = maps
				}
				for b := range 3 {
					sum := 0.0
					for i, want := range wantMap(e, tensor.Rows(pixels, b, b+1), form) {
						got := float64(tensor.Row(of3, b)[i])
						if sum += got; !(math.Abs(got-want) <= 1e-5*want) {
							t.Fatalf("crop %d, patch %d: %v, want %v", b, i, got, want)
						}
					}
					if !(math.Abs(sum-1) < 1e-6) {
						t.Errorf("crop %d: shares add up to %v", b, sum)
					}
					alone, err := func() (blas32.General, error) {
						_, m, err := e.EncodeMapped(t.Context(), tensor.Rows(pixels, b, b+1), tensor.Rows(centres, b, b+1), []int{2})
						return m, err
					}()
					if err != nil {
						t.Fatal(err)
					}
					for i, v := range alone.Data {
						if w := tensor.Row(of3, b)[i]; !(math.Abs(float64(v-w)) <= 1e-5*float64(w)) {
							t.Fatalf("crop %d alone, patch %d: %v, want %v", b, i, v, w)
						}
					}
				}
			})
		}
	}
}

// demoEncoder is the embedded checkpoint's.
func demoEncoder(t *testing.T, form tensor.Form) *Encoder {
	t.Helper()
	read := func(name string) []byte {
		data, err := fs.ReadFile(demo.Checkpoint(), name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var shape reference.Shape
	if err := json.Unmarshal(read("config.json"), &shape); err != nil {
		t.Fatal(err)
	}
	tensors, err := safetensors.Parse("model.safetensors", read("model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	p := tensor.NewPool(2)
	t.Cleanup(p.Close)
	v := shape.Vision
	w := weights.From(tensors, p, weights.Forms{Vision: form, Text: form})
	e := Load(Config{
		Hidden: v.Hidden, Intermediate: v.Intermediate, Layers: v.Layers, Heads: v.Heads,
		ImageSize: v.ImageSize, PatchSize: v.PatchSize, Eps: v.Eps, Projected: shape.Text.Hidden,
	}, w)
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestMapsOfTheDemo holds maps against every probability of weights that have learnt where to look.
func TestMapsOfTheDemo(t *testing.T) {
	for _, form := range []tensor.Form{tensor.F32, tensor.BF16, tensor.Q8, tensor.Q4} {
		e := demoEncoder(t, form)
		pixels, centres := noise(e.Config(), 2)
		_, maps, err := e.EncodeMapped(t.Context(), pixels, centres, []int{1, 5})
		if err != nil {
			t.Fatal(err)
		}
		for b := range 2 {
			want := wantMap(e, tensor.Rows(pixels, b, b+1), form)
			if least, most := slices.Min(want), slices.Max(want); most < 2*least {
				t.Errorf("%s: shares of %v to %v are no test", form, least, most)
			}
			for i, w := range want {
				if got := float64(tensor.Row(maps, b)[i]); !(math.Abs(got-w) <= 1e-5*w) {
					t.Fatalf("%s, crop %d, patch %d: %v, want %v", form, b, i, got, w)
				}
			}
		}
	}
}

// BenchmarkEncode is two layers of the published tower on one crop, with its map and without.
func BenchmarkEncode(b *testing.B) {
	c := Config{Hidden: 1152, Intermediate: 4304, Layers: 2, Heads: 16, ImageSize: 384, PatchSize: 14, Eps: 1e-6, Projected: 8}
	e := encoderOf(b, c, tensor.BF16, 0)
	pixels, centres := noise(c, 1)
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.Encode(b.Context(), pixels, centres, []int{7}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("mapped", func(b *testing.B) {
		for b.Loop() {
			if _, _, err := e.EncodeMapped(b.Context(), pixels, centres, []int{7}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
