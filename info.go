package mcllava

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Info is what can be said of a checkpoint without running it.
type Info struct {
	Name         string   `json:"name"`
	Config       Config   `json:"config"`
	Parts        []Part   `json:"parts"`
	Parameters   int64    `json:"parameters"` // used by the model
	StorageTypes []string `json:"storage_types"`
	FileBytes    int64    `json:"file_bytes"`   // of all tensors
	MemoryBytes  int64    `json:"memory_bytes"` // of the weights once loaded
	Tier         string   `json:"cpu_tier"`     // the kernels in use
}

// Part is a part of the model and its number of parameters.
type Part struct {
	Name       string `json:"name"`
	Parameters int64  `json:"parameters"`
}

// parts are told apart by the prefixes of their tensors; a tensor belongs to the first that fits.
var parts = []struct{ name, prefix string }{
	{"vision tower", "vision_model.vision_tower."},
	{"coordinates", "vision_model.coord_embed."},
	{"projector", "multi_modal_projector."},
	{"decoder", "language_model."},
}

// Inspect reads the headers of a checkpoint, of the embedded one if the folder is "" or Demo.
func Inspect(folder string) (*Info, error) {
	c, err := ReadConfig(folder)
	if err != nil {
		return nil, err
	}
	_, name, err := checkpointFiles(folder)
	if err != nil {
		return nil, err
	}
	weights, err := openWeights(folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = weights.Close() }()
	tier, err := tensor.ActiveTier()
	if err != nil {
		return nil, err
	}
	i := &Info{Name: name, Config: c, Tier: string(tier)}
	for _, p := range parts {
		i.Parts = append(i.Parts, Part{Name: p.name})
	}
	types := map[string]bool{}
	for _, name := range weights.Names() {
		t, _ := weights.Tensor(name)
		i.FileBytes += int64(len(t.Data))
		at := slices.IndexFunc(parts, func(p struct{ name, prefix string }) bool { return strings.HasPrefix(name, p.prefix) })
		if at < 0 || unused(name) {
			continue
		}
		types[string(t.DType)] = true
		i.Parts[at].Parameters += int64(t.Elements())
		i.Parameters += int64(t.Elements())
	}
	const float32Bytes = 4
	i.StorageTypes, i.MemoryBytes = slices.Sorted(maps.Keys(types)), float32Bytes*i.Parameters
	return i, nil
}
