package llm

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampler picks a token from logits.
type Sampler struct {
	temperature, topP float64
	random            *rand.Rand
}

// NewSampler returns a sampler that takes the likeliest token if temperature is 0; otherwise logits are divided by the
// temperature, and one is drawn from the fewest likeliest tokens whose probabilities reach topP together (nucleus sampling,
// Holtzman et al. 2020). The same seed draws the same tokens.
func NewSampler(temperature, topP float64, seed uint64) *Sampler {
	return &Sampler{temperature, topP, rand.New(rand.NewPCG(seed, 0))}
}

// Pick returns the index of a token.
func (s *Sampler) Pick(logits []float32) int {
	best := argmax(logits)
	if s.temperature == 0 {
		return best
	}
	type candidate struct {
		id          int
		probability float64
	}
	candidates := make([]candidate, len(logits))
	sum := 0.0
	for id, v := range logits {
		p := math.Exp(float64(v-logits[best]) / s.temperature)
		candidates[id] = candidate{id, p}
		sum += p
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.probability, a.probability) })
	nucleus := 0.0
	for i, c := range candidates {
		nucleus += c.probability
		if nucleus >= s.topP*sum {
			candidates = candidates[:i+1]
			break
		}
	}
	left := s.random.Float64() * nucleus
	for _, c := range candidates {
		if left -= c.probability; left < 0 {
			return c.id
		}
	}
	return best
}

// argmax is the index of the largest value, the first of equals.
func argmax(v []float32) int {
	best := 0
	for i, x := range v {
		if x > v[best] {
			best = i
		}
	}
	return best
}
