package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

// near says whether got is within tolerance of want, relative to want or to least where want is smaller.
func near(got float32, want, tolerance, least float64) bool {
	return math.Abs(float64(got)-want) <= tolerance*max(math.Abs(want), least)
}

func TestExp(t *testing.T) {
	for x := -87.3; x < 88.7; x += 0.00713 {
		if v := float32(x); !near(exp(float64(v)), math.Exp(float64(v)), 1.5e-7, 0) {
			t.Fatalf("exp(%v) = %v, want %v", v, exp(float64(v)), math.Exp(float64(v)))
		}
	}
	inf := math.Inf(1)
	for x, want := range map[float64]float32{0: 1, -inf: 0, -200: 0, inf: float32(inf), 200: float32(inf)} {
		if got := exp(x); got != want {
			t.Errorf("exp(%v) = %v, want %v", x, got, want)
		}
	}
	if got := exp(math.NaN()); got == got {
		t.Errorf("exp(NaN) = %v", got)
	}
}

func TestLayerNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := NewPool(2)
	defer p.Close()
	for _, cols := range []int{1, 2, 72, 1152, 2560} {
		x, n := random(r, 3, cols), LayerNorm{random(r, 1, cols).Data, random(r, 1, cols).Data, 1e-5}
		for i := range x.Data {
			x.Data[i] += 100
		}
		y := New(3, cols)
		n.Apply(p, y, x)
		for i := range 3 {
			var mean, variance float64
			for _, v := range Row(x, i) {
				mean += float64(v) / float64(cols)
			}
			for _, v := range Row(x, i) {
				variance += (float64(v) - mean) * (float64(v) - mean) / float64(cols)
			}
			for j, v := range Row(x, i) {
				want := (float64(v)-mean)/math.Sqrt(variance+1e-5)*float64(n.Gain[j]) + float64(n.Bias[j])
				if !near(Row(y, i)[j], want, 1e-6, 1) {
					t.Fatalf("%d columns: [%d,%d] = %v, want %v", cols, i, j, Row(y, i)[j], want)
				}
			}
		}
		n.Apply(p, x, x)
		if !slices.Equal(x.Data, y.Data) {
			t.Fatalf("%d columns: in place gives another result", cols)
		}
	}
}

func TestSoftmax(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 3, 729, 2048} {
		x := random(r, 1, n).Data
		for i := range x {
			x[i] = x[i]*50 + 1e4
		}
		want, sum := make([]float64, n), 0.0
		for i, v := range x {
			want[i] = math.Exp(float64(v-slices.Max(x)) * 0.25)
			sum += want[i]
		}
		softmax(x, 0.25)
		for i, v := range x {
			if !near(v, want[i]/sum, 1e-6, 1e-30) {
				t.Fatalf("%d values: [%d] = %v, want %v", n, i, v, want[i]/sum)
			}
		}
	}
}

func TestRotary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const headDim, dims, first = 80, 32, 700
	x := random(r, 4, 3*headDim)
	y := New(4, 3*headDim)
	Copy(y, x)
	NewRotary(dims, 800, 10000).Apply(nil, y, headDim, first)
	for i := range 4 {
		for j := range 3 * headDim {
			want := float64(Row(x, i)[j])
			if d := j % headDim; d < dims {
				pair, sign := j+dims/2, -1.0
				if d >= dims/2 {
					pair, sign = j-dims/2, 1
				}
				angle := float64(first+i) * math.Pow(10000, -float64(d%(dims/2))*2/dims)
				want = want*math.Cos(angle) + sign*float64(Row(x, i)[pair])*math.Sin(angle)
			}
			if !near(Row(y, i)[j], want, 1e-4, 1) { // float32 angles of up to 703 radians
				t.Fatalf("[%d,%d] = %v, want %v", i, j, Row(y, i)[j], want)
			}
		}
	}
}

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
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, c := range []struct{ heads, headDim, positions int }{{1, 1, 1}, {2, 18, 16}, {3, 5, 33}, {2, 72, 121}, {2, 80, 130}, {1, 32, 64}} {
			cols := c.heads * c.headDim
			q, k, v := random(r, c.positions, cols), random(r, c.positions, cols), random(r, c.positions, cols)
			for _, causal := range []bool{false, true} {
				p := NewPool(2)
				kv := NewKV(c.heads, c.headDim, c.positions+7)
				kv.Append(p, k, v)
				got := New(c.positions, cols)
				Attend(p, got, q, kv, causal)
				for i := range c.positions {
					visible := c.positions
					if causal {
						visible = i + 1
					}
					for h := range c.heads {
						want := wantAttention(Row(q, i), k, v, h*c.headDim, (h+1)*c.headDim, visible)
						for d, w := range want {
							if !near(Row(got, i)[h*c.headDim+d], w, 1e-5, 1) {
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
						kv.Append(p, Rows(k, first, last), Rows(v, first, last))
						Attend(p, Rows(steps, first, last), Rows(q, first, last), kv, true)
						first = last
					}
					if !slices.Equal(got.Data, steps.Data) {
						t.Fatalf("%+v: attention in pieces gives other bits than at once", c)
					}
				}
				p.Close()
			}
		}
	})
}
