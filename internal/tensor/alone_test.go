package tensor

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRowsAloneInEveryForm: a row gives the same bits alone, among a few and among many.
func TestRowsAloneInEveryForm(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(25, 26))
		p := NewPool(1)
		defer p.Close()
		for f := range formCount {
			if active.tier == Generic && f == F32 {
				continue // that is gonum's
			}
			for _, in := range []int{1, 7, 130, 257, 645, 1100} {
				const rows, out = 59, 50
				x, w := random(r, rows, in), random(r, out, in)
				l := &Linear{Weight: NewWeight(p, f, out, in, func(o int, row []float32) { copy(row, Row(w, o)) }), Bias: random(r, 1, out).Data}
				all := New(rows, out)
				l.Apply(p, all, x)
				for n := 1; n <= 30; n++ {
					first := r.IntN(rows - n)
					some := New(n, out)
					l.Apply(p, some, Rows(x, first, first+n))
					if !slices.Equal(Values(some), Values(Rows(all, first, first+n))) {
						t.Fatalf("%s, %d inputs: %d rows give other bits than among %d", f, in, n, rows)
					}
				}
			}
		}
	})
}
