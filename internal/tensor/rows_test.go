package tensor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
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
	NewRotary(dims, 10000).Apply(nil, y, headDim, first)
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

func TestRotaryTurnsAlikeFromAnyPosition(t *testing.T) {
	const headDim, dims, rows = 80, 32, 300
	x := random(rand.New(rand.NewPCG(1, 2)), rows, headDim)
	p := NewPool(2)
	defer p.Close()
	whole, pieces := New(rows, headDim), New(rows, headDim)
	Copy(whole, x)
	NewRotary(dims, 10000).Apply(p, whole, headDim, 0)
	Copy(pieces, x)
	r := NewRotary(dims, 10000)
	for first := 0; first < rows; first += 7 {
		r.Apply(p, Rows(pieces, first, min(first+7, rows)), headDim, first)
	}
	for i := range rows {
		if !sameBits(Row(pieces, i), Row(whole, i)) {
			t.Fatalf("position %d: %v, want %v", i, Row(pieces, i), Row(whole, i))
		}
	}
}
