package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// wantAttended is softmax(q·Kᵀ/√headDim) in float64, summed over the heads, for one row that sees the first positions.
func wantAttended(q []float32, k blas32.General, heads, visible int) []float64 {
	sums, headDim := make([]float64, k.Rows), len(q)/heads
	for h := range heads {
		powers, sum := make([]float64, visible), 0.0
		for i := range powers {
			dot := 0.0
			for d := h * headDim; d < (h+1)*headDim; d++ {
				dot += float64(q[d]) * float64(Row(k, i)[d])
			}
			powers[i] = math.Exp(dot / math.Sqrt(float64(headDim)))
			sum += powers[i]
		}
		for i, e := range powers {
			sums[i] += e / sum
		}
	}
	return sums
}

func TestAddAttended(t *testing.T) {
	for _, form := range []Form{F32, BF16} {
		eachTier(t, func(t *testing.T) {
			touch()
			r := rand.New(rand.NewPCG(21, 22))
			for _, c := range []struct{ heads, headDim, rows, positions int }{
				{1, 1, 1, 1}, {2, 18, 16, 16}, {3, 5, 7, 33}, {2, 72, 57, 121}, {2, 80, 1, 130}, {1, 32, 64, 64}, {4, 40, 113, 115}, {3, 71, 3, 31},
			} {
				q, k := random(r, c.rows, c.heads*c.headDim), random(r, c.positions, c.heads*c.headDim)
				if form == BF16 {
					toBF16All(q, k)
				}
				for _, threads := range []int{1, 3} {
					for _, causal := range []bool{false, true} {
						for _, first := range []int{0, c.positions / 3} {
							n := max(0, c.positions-first-c.positions/4)
							p := NewPool(threads)
							kv, dst := NewKV(form, c.heads, c.headDim, c.positions+3), New(c.rows, n)
							kv.extend(p, k, k)
							for i := range dst.Data {
								dst.Data[i] = 1
							}
							AddAttended(p, dst, q, kv, first, causal)
							p.Close()
							for i := range c.rows {
								visible := c.positions
								if causal {
									visible = c.positions - c.rows + i + 1
								}
								for j, want := range wantAttended(Row(q, i), k, c.heads, visible)[first : first+n] {
									if got := float64(Row(dst, i)[j]) - 1; !(math.Abs(got-want) <= 2e-6*float64(c.heads)) {
										t.Fatalf("%s %+v, causal %v, from %d: row %d, position %d: %v, want %v", form, c, causal, first, i, j, got, want)
									}
								}
							}
						}
					}
				}
			}
		})
	}
}

func TestAttendedRowsDoNotDependOnEachOther(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(23, 24))
		const heads, headDim, rows = 2, 40, 60
		p := NewPool(2)
		defer p.Close()
		q, k := random(r, rows, heads*headDim), random(r, rows, heads*headDim)
		kv, all := NewKV(BF16, heads, headDim, rows), New(rows, rows)
		kv.extend(p, k, k)
		AddAttended(p, all, q, kv, 0, false)
		for _, n := range []int{1, 7, 59} {
			last := New(n, rows)
			AddAttended(p, last, Rows(q, rows-n, rows), kv, 0, false)
			if !slices.Equal(last.Data, Rows(all, rows-n, rows).Data) {
				t.Errorf("%d rows alone attend to other positions than among all", n)
			}
		}
	})
}

func TestAttendedRefusesWhatDoesNotFit(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	kv := NewKV(F32, 1, 4, 8)
	kv.extend(p, New(3, 4), New(3, 4))
	for what, attend := range map[string]func(){
		"positions": func() { AddAttended(p, New(1, 2), New(1, 4), kv, 2, false) },
		"rows":      func() { AddAttended(p, New(2, 2), New(1, 4), kv, 0, false) },
		"width":     func() { AddAttended(p, New(1, 2), New(1, 5), kv, 0, false) },
		"causal":    func() { AddAttended(p, New(4, 2), New(4, 4), kv, 0, true) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s that do not fit are attended to", what)
				}
			}()
			attend()
		}()
	}
}
