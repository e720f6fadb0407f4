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
// weights, with fewer tokens where a whole crop would take too long.
func Speed(ctx context.Context, s estimate.Shape, f weights.Precision, threads int) (estimate.Speed, error) {
	const (
		layers    = 2
		vocab     = 4096
		probe     = 16  // positions
		positions = 256 // of a prefill
		tokens    = 8
		room      = 500 * time.Millisecond
	)
	p := tensor.NewPool(threads)
	defer p.Close()
	speed := estimate.Speed{Pixels: pixelRate(s.Vision.ImageSize)}
	m := newModel(p, few(s, layers, layers, vocab), f)
	most := min(positions, s.Text.Context-tokens)
	cache := m.decoder.NewCache(most + tokens)

	_, took, err := m.prefill(ctx, m.prompt(min(probe, most)), cache)
	if err != nil {
		return speed, err
	}
	budget := estimate.PrefillFLOP(m.shape.Text, min(probe, most)) / took.Seconds() * room.Seconds()
	prompt := largest(most, budget, func(n int) float64 { return estimate.PrefillFLOP(m.shape.Text, n) })
	logits, took, err := m.prefill(ctx, m.prompt(prompt), cache)
	if err != nil {
		return speed, err
	}
	speed.Prefill = estimate.PrefillFLOP(m.shape.Text, prompt) / took.Seconds()

	n, took, err := m.decode(ctx, logits, cache, tokens, room)
	if err != nil {
		return speed, err
	}
	speed.Decode = m.tokensBytes(prompt, n) / took.Seconds()

	side := largest(s.Vision.Side(), budget, func(n int) float64 {
		smaller := m.shape.Vision
		smaller.ImageSize = n * smaller.PatchSize
		return estimate.CropFLOP(smaller, smaller.Patches())
	})
	if side < s.Vision.Side() {
		smaller := m.shape
		smaller.Vision.ImageSize = max(2, side) * smaller.Vision.PatchSize
		smaller.Text.Layers = 1
		m = newModel(p, smaller, f)
	}
	for range 2 { // the first touches memory for the first time
		if took, err = m.encode(ctx); err != nil {
			return speed, err
		}
	}
	speed.Encode = m.encodeFLOP() / took.Seconds()
	return speed, nil
}

// largest is the largest of 1…most whose cost, which grows, is within a budget; 1 if none is.
func largest(most int, budget float64, cost func(int) float64) int {
	return max(1, sort.Search(most, func(i int) bool { return cost(i+1) > budget }))
}
