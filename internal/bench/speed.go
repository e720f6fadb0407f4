package bench

import (
	"context"
	"sort"
	"time"

	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// Speed measures in a few seconds how fast this machine runs a model: two layers of the tower and of the decoder on made-up
// weights, with fewer crops and tokens where a whole crop would take too long. Of several passes the best counts, since a program that
// takes turns on the cores now may have ended when the model runs.
func Speed(ctx context.Context, s estimate.Shape, f weights.Forms, threads int) (estimate.Speed, error) {
	const (
		layers    = 2
		probe     = 4   // positions
		positions = 256 // of a prefill
		tokens    = 8
		room      = 500 * time.Millisecond // of each part
	)
	p := tensor.NewPool(threads)
	defer p.Close()
	speed := estimate.Speed{Pixels: max(pixelRate(p, s.Vision.ImageSize), pixelRate(p, s.Vision.ImageSize))}
	reduced := few(s, layers, layers)
	m := newModel(p, reduced, f, 0)
	most := min(positions, s.Text.Context-tokens)
	kv := m.decoder.NewKV(most + tokens)

	_, took, err := m.prefill(ctx, m.prompt(min(probe, most)), kv)
	if err != nil {
		return speed, err
	}
	budget := estimate.PrefillFLOP(reduced.Text, min(probe, most)) / took.Seconds() * room.Seconds()
	prompt := largest(most, budget, func(n int) float64 { return estimate.PrefillFLOP(reduced.Text, n) })
	var logits []float32
	speed.Prefill, err = fastest(room, func() (work float64, took time.Duration, err error) {
		logits, took, err = m.prefill(ctx, m.prompt(prompt), kv)
		return estimate.PrefillFLOP(reduced.Text, prompt), took, err
	})
	if err != nil {
		return speed, err
	}
	speed.Decode, err = fastest(room, func() (work float64, took time.Duration, err error) {
		n, took, err := m.decode(ctx, logits, kv, tokens, room)
		return m.tokensBytes(prompt, n), took, err
	})
	if err != nil {
		return speed, err
	}

	withSide := func(n int) estimate.Shape {
		smaller := reduced
		smaller.Vision.ImageSize = n * smaller.Vision.PatchSize
		return smaller
	}
	cost := func(s estimate.Shape, crops int) float64 {
		w := workOf(s.Vision, crops)
		return w.layers + w.patches + w.projector
	}
	crops := largest(s.Vision.Batch(), budget, func(n int) float64 { return cost(reduced, n) })
	if cost(reduced, crops) > budget {
		reduced = withSide(max(2, largest(s.Vision.Side(), budget, func(n int) float64 { return cost(withSide(n), 1) })))
	}
	reduced.Text.Layers = 1 // it is not used any more
	m = newModel(p, reduced, f, crops)
	return m.encodeSpeed(ctx, speed, room)
}

// encodeSpeed adds the speeds of the tower's layers and of the projector.
func (m *model) encodeSpeed(ctx context.Context, speed estimate.Speed, room time.Duration) (estimate.Speed, error) {
	w := workOf(m.shape.Vision, len(m.keep))
	var err error
	speed.Project, err = fastest(room/2, func() (float64, time.Duration, error) { return w.projector, m.project(), ctx.Err() })
	if err != nil {
		return speed, err
	}
	speed.Encode, err = fastest(room, func() (float64, time.Duration, error) {
		took, err := m.encode(ctx)
		return w.layers, w.layersIn(took, speed.Project), err
	})
	return speed, err
}

// fastest does work again and again for about the time given and returns the most of it that was done a second.
func fastest(room time.Duration, do turn) (float64, error) {
	best := 0.0
	for start := time.Now(); best == 0 || time.Since(start) < room; {
		work, took, err := do()
		if err != nil {
			return 0, err
		}
		best = max(best, work/took.Seconds())
	}
	return best, nil
}

// largest is the largest of 1…most whose cost, which grows, is within a budget; 1 if none is.
func largest(most int, budget float64, cost func(int) float64) int {
	return max(1, sort.Search(most, func(i int) bool { return cost(i+1) > budget }))
}
