package bench

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Product is the speed of x·Wᵀ for x [rows, in] and W [out, in] in one form.
type Product struct {
	Rows      int     `json:"rows"`
	In        int     `json:"in"`
	Out       int     `json:"out"`
	Form      string  `json:"form"`
	FLOPS     float64 `json:"flop_per_second"`
	PeakFLOPS float64 `json:"peak_flop_per_second,omitempty"` // of the form's instruction, measured around it
	Share     float64 `json:"share_of_peak,omitempty"`
}

type shape struct{ rows, in, out int }

// productShapes are the products of the model's layers for one crop and for a prompt of so many positions.
func productShapes(m estimate.Shape, prompt int) []shape {
	v, t, tokens := m.Vision, m.Text, m.Vision.Patches()
	return []shape{
		{tokens, encoder.Channels * v.PatchSize * v.PatchSize, v.Hidden},
		{tokens, v.Hidden, v.Hidden},
		{tokens, v.Hidden, v.Intermediate},
		{tokens, v.Intermediate, v.Hidden},
		{prompt, t.Hidden, t.Hidden},
		{prompt, t.Hidden, t.Intermediate},
		{prompt, t.Intermediate, t.Hidden},
	}
}

// product measures one shape in one form, in rounds of at least the given time.
func (m *meter) product(ctx context.Context, s shape, f tensor.Form, rounds int, least time.Duration) (Product, error) {
	x, y := tensor.New(s.rows, s.in), tensor.New(s.rows, s.out)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range x.Data {
		x.Data[i] = float32(r.NormFloat64())
	}
	l := tensor.Linear{Weight: tensor.RandomWeight(m.pool, f, s.out, s.in, 0.02)}
	start := time.Now()
	l.Apply(m.pool, y, x)
	times := 1 + int(least/max(time.Since(start), time.Microsecond))
	flop := 2 * float64(s.rows) * float64(s.in) * float64(s.out)
	speed, _, err := between(ctx, turns{least: rounds}, m.arithmetic(f), func() (float64, time.Duration, error) {
		start := time.Now()
		for range times {
			l.Apply(m.pool, y, x)
		}
		return float64(times) * flop, time.Since(start), nil
	})
	return Product{s.rows, s.in, s.out, f.String(), speed.own, speed.peak, speed.share()}, err
}
