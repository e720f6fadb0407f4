package tensor

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkRow measures each operation on rows in every tier, on one core, in nanoseconds an element.
func BenchmarkRow(b *testing.B) {
	const headDim, dims = 72, 32
	p := NewPool(1)
	defer p.Close()
	chosen := active
	defer func() { active = chosen }()
	for _, cols := range []int{1152, 4304} {
		const rows = 729
		r := rand.New(rand.NewPCG(1, 2))
		start, x, y := random(r, rows, cols), New(rows, cols), New(rows, cols)
		norm := LayerNorm{random(r, 1, cols).Data, random(r, 1, cols).Data, 1e-6}
		rotary := NewRotary(dims, 10000)
		for _, op := range []struct {
			name string
			run  func()
		}{
			{"GELUTanh", func() { GELUTanh(x.Data) }},
			{"GELUErf", func() { GELUErf(x.Data) }},
			{"Softmax", func() {
				for i := range rows {
					softmax(Row(x, i), 0.25)
				}
			}},
			{"LayerNorm", func() { norm.Apply(p, y, x) }},
			{"Rotary", func() { rotary.Apply(p, Rows(columns(x, 0, cols/headDim*headDim), 0, rows), headDim, 0) }},
			{"Add", func() { Add(y, x) }},
		} {
			for _, tier := range supported() {
				b.Run(fmt.Sprintf("%s/%dx%d/%s", op.name, rows, cols, tier.tier), func(b *testing.B) {
					active = tier
					for range b.N {
						b.StopTimer()
						Copy(x, start)
						b.StartTimer()
						op.run()
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows*cols), "ns/element")
				})
			}
		}
	}
}
