package tensor

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// wantAttention is softmax(q·Kᵀ/√headDim)·V for one row and head in float64, over the first visible positions.
func wantAttention(q []float32, k, v blas32.General, from, to, visible int) []float64 {
	weights, sum := make([]float64, visible), 0.0
	for i := range weights {
		dot := 0.0
		for d := from; d < to; d++ {
			dot += float64(q[d]) * float64(Row(k, i)[d])
		}
		weights[i] = math.Exp(dot / math.Sqrt(float64(to-from)))
		sum += weights[i]
	}
	out := make([]float64, to-from)
	for i, w := range weights {
		for d := range out {
			out[d] += w / sum * float64(Row(v, i)[from+d])
		}
	}
	return out
}

func TestAttend(t *testing.T) {
	for _, form := range []Form{F32, BF16} {
		t.Run(form.String(), func(t *testing.T) { eachTier(t, func(t *testing.T) { testAttend(t, form) }) })
	}
}

func testAttend(t *testing.T, form Form) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, c := range []struct{ heads, headDim, positions int }{{1, 1, 1}, {2, 18, 16}, {3, 5, 33}, {2, 72, 121}, {2, 80, 130}, {1, 32, 64}, {2, 40, 57}} {
		cols := c.heads * c.headDim
		q, k, v := random(r, c.positions, cols), random(r, c.positions, cols), random(r, c.positions, cols)
		tolerance := 1e-5
		if form == BF16 {
			tolerance = 1e-2
			toBF16All(q, k, v)
		}
		for _, causal := range []bool{false, true} {
			p := NewPool(2)
			kv := NewKV(form, c.heads, c.headDim, c.positions+7)
			got := New(c.positions, cols)
			Attend(p, got, q, k, v, kv, causal)
			step := 1
			if testing.Short() {
				step = 7
			}
			for i := 0; i < c.positions; i += step {
				visible := c.positions
				if causal {
					visible = i + 1
				}
				for h := range c.heads {
					want := wantAttention(Row(q, i), k, v, h*c.headDim, (h+1)*c.headDim, visible)
					for d, w := range want {
						if !near(Row(got, i)[h*c.headDim+d], w, tolerance, 1) {
							t.Fatalf("%+v, causal %v: row %d, head %d, [%d] = %v, want %v", c, causal, i, h, d, Row(got, i)[h*c.headDim+d], w)
						}
					}
				}
			}
			if causal {
				kv.Truncate(0)
				steps := New(c.positions, cols)
				for first := 0; first < c.positions; {
					last := min(first+1+r.IntN(20), c.positions)
					Attend(p, Rows(steps, first, last), Rows(q, first, last), Rows(k, first, last), Rows(v, first, last), kv, true)
					first = last
				}
				if !slices.Equal(got.Data, steps.Data) {
					t.Fatalf("%+v: attention in pieces gives other bits than at once", c)
				}
			}
			p.Close()
		}
	}
}

func TestAttendAtOddShapes(t *testing.T) {
	step, most := 2, 57 // odd numbers of rows and even ones in turns
	if testing.Short() {
		step, most = 13, 4
	}
	for form, tolerance := range map[Form]float64{F32: 1e-5, BF16: 1e-2} {
		t.Run(form.String(), func(t *testing.T) {
			eachTier(t, func(t *testing.T) {
				calls := countFolded(&active.products[form])
				r := rand.New(rand.NewPCG(19, 20))
				for i, headDim := range []int{8, 24, 40, 71, 72, 80} {
					for rows := 1 + i%2; rows <= 60; rows += step {
						testAttendRows(t, r, form, headDim, rows, rows+r.IntN(131-rows), tolerance)
					}
					testAttendRows(t, r, form, headDim, most, 729, tolerance)
				}
				if calls.Load() == 0 && active.products[form].folded != nil {
					t.Error("no folded panel was multiplied")
				}
			})
		})
	}
}

func countFolded(k *product) *atomic.Int64 {
	calls, folded := new(atomic.Int64), k.folded
	if folded != nil {
		k.folded = func(rows, n int, a []byte, lda int, b []byte, c []float32, ldc int) {
			calls.Add(1)
			folded(rows, n, a, lda, b, c, ldc)
		}
	}
	return calls
}

// testAttendRows compares the first, a middle and the last of some queries with what they should attend to.
func testAttendRows(t *testing.T, r *rand.Rand, form Form, headDim, rows, positions int, tolerance float64) {
	t.Helper()
	const heads = 2
	q, k, v := random(r, rows, heads*headDim), random(r, positions, heads*headDim), random(r, positions, heads*headDim)
	if form == BF16 {
		toBF16All(q, k, v)
	}
	p := NewPool(2)
	defer p.Close()
	for _, causal := range []bool{false, true} {
		kv, got := NewKV(form, heads, headDim, positions+r.IntN(9)), New(rows, heads*headDim)
		Attend(p, got, q, k, v, kv, causal)
		for _, i := range []int{0, rows / 2, rows - 1} {
			visible := positions
			if causal {
				visible = positions - rows + i + 1
			}
			for h := range heads {
				from, to := h*headDim, (h+1)*headDim
				for d, want := range wantAttention(Row(q, i), k, v, from, to, visible) {
					if got := Row(got, i)[from+d]; !near(got, want, tolerance, 1) {
						t.Fatalf("%d of %d rows, %d positions, head %d of %d, causal %v: [%d] = %v, want %v", i, rows, positions, h, headDim, causal, d, got, want)
					}
				}
			}
		}
	}
}

func toBF16All(matrices ...blas32.General) {
	for _, m := range matrices {
		for i, x := range m.Data {
			m.Data[i] = fromBF16(toBF16(x))
		}
	}
}

func TestWhatIsForgottenLeavesNoNaN(t *testing.T) {
	for _, form := range []Form{F32, BF16} {
		eachTier(t, func(t *testing.T) {
			p := NewPool(1)
			defer p.Close()
			for _, headDim := range []int{8, 16} {
				x, bad := New(8, headDim), New(8, headDim)
				for i := range bad.Data {
					bad.Data[i] = float32(math.NaN())
				}
				for kept := range 6 {
					for _, rows := range []int{1, 2, 3} {
						kv := NewKV(form, 1, headDim, 20)
						kv.extend(p, x, x)
						kv.Truncate(kept)
						kv.extend(p, bad, bad)
						kv.Truncate(kept)
						got := New(rows, headDim)
						Attend(p, got, Rows(x, 0, rows), Rows(x, 0, rows), Rows(x, 0, rows), kv, true)
						if !slices.Equal(got.Data, make([]float32, rows*headDim)) {
							t.Errorf("%s, %d rows of zeros after %d give %v", form, rows, kept, got.Data)
						}
					}
				}
			}
		})
	}
}

func TestAppendEqualsItsTwin(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(13, 14))
		p := NewPool(2)
		defer p.Close()
		for _, headDim := range []int{1, 5, 8, 18, 32, 40, 71, 72, 80} {
			for _, first := range []int{0, 1, 5, 16, 31, 33, 63, 64} {
				for _, rows := range []int{1, 2, 15, 16, 17, 50, 67, 130} {
					got, want := NewKV(BF16, 2, headDim, 201), NewKV(BF16, 2, headDim, 201)
					k, v := random(r, rows, 2*headDim), random(r, rows, 2*headDim)
					got.length = first
					got.extend(p, k, v)
					for h := range 2 {
						want.appendGo(h, first, columns(k, h*headDim, (h+1)*headDim), columns(v, h*headDim, (h+1)*headDim))
					}
					if !slices.Equal(got.keys, want.keys) || !slices.Equal(got.values, want.values) {
						t.Fatalf("head %d: %d rows at %d are appended otherwise than by the twin", headDim, rows, first)
					}
				}
			}
		}
	})
}

func TestPowersEqualTheirTwin(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(15, 16))
		k := &active.products[BF16]
		for n := 1; n < 200; n++ {
			scores := random(r, 1, n).Data
			for i := range scores {
				scores[i] = scores[i]*30 + 100
			}
			if n%5 == 0 {
				scores[n/2] = 1e6 // the others vanish
			}
			highest, sum := float64(slices.Max(scores)), 0.0
			want := make([]float64, n)
			for i, s := range scores {
				want[i] = math.Exp(0.25 * (float64(s) - highest))
				sum += want[i]
			}
			dst := slices.Repeat([]byte{0xcd}, k.x.bytes(n)+2)
			total := k.softmax(dst[:len(dst)-2], scores, 0.25)
			for i := range n {
				got := float64(0)
				if k.x == asHalves {
					got = float64(fromBF16(binary.LittleEndian.Uint16(dst[2*i:])))
				} else {
					got = float64(floats(dst)[i])
				}
				if !(math.Abs(got/float64(total)-want[i]/sum) <= want[i]/sum/250+1e-30) {
					t.Fatalf("%d scores: [%d] = %v of %v, want %v of %v", n, i, got, total, want[i], sum)
				}
			}
			if dst[len(dst)-1] != 0xcd || dst[len(dst)-2] != 0xcd {
				t.Fatalf("%d scores: written beyond their end", n)
			}
		}
	})
}

func TestScale(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(17, 18))
		for n := 1; n < 100; n++ {
			x := random(r, 1, n).Data
			got, want := slices.Repeat([]float32{7}, n+1), slices.Repeat([]float32{7}, n+1)
			active.scale(got[:n], x, 0.3)
			scaleGo(want[:n], x, 0.3)
			if !slices.Equal(got, want) {
				t.Fatalf("%d values are scaled to %v, want %v", n, got, want)
			}
		}
	})
}
