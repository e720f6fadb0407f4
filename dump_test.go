package mcllava

import (
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/safetensors"
	"github.com/mcllava/mcllava/internal/tensor"
)

// counting is a matrix [rows, cols] whose values are 0, 1, 2…, and these values.
func counting(rows, cols int) (blas32.General, []float32) {
	m, values := tensor.New(rows, cols), make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(i)
		tensor.Row(m, i/cols)[i%cols] = float32(i)
	}
	return m, values
}

func TestDumpOfRowsThatAreApart(t *testing.T) {
	c := encoder.Config{ImageSize: 32} // 3·32·32 floats are whole pages
	pixels, pixelValues := counting(3, c.Pixels())
	features, featureValues := counting(5, 1024)
	projected, projectedValues := counting(5, 2048)
	s := &Dump{}
	centres, centreValues := counting(3, 2)
	s.keepCrops(tensor.Rows(centres, 0, 2), tensor.Rows(pixels, 0, 2), c, 3)
	s.keepCrops(tensor.Rows(centres, 2, 3), tensor.Rows(pixels, 2, 3), c, 3)
	s.keepFeatures(features, projected)
	path := filepath.Join(t.TempDir(), "stages.safetensors")
	if err := s.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	dump, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = dump.Close() }()
	for name, want := range map[string][]float32{"coords": centreValues, "pixel_values": pixelValues, "image_features": featureValues, "projected": projectedValues} {
		held, ok := dump.Tensor(name)
		if !ok {
			t.Errorf("%s is missing", name)
			continue
		}
		got := make([]float32, len(want))
		if err := held.Float32s(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s holds other values", name)
		}
	}
}
