package llm

import (
	"math"
	"testing"
)

func TestGreedyTakesTheFirstLargest(t *testing.T) {
	if got := NewSampler(0, 1, 7).Pick([]float32{1, 3, -2, 3}); got != 1 {
		t.Errorf("picked %d, want 1", got)
	}
}

// draws counts what a sampler picks from the logits of the probabilities 0.5, 0.3, 0.15 and 0.05.
func draws(s *Sampler, n int) [4]float64 {
	logits := []float32{float32(math.Log(0.15)), float32(math.Log(0.5)), float32(math.Log(0.05)), float32(math.Log(0.3))}
	var share [4]float64
	for range n {
		share[s.Pick(logits)] += 1 / float64(n)
	}
	return share
}

func TestSamplerFollowsTheProbabilities(t *testing.T) {
	for _, c := range []struct {
		temperature, topP float64
		want              [4]float64
	}{
		{1, 1, [4]float64{0.15, 0.5, 0.05, 0.3}},
		{1, 0.8, [4]float64{0, 0.625, 0, 0.375}},
		{1, 0.81, [4]float64{0.15 / 0.95, 0.5 / 0.95, 0, 0.3 / 0.95}},
		{1, 0, [4]float64{0, 1, 0, 0}},
		{0.5, 1, [4]float64{0.0225 / 0.365, 0.25 / 0.365, 0.0025 / 0.365, 0.09 / 0.365}},
	} {
		got := draws(NewSampler(c.temperature, c.topP, 1), 20000)
		for i := range got {
			if !(math.Abs(got[i]-c.want[i]) <= 0.015) {
				t.Errorf("temperature %v, top-p %v: token %d has share %.3f, want %.3f", c.temperature, c.topP, i, got[i], c.want[i])
			}
		}
	}
}

func TestSeedRepeats(t *testing.T) {
	if a, b := draws(NewSampler(1, 1, 5), 50), draws(NewSampler(1, 1, 5), 50); a != b {
		t.Errorf("one seed draws %v and %v", a, b)
	}
	if a, b := draws(NewSampler(1, 1, 5), 500), draws(NewSampler(1, 1, 6), 500); a == b {
		t.Errorf("two seeds draw the same %v", a)
	}
}
