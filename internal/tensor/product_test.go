package tensor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
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

// touch calls a panel kernel, where a test does without on some tier.
func touch() {
	active.products[F32].panel(1, 1, make([]byte, 4), 4, make([]byte, 4*panelWidth), make([]float32, panelWidth), panelWidth)
}

func weight(w blas32.General) Weight {
	p := NewPool(2)
	defer p.Close()
	return NewWeight(p, F32, w.Rows, w.Cols, func(o int, row []float32) { copy(row, Row(w, o)) })
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

// operands is one panel of a form and rows of activations as a product wants them.
func operands(k *product, f Form, x, w blas32.General) (a []byte, lda int, b []byte) {
	lda = k.x.bytes(x.Cols) + 8
	a = aligned(x.Rows * lda)
	for i := range x.Rows {
		row := a[i*lda : i*lda+k.x.bytes(x.Cols)]
		if k.convert == nil {
			copy(floats(row), Row(x, i))
		} else {
			k.convert(row, Row(x, i))
		}
	}
	p := NewPool(1)
	defer p.Close()
	return a, lda, Pack(p, f, w.Rows, w.Cols, func(o int, row []float32) { copy(row, Row(w, o)) })
}

// heights are numbers of rows up to the most of a kernel: those of all its register tiles, of which the largest are cut into.
func heights(most int) []int {
	const tile = 14
	var rows []int
	for r := 1; r < most; r++ {
		if r <= tile || r%7 == 0 {
			rows = append(rows, r)
		}
	}
	return append(rows, most)
}

func TestPanelKernels(t *testing.T) {
	const guard = 12345
	lengths := []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 31, 32, 33, 72, 80, 127, 128, 129, 132, 255, 257, 588, 1152}
	if testing.Short() {
		lengths = []int{1, 33, 129}
	}
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for f := range formCount {
			k, twin := &active.products[f], &genericKernels.products[f]
			for _, in := range lengths {
				for _, rows := range heights(k.rows) {
					x, w := random(r, rows, in), random(r, panelWidth-rows%3, in)
					a, lda, b := operands(k, f, x, w)
					twinA, twinLDA, _ := operands(twin, f, x, w)
					ldc := panelWidth + r.IntN(5)
					c := slices.Repeat([]float32{guard}, 2*ldc+rows*ldc)
					start := random(r, rows, panelWidth)
					want := New(rows, panelWidth)
					for i := range rows {
						copy(c[(i+1)*ldc:], Row(start, i))
						copy(Row(want, i), Row(start, i))
					}
					wantA, wantB := slices.Clone(a), slices.Clone(b)
					steps := (in + k.unit - 1) / k.unit
					k.panel(rows, steps, a, lda, b, c[ldc:], ldc)
					twin.panel(rows, steps, twinA, twinLDA, b, want.Data, panelWidth)
					if !slices.Equal(a, wantA) || !slices.Equal(b, wantB) {
						t.Fatalf("%s, rows %d, in %d: the operands were written to", k.name, rows, in)
					}
					for i, got := range c {
						row, col := i/ldc-1, i%ldc
						if row < 0 || row >= rows || col >= panelWidth {
							if got != guard {
								t.Fatalf("%s, rows %d, in %d: C was written outside the tile, at row %d, column %d", k.name, rows, in, row, col)
							}
							continue
						}
						size := math.Abs(float64(Row(start, row)[col]))
						if col < w.Rows {
							for n, v := range Row(x, row) {
								size += math.Abs(float64(v * Row(w, col)[n]))
							}
						}
						if !(math.Abs(float64(got-Row(want, row)[col])) <= epsilon*size*(2+math.Sqrt(float64(in)))) {
							t.Fatalf("%s, rows %d, in %d: C[%d,%d] = %v, want %v", k.name, rows, in, row, col, got, Row(want, row)[col])
						}
					}
				}
			}
		}
	})
}

func TestPanelsTogetherEqualEachAlone(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(25, 26))
		for f := range formCount {
			k := &active.products[f]
			if k.panels == nil {
				continue
			}
			for _, in := range []int{1, 2, 3, 7, 8, 40, 71, 72, 80, 121} {
				for rows := 1; rows <= k.rows; rows++ {
					for _, count := range []int{1, 2, 3, 7} {
						a, lda, b := operands(k, f, random(r, rows, in), random(r, count*panelWidth, in))
						wantA, wantB := slices.Clone(a), slices.Clone(b)
						ldc, steps := count*panelWidth+r.IntN(5), (in+k.unit-1)/k.unit
						start := random(r, 1, rows*ldc).Data
						want := slices.Clone(start)
						for i := range rows {
							clear(want[i*ldc : i*ldc+count*panelWidth])
						}
						for i := range count {
							k.panel(rows, steps, a, lda, b[i*len(b)/count:], want[i*panelWidth:], ldc)
						}
						got, check := guarded(t, start, rows)
						k.panels(rows, steps, count, a, lda, b, got, ldc)
						check()
						if !slices.Equal(a, wantA) || !slices.Equal(b, wantB) {
							t.Fatalf("%s, rows %d, in %d, %d panels: the operands were written to", f, rows, in, count)
						}
						if !slices.Equal(got, want) {
							t.Fatalf("%s, rows %d, in %d, %d panels: %v, want %v", f, rows, in, count, got, want)
						}
					}
				}
			}
		}
	})
}

func TestSharedPanelsGiveTheSameBits(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(27, 28))
		p := NewPool(1)
		defer p.Close()
		for f := range formCount {
			k := &active.products[f]
			if k.shared == nil {
				continue
			}
			plain, shared, calls := *k.shared, *k.shared, new(atomic.Int64)
			shared.panel = func(rows, n int, a []byte, lda int, b []byte, c []float32, ldc int) {
				calls.Add(1)
				plain.panel(rows, n, a, lda, b, c, ldc)
			}
			shared.unpack = func(n int, dst, src []byte) {
				before, end := slices.Clone(src), slices.Clone(dst[:cap(dst)][len(dst):])
				plain.unpack(n, dst, src)
				if !slices.Equal(src, before) || !slices.Equal(dst[:cap(dst)][len(dst):], end) {
					t.Errorf("%s: %d steps are unpacked to elsewhere", f, n)
				}
			}
			for _, shape := range [][3]int{{13, 1, 1}, {14, 40, 33}, {15, 31, 64}, {28, 72, 5}, {29, 588, 70}, {57, 1153, 64}, {30, 5000, 70}, {121, 2567, 100}, {400, 4304, 45}, {30, 9300, 65*panelWidth + 5}} {
				rows, in, out := shape[0], shape[1], shape[2]
				x, packed := random(r, rows, in), RandomWeight(p, f, out, in, 0.02)
				e := Epilogue{Bias: random(r, 1, out).Data, Add: rows%2 == 0}
				want, got := random(r, rows, out), New(rows, out)
				Copy(got, want)
				chosen := active
				active.products[f].shared = nil
				packed.Apply(p, want, x, e)
				active.products[f].shared = &shared
				packed.Apply(p, got, x, e)
				active = chosen
				if !slices.Equal(got.Data, want.Data) {
					t.Fatalf("%s, %v: a panel that is unpacked once gives other bits", f, shape)
				}
			}
			if calls.Load() == 0 {
				t.Errorf("%s: no panel was unpacked", f)
			}
		}
	})
}

func TestFoldedKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(23, 24))
		for _, f := range []Form{F32, BF16} {
			k, twin := &active.products[f], &genericKernels.products[f]
			if k.folded == nil {
				continue
			}
			for _, in := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 17, 33, 72, 121, 122, 123, 124, 729} {
				for rows := 1; rows <= k.rows; rows++ {
					x, w := random(r, rows, in), random(r, in, foldedWidth-rows%3)
					kv := NewKV(f, 1, w.Cols, in)
					kv.append(0, 0, w, w)
					a, lda, _ := operands(k, f, x, New(1, in))
					twinA, twinLDA, _ := operands(twin, f, x, New(1, in))
					b, steps, ldc := kv.valuePanel(0, 0), (in+2*k.unit-1)/(2*k.unit), foldedWidth+r.IntN(5)
					wantA, wantB := slices.Clone(a), slices.Clone(b)
					start := random(r, 1, rows*ldc).Data
					want := slices.Clone(start)
					twin.folded(rows, steps, twinA, twinLDA, b, want, ldc)
					got, check := guarded(t, start, rows)
					k.folded(rows, steps, a, lda, b, got, ldc)
					check()
					if !slices.Equal(a, wantA) || !slices.Equal(b, wantB) {
						t.Fatalf("%s, rows %d, in %d: the operands were written to", f, rows, in)
					}
					for i := range got {
						row, col := i/ldc, i%ldc
						size := math.Abs(float64(start[i]))
						for n := 0; col < w.Cols && n < in; n++ {
							size += math.Abs(float64(Row(x, row)[n] * Row(w, n)[col]))
						}
						bound := epsilon * size * (2 + math.Sqrt(float64(in)))
						if col >= w.Cols {
							bound = 0
						}
						if !(math.Abs(float64(got[i]-want[i])) <= bound) {
							t.Fatalf("%s, rows %d, in %d: C[%d,%d] = %v, want %v", f, rows, in, row, col, got[i], want[i])
						}
					}
				}
			}
		}
	})
}

// formError is the largest error of a product that a form may cause, relative to the root of the sum of its terms' squares.
// The documentation names the same figures.
var formError = [formCount]float64{F32: 3e-6, F16: 1e-3, BF16: 1e-2, Q8: 0.04, Q4: 0.35}

func TestFormsStandForTheirWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	p := NewPool(2)
	defer p.Close()
	for f := range formCount {
		x, w := random(r, 8, 700), random(r, 70, 700)
		for i := range w.Data {
			w.Data[i] *= 0.02
		}
		got := New(8, 70)
		NewWeight(p, f, 70, 700, func(o int, row []float32) { copy(row, Row(w, o)) }).Apply(p, got, x, Epilogue{})
		worst := 0.0
		for i := range 8 {
			for o := range 70 {
				want, size := 0.0, 0.0
				for n, v := range Row(x, i) {
					term := float64(v) * float64(Row(w, o)[n])
					want, size = want+term, size+term*term
				}
				worst = max(worst, math.Abs(float64(Row(got, i)[o])-want)/math.Sqrt(size))
			}
		}
		t.Logf("%s: %.2g", f, worst)
		if !(worst <= formError[f]) {
			t.Errorf("%s: error %.3g, expected at most %.3g", f, worst, formError[f])
		}
	}
}

func TestTinyWeights(t *testing.T) {
	p := NewPool(1)
	defer p.Close()
	x := New(1, 40)
	for i := range x.Data {
		x.Data[i] = 1
	}
	for f := range formCount {
		for exponent := -149; exponent < -90; exponent++ {
			size := math.Ldexp(1, exponent)
			got := New(1, 1)
			NewWeight(p, f, 1, 40, func(_ int, row []float32) {
				clear(row)
				row[3] = float32(size)
			}).Apply(p, got, x, Epilogue{})
			if !(math.Abs(float64(got.Data[0])) <= 40*size) {
				t.Errorf("%s: a weight of 2^%d gives %v", f, exponent, got.Data[0])
			}
		}
	}
}

func TestConversionsEqualTheirTwins(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for f := range formCount {
			k := &active.products[f]
			k.panel(1, 1, make([]byte, 64), 64, make([]byte, 256), make([]float32, panelWidth), panelWidth)
			if k.convert == nil {
				continue
			}
			twin := map[int]func([]byte, []float32){asPairs.unitBytes: roundBF16Go, asHalves.unitBytes: halveBF16Go}[k.x.unitBytes]
			switch f {
			case Q8:
				twin = quantizeQ8Go
			case Q4:
				twin = quantizeQ4Go
			}
			for in := 1; in < 400; in++ {
				x := random(r, 1, in).Data
				switch in % 7 {
				case 0:
					clear(x)
				case 1:
					x[r.IntN(in)] *= 1e6
				case 2:
					for i := range x {
						x[i] = float32(i%9-4) * 0.5 // ties
					}
				}
				got, want := slices.Repeat([]byte{0xcd}, k.x.bytes(in)+1), slices.Repeat([]byte{0xcd}, k.x.bytes(in)+1)
				k.convert(got[:len(got)-1], x)
				twin(want[:len(want)-1], x)
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %d activations are converted otherwise than by the twin", k.name, in)
				}
			}
		}
	})
}

func TestPanelsPropagateNaNAndInf(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for f := range formCount {
			k := &active.products[f]
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
				x, w := New(1, 300), New(panelWidth, 300)
				for i := range w.Data {
					w.Data[i] = 1
				}
				x.Data[130] = bad
				a, lda, b := operands(k, f, x, w)
				c := make([]float32, panelWidth)
				k.panel(1, (300+k.unit-1)/k.unit, a, lda, b, c, panelWidth)
				for j, got := range c {
					if got-got == 0 {
						t.Errorf("%s: column %d with %v among the terms is %v", k.name, j, bad, got)
					}
				}
			}
		}
	})
}

func TestToF16AndBF16RoundToNearest(t *testing.T) {
	for h := range 1 << 16 {
		x := fromF16(uint16(h))
		if x-x != 0 {
			continue
		}
		if got := toF16(x); got != uint16(h) && x != 0 {
			t.Fatalf("toF16(%v) = %#x, want %#x", x, got, h)
		}
		if h&0x7fff == 0x7bff {
			continue
		}
		next := fromF16(uint16(h) + 1)
		middle, even := (x+next)/2, uint16(h+h&1)
		if got := toF16(middle); got != even {
			t.Fatalf("toF16(%v), halfway from %v to %v, = %#x, want the even %#x", middle, x, next, got, even)
		}
	}
	for _, c := range []struct {
		x    float32
		want uint16
	}{{1, 0x3f80}, {1 + 1.0/256, 0x3f80}, {1 + 3.0/256, 0x3f82}, {-1 - 1.0/255, 0xbf81}, {float32(math.Inf(1)), 0x7f80}, {3.4e38, 0x7f80}} {
		if got := toBF16(c.x); got != c.want {
			t.Errorf("toBF16(%v) = %#x, want %#x", c.x, got, c.want)
		}
	}
}

func TestEvenly(t *testing.T) {
	for _, c := range [][4]int{{1152, 576, 1, 576}, {1152, 1024, 128, 640}, {4304, 576, 1, 538}, {4304, 512, 2, 480}, {10240, 1024, 128, 1024}, {1, 256, 1, 1}, {33, 256, 8, 40}} {
		if got := evenly(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%d in parts of at most %d, in units of %d: %d, expected %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

func TestBands(t *testing.T) {
	for _, c := range []struct{ rows, most, panels, threads, want int }{
		{729, 380, 36, 1, 2},   // as few as the block allows
		{729, 380, 36, 9, 2},   // 72 tasks for 9 threads
		{729, 380, 36, 16, 4},  // 144 for 16, where 72 leave the last of 5 turns half empty
		{729, 380, 36, 64, 13}, // 56 rows each
		{768, 760, 560, 16, 2}, // many outputs
		{55, 380, 36, 64, 1},
		{1, 380, 80, 64, 1},
	} {
		if got := bands(c.rows, c.most, c.panels, c.threads); got != c.want {
			t.Errorf("%d rows of %d panels on %d threads, at most %d rows: %d bands, expected %d", c.rows, c.panels, c.threads, c.most, got, c.want)
		}
	}
}

// TestManyThreadsGiveTheSameBits: on more threads than cores, products of few outputs are cut into other bands of rows.
func TestManyThreadsGiveTheSameBits(t *testing.T) {
	const rows, in, out, heads = 250, 269, 144, 8
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(31, 32))
		one := NewPool(1)
		defer one.Close()
		x, q, k, v := random(r, rows, in), random(r, rows, out), random(r, rows, out), random(r, rows, out)
		for f := range formCount {
			w := random(r, out, in)
			l := Linear{NewWeight(one, f, out, in, func(o int, row []float32) { copy(row, Row(w, o)) }), random(r, 1, out).Data}
			want, attended := New(rows, out), New(rows, out)
			l.Apply(one, want, x)
			kv := NewKV(KVForm(f), heads, out/heads, rows+5)
			Attend(one, attended, q, k, v, kv, true)
			for _, threads := range []int{16, 40} {
				p := NewPool(threads)
				for range 2 {
					got := New(rows, out)
					l.Apply(p, got, x)
					if !slices.Equal(got.Data, want.Data) {
						t.Fatalf("%s: %d threads give another product than one", f, threads)
					}
					again := NewKV(KVForm(f), heads, out/heads, rows+5)
					Attend(p, got, q, k, v, again, true)
					if !slices.Equal(got.Data, attended.Data) || !slices.Equal(again.keys, kv.keys) || !slices.Equal(again.values, kv.values) {
						t.Fatalf("%s: %d threads attend otherwise than one", f, threads)
					}
				}
				p.Close()
			}
		}
	})
}

func TestLinear(t *testing.T) {
	samples := 2000
	if testing.Short() {
		samples = 50
	}
	eachTier(t, func(t *testing.T) {
		if active.tier == Generic {
			touch() // gonum has no panels
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
			for range samples {
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

func TestLayersTogetherAreLayersAlone(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(8, 9))
		for _, forms := range [][]Form{{F32, F32, F32}, {BF16, BF16}, {Q8, Q8, Q8, Q8, Q8}, {Q4}, {F32, Q8, F32, BF16, Q8}} {
			for _, rows := range []int{1, 13, 29, 800} {
				const in = 72
				p := NewPool(3)
				x := random(r, rows, in)
				var outputs []Output
				var want []blas32.General
				for i, f := range forms {
					out := []int{33, 72, 1, 269, 32}[i]
					w := random(r, out, in)
					l := &Linear{NewWeight(p, f, out, in, func(o int, row []float32) { copy(row, Row(w, o)) }), random(r, 1, out).Data}
					o, alone := Output{Layer: l, Dst: New(rows, out)}, New(rows, out)
					if i == 1 {
						l.Bias, o.Activation = nil, GELUTanh
						l.ApplyThen(p, alone, x, GELUTanh)
					} else {
						l.Apply(p, alone, x)
					}
					outputs, want = append(outputs, o), append(want, alone)
				}
				ApplyAll(p, x, outputs...)
				for i, o := range outputs {
					if !slices.Equal(Values(o.Dst), Values(want[i])) {
						t.Errorf("%v of %d rows: layer %d gives other bits than alone", forms, rows, i)
					}
				}
				p.Close()
			}
		}
	})
}

func TestLinearIntoAView(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
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
	defer func() {
		if recover() == nil {
			t.Error("one of two layers was given a wrong shape, and took it")
		}
	}()
	ApplyAll(p, New(2, 3), Output{Layer: &l, Dst: New(2, 4)}, Output{Layer: &l, Dst: New(2, 3)})
}

func ExampleLinear() {
	p := NewPool(1)
	defer p.Close()
	l := Linear{NewWeight(p, F32, 2, 3, func(o int, row []float32) { copy(row, [][]float32{{1, 2, 3}, {4, 5, 6}}[o]) }), []float32{10, 20}}
	x, y := blas32.General{Rows: 1, Cols: 3, Stride: 3, Data: []float32{1, 0, -1}}, New(1, 2)
	l.Apply(p, y, x)
	fmt.Println(y.Data)
	// Output: [8 18]
}

func TestRowsThatBeginAtOnePlaceOfAPage(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		touch()
		r := rand.New(rand.NewPCG(21, 22))
		p := NewPool(2)
		defer p.Close()
		apart, w := random(r, 40, 2*pageFloats), random(r, 70, 2*pageFloats)
		x := blas32.General{Rows: 40, Cols: apart.Cols, Stride: apart.Cols, Data: make([]float32, 40*apart.Cols)}
		Copy(x, apart)
		if apart.Stride%pageFloats == 0 {
			t.Fatalf("a new matrix has rows %d floats apart", apart.Stride)
		}
		got, want := New(40, 70), New(40, 70)
		l := Linear{Weight: weight(w)}
		l.Apply(p, got, x)
		l.Apply(p, want, apart)
		if !slices.Equal(got.Data, want.Data) {
			t.Error("the same rows closer together give other bits")
		}
	})
}
