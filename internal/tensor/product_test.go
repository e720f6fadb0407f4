package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"
)

const epsilon = 1.0 / (1 << 23) // float32's unit in the last place of 1

func random(r *rand.Rand, rows, cols int) blas32.General {
	m := New(rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(r.NormFloat64())
	}
	return m
}

func weight(w blas32.General) Weight {
	p := NewPool(2)
	defer p.Close()
	return NewWeight(p, w.Rows, w.Cols, func(o int, row []float32) { copy(row, Row(w, o)) })
}

// wantProduct is x·Wᵀ + bias in float64, and the largest error that a float32 sum of its terms can have.
func wantProduct(x, w blas32.General, bias []float32, r, o int) (value, bound float64) {
	size := 0.0
	if bias != nil {
		value, size = float64(bias[o]), math.Abs(float64(bias[o]))
	}
	for i, a := range Row(x, r) {
		term := float64(a) * float64(Row(w, o)[i])
		value += term
		size += math.Abs(term)
	}
	return value, epsilon * size * (2 + math.Sqrt(float64(x.Cols)))
}

func TestPanelKernels(t *testing.T) {
	const guard = 12345
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for rows := 1; rows <= active.rows; rows++ {
			for _, k := range []int{1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 72, 80, 255, 257} {
				offset := r.IntN(16)
				a, b := random(r, 1, offset+rows*(k+3)).Data[offset:], random(r, 1, offset+k*panelWidth).Data[offset:]
				ldc := panelWidth + r.IntN(5)
				c := slices.Repeat([]float32{guard}, 2*ldc+rows*ldc)
				tile := c[ldc:]
				start := random(r, rows, panelWidth)
				for i := range rows {
					copy(tile[i*ldc:], Row(start, i))
				}
				wantA, wantB := slices.Clone(a), slices.Clone(b)
				active.panel(rows, k, a, k+3, b, tile, ldc)
				if !slices.Equal(a, wantA) || !slices.Equal(b, wantB) {
					t.Fatalf("rows %d, k %d: the operands were written to", rows, k)
				}
				for i, got := range c {
					row, col := i/ldc-1, i%ldc
					if row < 0 || row >= rows || col >= panelWidth {
						if got != guard {
							t.Fatalf("rows %d, k %d: C was written outside the tile, at row %d, column %d", rows, k, row, col)
						}
						continue
					}
					want, size := float64(Row(start, row)[col]), math.Abs(float64(Row(start, row)[col]))
					for n := range k {
						term := float64(a[row*(k+3)+n]) * float64(b[n*panelWidth+col])
						want += term
						size += math.Abs(term)
					}
					if !(math.Abs(float64(got)-want) <= epsilon*size*(2+math.Sqrt(float64(k)))) {
						t.Fatalf("rows %d, k %d: C[%d,%d] = %v, want %v", rows, k, row, col, got, want)
					}
				}
			}
		}
	})
}

func TestPanelPropagatesNaNAndInf(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			a, b, c := []float32{1, bad, 1}, slices.Repeat([]float32{1}, 3*panelWidth), make([]float32, panelWidth)
			active.panel(1, 3, a, 3, b, c, panelWidth)
			for j, got := range c {
				if !(got == bad || got != got && bad != bad) {
					t.Errorf("column %d with %v among the terms is %v", j, bad, got)
				}
			}
		}
	})
}

func TestLinear(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		if active.tier == Generic {
			active.panel(1, 1, []float32{0}, 1, make([]float32, panelWidth), make([]float32, panelWidth), panelWidth) // gonum has no panels
		}
		r := rand.New(rand.NewPCG(3, 4))
		for _, shape := range [][3]int{{1, 1, 1}, {1, 2560, 33}, {3, 5, 7}, {14, 72, 32}, {15, 588, 72}, {49, 269, 72}, {29, 72, 269}, {27, 1152, 4304}, {5, 4304, 1152}, {729, 80, 80}, {761, 33, 65}} {
			rows, in, out := shape[0], shape[1], shape[2]
			x, w, bias := random(r, rows, in), random(r, out, in), random(r, 1, out).Data
			if rows == 3 {
				bias = nil
			}
			l := Linear{weight(w), bias}
			one := NewPool(1)
			got := New(rows, out)
			l.Apply(one, got, x)
			one.Close()
			for n := 0; n < 2000; n++ {
				i, o := r.IntN(rows), r.IntN(out)
				want, bound := wantProduct(x, w, bias, i, o)
				if !(math.Abs(float64(Row(got, i)[o])-want) <= bound) {
					t.Fatalf("%v: y[%d,%d] = %v, want %v ± %.1e", shape, i, o, Row(got, i)[o], want, bound)
				}
			}
			for threads := 2; threads <= 5; threads++ {
				p := NewPool(threads)
				again := New(rows, out)
				l.Apply(p, again, x)
				if !slices.Equal(got.Data, again.Data) {
					t.Fatalf("%v: %d threads give other bits than one", shape, threads)
				}
				if active.tier != Generic {
					last := New(1, out)
					l.Apply(p, last, Rows(x, rows-1, rows))
					if !slices.Equal(last.Data, Row(got, rows-1)) {
						t.Fatalf("%v: a row alone gives other bits than among others", shape)
					}
				}
				l.ApplyThen(p, again, x, GELUTanh)
				plain := slices.Clone(got.Data)
				GELUTanh(plain)
				if !slices.Equal(plain, again.Data) {
					t.Fatalf("%v: the activation was not applied once to every value", shape)
				}
				p.Close()
			}
		}
	})
}

func TestLinearIntoAView(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		active.panel(1, 1, []float32{0}, 1, make([]float32, panelWidth), make([]float32, panelWidth), panelWidth)
		r := rand.New(rand.NewPCG(5, 6))
		p := NewPool(2)
		defer p.Close()
		whole, x, w := random(r, 9, 100), random(r, 9, 40), random(r, 50, 40)
		before := New(9, 100)
		Copy(before, whole)
		l := Linear{Weight: weight(w)}
		l.Apply(p, columns(whole, 25, 75), x)
		for i := range 9 {
			for j := range 100 {
				want, bound := float64(Row(before, i)[j]), 0.0
				if j >= 25 && j < 75 {
					want, bound = wantProduct(x, w, nil, i, j-25)
				}
				if !(math.Abs(float64(Row(whole, i)[j])-want) <= bound) {
					t.Fatalf("[%d,%d] = %v, want %v", i, j, Row(whole, i)[j], want)
				}
			}
		}
	})
}

func TestLinearRefusesWrongShapes(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	l := Linear{Weight: weight(New(4, 3))}
	for _, c := range [][4]int{{2, 4, 2, 4}, {2, 3, 2, 3}, {2, 3, 1, 4}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("x [%d, %d] into [%d, %d] was taken by a layer [4, 3]", c[0], c[1], c[2], c[3])
				}
			}()
			l.Apply(p, New(c[2], c[3]), New(c[0], c[1]))
		}()
	}
}

func ExampleLinear() {
	p := NewPool(1)
	defer p.Close()
	l := Linear{NewWeight(p, 2, 3, func(o int, row []float32) { copy(row, [][]float32{{1, 2, 3}, {4, 5, 6}}[o]) }), []float32{10, 20}}
	x, y := blas32.General{Rows: 1, Cols: 3, Stride: 3, Data: []float32{1, 0, -1}}, New(1, 2)
	l.Apply(p, y, x)
	fmt.Println(y.Data)
	// Output: [8 18]
}
