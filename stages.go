package mcllava

import (
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Stages holds what passed between the parts of one question, under the names that the published implementation's runs are
// recorded by. Comparing them one after the other finds the first part in which two implementations differ.
type Stages struct {
	tensors []safetensors.Tensor
	pixels  []float32
}

// dumpedCrops is the most crops whose pixels are kept.
const dumpedCrops = 8

// WriteFile writes the stages as safetensors: coords [M, 2], pixel_values [M, 3, S, S] if there are at most 8 crops,
// image_features [N, Dv], projected [N, D], prefill_logits_last [V], all F32, and greedy_tokens, I64: the answer's.
func (s *Stages) WriteFile(path string) error {
	return safetensors.WriteFile(path, s.tensors, nil)
}

func (s *Stages) keep(name string, m blas32.General) {
	if s != nil {
		s.tensors = append(s.tensors, safetensors.FromFloat32(name, []int{m.Rows, m.Cols}, tensor.Values(m)))
	}
}

func (s *Stages) keepCoordinates(centres blas32.General) { s.keep("coords", centres) }

func (s *Stages) keepPixels(pixels blas32.General, c encoder.Config, crops int) {
	if s == nil || crops > dumpedCrops {
		return
	}
	s.pixels = append(s.pixels, tensor.Values(pixels)...)
	if len(s.pixels) == crops*c.Pixels() {
		s.tensors = append(s.tensors, safetensors.FromFloat32("pixel_values", []int{crops, encoder.Channels, c.ImageSize, c.ImageSize}, s.pixels))
	}
}

func (s *Stages) keepFeatures(features, projected blas32.General) {
	s.keep("image_features", features)
	s.keep("projected", projected)
}

func (s *Stages) keepLogits(logits []float32) {
	if s != nil {
		s.tensors = append(s.tensors, safetensors.FromFloat32("prefill_logits_last", []int{len(logits)}, slices.Clone(logits)))
	}
}

func (s *Stages) keepTokens(ids []int) {
	if s == nil {
		return
	}
	wide := make([]int64, len(ids))
	for i, id := range ids {
		wide[i] = int64(id)
	}
	s.tensors = append(s.tensors, safetensors.FromInt64("greedy_tokens", []int{len(ids)}, wide))
}
