package main

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// layers is how many are computed of each part: the first, which touches memory for the first time, one for all but it and the last,
// and the last, which computes fewer rows.
const layers = 3

// part is a part of the model that can be run again and again.
type part struct {
	name  string
	whole int     // layers that it has
	bytes float64 // that a run reads of memory, if that is what binds it
	run   func(context.Context) error
}

// parts are the model's on made-up weights: a batch of crops, a prompt of so many positions, and one token after it.
func parts(s estimate.Shape, p *tensor.Pool, f weights.Forms, positions int) []part {
	few := s
	few.Vision.Layers, few.Text.Layers = layers, layers
	w := weights.Of(weights.Synthetic{}, p, f)
	e, d := encoder.Load(few.Vision, w), llm.Load(few.Text, w)

	crops := few.Vision.Batch()
	pixels, centres, keep := tensor.New(crops, few.Vision.Pixels()), tensor.New(crops, 2), slices.Repeat([]int{few.Vision.Patches() - 1}, crops)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range pixels.Data {
		pixels.Data[i] = 2*r.Float32() - 1
	}
	kv := d.NewKV(positions + 1)
	ids := make([]int, positions)
	for i := range ids {
		ids[i] = i % few.Text.Vocab
	}
	prompt := d.Embed(ids)
	var logits []float32
	return []part{
		{"crops", s.Vision.Layers, 0, func(ctx context.Context) error {
			_, err := e.Encode(ctx, pixels, centres, keep)
			return err
		}},
		{"prompt", s.Text.Layers, 0, func(ctx context.Context) (err error) {
			kv.Truncate(0)
			logits, err = d.Prefill(ctx, prompt, kv, nil)
			return err
		}},
		{"token", s.Text.Layers, estimate.TokenBytes(s.Text, f.Text, positions+1), func(ctx context.Context) error {
			kv.Truncate(positions)
			const noStop = -1
			for _, err := range d.Decode(ctx, slices.Clone(logits), kv, llm.NewSampler(0, 1, 0), noStop, 2) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
	}
}

// recorder is a pool's Record or RecordAlone.
type recorder func(f func(sections func() int)) []tensor.Section

// record runs a part some times and returns the sections of all the layers that it has. Each task, each section and each stretch
// before one takes as long as it took when it was shortest, since other programs take turns on the cores.
func (p part) record(rounds int, record recorder) ([]tensor.Section, error) {
	var all []tensor.Section
	var begins []int // of the layers
	for n := range rounds {
		c := &layerContext{Context: context.Background()}
		var err error
		again := record(func(sections func() int) {
			c.sections = sections
			err = p.run(c)
		})
		switch {
		case err != nil:
			return nil, err
		case n == 0:
			all, begins = again, c.begins
		default:
			shortest(all, again)
		}
	}
	return repeated(all, begins, p.whole), nil
}

// repeated are the sections of so many layers, of which layer i begins with section begins[i] and those between the last two are like
// the one before the last.
func repeated(all []tensor.Section, begins []int, layers int) []tensor.Section {
	from, to := begins[len(begins)-2], begins[len(begins)-1]
	whole := slices.Clone(all[:to])
	for range layers - len(begins) {
		whole = append(whole, all[from:to]...)
	}
	return append(whole, all[to:]...)
}

// layerContext notes which section begins a layer: each layer asks the context first whether to go on.
type layerContext struct {
	context.Context
	sections func() int
	begins   []int
}

func (c *layerContext) Err() error {
	c.begins = append(c.begins, c.sections())
	return nil
}

func shortest(to, from []tensor.Section) {
	for i := range to {
		to[i].Before, to[i].Took = min(to[i].Before, from[i].Before), min(to[i].Took, from[i].Took)
		for j := range to[i].Tasks {
			to[i].Tasks[j] = min(to[i].Tasks[j], from[i].Tasks[j])
		}
	}
}
