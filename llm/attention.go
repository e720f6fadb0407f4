package llm

import (
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Attention notes what the decoder looks at where it predicts a token: the last row of a Prefill predicts the first token of the
// answer, and the row of each token that is decoded or scored the one after it. See KV.Watch.
type Attention struct {
	Layers    [2]int // that have part in it, from ≤ i < to
	Positions [2]int // that are looked at, from ≤ i < to

	// Rows are what was predicted, in order: of each the share of the attention that each position has, [to-from], as a mean over
	// the layers and heads. What it leaves to 1 is on other positions.
	Rows [][]float32

	sums blas32.General // [rows, to-from] of the layers so far
}

// MiddleLayers are the layers whose attention tells best what an answer is about: neither the first quarter nor the last.
func (c Config) MiddleLayers() [2]int { return [2]int{c.Layers / 4, max(c.Layers/4+1, 3*c.Layers/4)} }

// see adds what the queries of a layer, [rows, D], attend to; they are of the last positions of kv.
func (a *Attention) see(p *tensor.Pool, q blas32.General, kv *tensor.KV, layer int) {
	if q.Rows == 0 || layer < a.Layers[0] || layer >= a.Layers[1] {
		return
	}
	if layer == a.Layers[0] {
		a.sums = tensor.New(q.Rows, a.Positions[1]-a.Positions[0])
	}
	tensor.AddAttended(p, a.sums, q, kv, a.Positions[0], true)
	if layer < a.Layers[1]-1 {
		return
	}
	heads := q.Cols / kv.HeadDim()
	for i := range q.Rows {
		row := tensor.Row(a.sums, i)
		for j := range row {
			row[j] /= float32(heads * (a.Layers[1] - a.Layers[0]))
		}
		a.Rows = append(a.Rows, row)
	}
}
