package tensor

import (
	"math"
	"math/rand/v2"
)

// RandomWeight is a weight [out, in] to measure with: uniform random values of mean 0 and the deviation given. The first
// panelWidth outputs are repeated to the end, each time in memory of their own, so that making it costs little more than
// writing it.
func RandomWeight(p *Pool, f Form, out, in int, deviation float64) Weight {
	r := rand.New(rand.NewPCG(uint64(out), uint64(in)))
	first := New(panelWidth, in)
	limit := deviation * math.Sqrt(3)
	for i := range first.Data {
		first.Data[i] = float32(limit * (2*r.Float64() - 1))
	}
	read := func(o int, row []float32) { copy(row, Row(first, o%panelWidth)) }
	if active.tier == Generic && f == F32 {
		return NewWeight(p, f, out, in, read)
	}
	panel := pack(p, f, panelWidth, in, read)
	w := &packed{form: f, out: out, in: in, data: aligned(PackedBytes(f, out, in))}
	p.Run(panels(out), func(_, i int) { copy(w.panel(i), panel.data) })
	return w
}
