package encoder

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

// projector is Linear(Dv→D), GELU, Linear(D→D).
//
// Reference: transformers v4.39.3, src/transformers/models/llava/modeling_llava.py, LlavaMultiModalProjector.
type projector struct {
	pool   *tensor.Pool
	first  tensor.Linear // [D, Dv] linear_1
	second tensor.Linear // [D, D]  linear_2
}

func loadProjector(c Config, w *weights.Source) projector {
	return projector{w.Pool(), w.Linear("linear_1", c.Projected, c.Hidden), w.Linear("linear_2", c.Projected, c.Projected)}
}

func (p *projector) forward(features blas32.General) blas32.General {
	return twoLayers(p.pool, &p.first, &p.second, features)
}
