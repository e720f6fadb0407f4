package encoder

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// stageTolerance is the largest relative error of a stage computed in float32 in another order of summation.
const stageTolerance = 1e-5

func load(t *testing.T, c reference.Case) *Encoder {
	t.Helper()
	v := c.Shape.Vision
	p := tensor.NewPool(2)
	t.Cleanup(p.Close)
	w := weights.From(c.Open(t), p, weights.Forms{})
	e := Load(Config{
		Hidden: v.Hidden, Intermediate: v.Intermediate, Layers: v.Layers, Heads: v.Heads,
		ImageSize: v.ImageSize, PatchSize: v.PatchSize, Eps: v.Eps, Projected: c.Shape.Text.Hidden,
	}, w)
	if err := w.Err(); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestStages(t *testing.T) {
	for _, c := range reference.Cases(t, "../testdata") {
		t.Run(c.Name, func(t *testing.T) {
			e := load(t, c)
			centres := c.Stage(t, "coords")
			reference.Check(t, "coord_embed", e.coordinates.embed(centres), c.Stage(t, "coord_embed"), stageTolerance)
			if c.Has("pixel_values") {
				checkTower(t, e, c)
				pixels := c.Pixels(t)
				features, err := e.Encode(t.Context(), pixels, centres, c.Keep(e.tower.Patches()))
				if err != nil {
					t.Fatal(err)
				}
				reference.Check(t, "image_features", features.Rows, c.Stage(t, "image_features"), stageTolerance)
			}
			reference.Check(t, "projected", e.Project(c.Stage(t, "image_features")), c.Stage(t, "projected"), stageTolerance)
		})
	}
}

// checkTower compares the stages of the first crop, layer by layer with every row kept.
func checkTower(t *testing.T, e *Encoder, c reference.Case) {
	t.Helper()
	tower := &e.tower
	s := newState(tower, 1)
	x := tower.embed(s, tensor.Rows(c.Pixels(t), 0, 1))
	reference.Check(t, "vision.embeddings", x, c.Stage(t, "vision.embeddings"), stageTolerance)
	for i := range tower.layers {
		x = tower.layers[i].forward(tower.pool, s, x, []int{tower.Patches()})
		if i == 0 {
			reference.Check(t, "vision.layer0", x, c.Stage(t, "vision.layer0"), stageTolerance)
		}
	}
	reference.Check(t, "vision.last", x, c.Stage(t, "vision.last"), stageTolerance)
}

func TestCropsDoNotDependOnTheirBatch(t *testing.T) {
	for _, c := range reference.Cases(t, "../testdata") {
		if !c.Has("pixel_values") || c.Crops == 1 {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			e := load(t, c)
			pixels, centres, keep := c.Pixels(t), c.Stage(t, "coords"), c.Keep(e.tower.Patches())
			together, err := e.Encode(t.Context(), pixels, centres, keep)
			if err != nil {
				t.Fatal(err)
			}
			var alone []float32
			for b := range c.Crops {
				f, err := e.Encode(t.Context(), tensor.Rows(pixels, b, b+1), tensor.Rows(centres, b, b+1), keep[b:b+1])
				if err != nil {
					t.Fatal(err)
				}
				alone = append(alone, tensor.Values(f.Rows)...)
			}
			all := together.Rows
			one := blas32.General{Rows: all.Rows, Cols: all.Cols, Stride: all.Cols, Data: alone}
			reference.Check(t, "crops one by one", one, all, stageTolerance)
			// gonum's product, the generic tier, rounds by the address of its operands.
			if tier, _ := tensor.ActiveTier(); tier != tensor.Generic && !slices.Equal(alone, tensor.Values(all)) {
				t.Error("crops encoded one by one give other bits than together")
			}
		})
	}
}

// TestMoreThreadsThanCores encodes crops on 16 threads, which few cores must share, to the bits that one thread gives.
func TestMoreThreadsThanCores(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	c := Config{Hidden: 72, Intermediate: 150, Layers: 3, Heads: 4, ImageSize: 113, PatchSize: 7, Eps: 1e-6, Projected: 64}
	pixels, centres := noise(c, 2)
	keep := []int{c.Patches() - 1, 5}
	for _, form := range []tensor.Form{tensor.BF16, tensor.Q8} {
		want, err := encoderOf(t, c, form, 1).Encode(t.Context(), pixels, centres, keep)
		if err != nil {
			t.Fatal(err)
		}
		got, err := encoderOf(t, c, form, 16).Encode(t.Context(), pixels, centres, keep)
		if err != nil || !slices.Equal(tensor.Values(got.Rows), tensor.Values(want.Rows)) {
			t.Errorf("%s: 16 threads give other features than one, %v", form, err)
		}
	}
}

func TestEncodeStopsWithItsContext(t *testing.T) {
	c := reference.Cases(t, "../testdata")[0]
	e := load(t, c)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Encode(ctx, c.Pixels(t), blas32.General{Rows: 1, Cols: 2, Stride: 2, Data: []float32{.5, .5}}, []int{3}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}
