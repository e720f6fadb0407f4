package mcllava

import (
	"slices"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Dump holds what passed between the parts of one question, under the names that the published implementation's runs are
// recorded by. Comparing them one after the other finds the first part in which two implementations differ.
type Dump struct {
	tensors []safetensors.Tensor
	centres []float32
	pixels  []float32
}

// dumpedCrops is the most crops whose pixels are kept.
const dumpedCrops = 8

// WriteFile writes the dump as safetensors: coords [M, 2], pixel_values [M, 3, S, S] if there are at most 8 crops,
// image_features [N, Dv], projected [N, D], prefill_logits_last [V], all F32, and greedy_tokens, I64: the answer's.
func (d *Dump) WriteFile(path string) error {
	return safetensors.WriteFile(path, d.tensors, nil)
}

func (d *Dump) keep(name string, m blas32.General) {
	if d != nil {
		d.tensors = append(d.tensors, safetensors.FromFloat32(name, []int{m.Rows, m.Cols}, tensor.Values(m)))
	}
}

// keepCrops takes the centres [B, 2] and pixels [B, 3·S·S] of the next crops of a picture that has some number of them.
func (d *Dump) keepCrops(centres, pixels blas32.General, c encoder.Config, crops int) {
	if d == nil {
		return
	}
	d.centres = append(d.centres, tensor.Values(centres)...)
	if len(d.centres) == 2*crops {
		d.tensors = append(d.tensors, safetensors.FromFloat32("coords", []int{crops, 2}, d.centres))
	}
	if crops > dumpedCrops {
		return
	}
	d.pixels = append(d.pixels, tensor.Values(pixels)...)
	if len(d.pixels) == crops*c.Pixels() {
		d.tensors = append(d.tensors, safetensors.FromFloat32("pixel_values", []int{crops, encoder.Channels, c.ImageSize, c.ImageSize}, d.pixels))
	}
}

func (d *Dump) keepFeatures(features, projected blas32.General) {
	d.keep("image_features", features)
	d.keep("projected", projected)
}

func (d *Dump) keepLogits(logits []float32) {
	if d != nil {
		d.tensors = append(d.tensors, safetensors.FromFloat32("prefill_logits_last", []int{len(logits)}, slices.Clone(logits)))
	}
}

func (d *Dump) keepTokens(ids []int) {
	if d == nil {
		return
	}
	wide := make([]int64, len(ids))
	for i, id := range ids {
		wide[i] = int64(id)
	}
	d.tensors = append(d.tensors, safetensors.FromInt64("greedy_tokens", []int{len(ids)}, wide))
}
