package tensor

import (
	"math"
	"testing"
)

func TestRandomWeight(t *testing.T) {
	const out, in, deviation = 2*panelWidth + 5, 300, 0.02
	p := NewPool(2)
	defer p.Close()
	identity := New(in, in)
	for i := range in {
		Row(identity, i)[i] = 1
	}
	onEachTier(t, func(t *testing.T) {
		for f := range formCount {
			w := RandomWeight(p, f, out, in, deviation)
			if o, i := w.Shape(); o != out || i != in || w.Form() != f {
				t.Fatalf("[%d, %d] in %s, want [%d, %d] in %s", o, i, w.Form(), out, in, f)
			}
			values := New(in, out)
			w.Apply(p, values, identity, Epilogue{})
			var sum, squares float64
			for i := range in {
				for o, v := range Row(values, i) {
					sum += float64(v)
					squares += float64(v) * float64(v)
					if again := Row(values, i)[o%panelWidth]; v != again {
						t.Fatalf("%s: output %d is %v at input %d, output %d %v", f, o, v, i, o%panelWidth, again)
					}
				}
			}
			mean, got := sum/(in*out), math.Sqrt(squares/(in*out))
			if !(math.Abs(mean) < deviation/20 && math.Abs(got-deviation) < deviation/10) {
				t.Errorf("%s: mean %v and deviation %v, want 0 and %v", f, mean, got, deviation)
			}
		}
	})
}
