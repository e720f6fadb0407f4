package tensor

import (
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// rowTolerance is how far a row kernel may be from its float64 twin, relative to the twin, or to least where the twin is
// smaller: around 1e-37 float32 runs out of normal numbers.
const (
	rowTolerance = 1e-6
	least        = 1e-30
)

var inf, nan = float32(math.Inf(1)), float32(math.NaN())

// rowLengths is every length past four vectors of 16, and rows of the model.
func rowLengths() []int {
	var lengths []int
	for n := 1; n <= 70; n++ {
		lengths = append(lengths, n)
	}
	return append(lengths, 72, 80, 576, 1152, 2560, 4304)
}

// eachRowTier runs the test once on every tier of this CPU, and fails if one of the kernels did not run in the tier's form.
func eachRowTier(t *testing.T, test func(t *testing.T, k *rowKernels), kernels ...string) {
	t.Helper()
	chosen := active
	defer func() { active = chosen }()
	for _, tier := range supported() {
		t.Run(string(tier.tier), func(t *testing.T) {
			active = tier
			table := onRow()
			plain := *table
			defer func() { *table = plain }()
			calls := map[string]*atomic.Int64{}
			count := func(name string) func() {
				calls[name] = new(atomic.Int64)
				return func() { calls[name].Add(1) }
			}
			*table = counted(plain, count)
			test(t, table)
			for _, name := range kernels {
				if calls[name].Load() == 0 {
					t.Errorf("%s was never called", name)
				}
				if form := implementation(plain, name); !strings.EqualFold(form, name+rowForm(tier.tier)) {
					t.Errorf("the %s tier has %s for %s", tier.tier, form, name)
				}
			}
		})
	}
}

// rowForm is the end of the names of a tier's row kernels.
func rowForm(t Tier) string {
	switch t {
	case Generic:
		return "Go"
	case "dotprod", "i8mm": // have the products of their own alone
		return "NEON"
	}
	return string(t)
}

func counted(k rowKernels, count func(name string) func()) rowKernels {
	geluTanh, geluErf, largest, exps, multiply := count("geluTanh"), count("geluErf"), count("largest"), count("exps"), count("multiply")
	sum, squares, normalise, rotate, add := count("sum"), count("squares"), count("normalise"), count("rotate"), count("add")
	return rowKernels{
		geluTanh:  func(x []float32) { geluTanh(); k.geluTanh(x) },
		geluErf:   func(x []float32) { geluErf(); k.geluErf(x) },
		largest:   func(x []float32) float32 { largest(); return k.largest(x) },
		exps:      func(x []float32, m, scale float32) float64 { exps(); return k.exps(x, m, scale) },
		multiply:  func(x []float32, by float32) { multiply(); k.multiply(x, by) },
		sum:       func(x []float32) float64 { sum(); return k.sum(x) },
		squares:   func(x []float32, mean float64) float64 { squares(); return k.squares(x, mean) },
		normalise: func(d, x, g, b []float32, mean float64, s float32) { normalise(); k.normalise(d, x, g, b, mean, s) },
		rotate:    func(x, cos, sin []float32, headDim int) { rotate(); k.rotate(x, cos, sin, headDim) },
		add:       func(dst, x []float32) { add(); k.add(dst, x) },
	}
}

// implementation is the name of the function that a table has for a kernel.
func implementation(k rowKernels, kernel string) string {
	name := runtime.FuncForPC(reflect.ValueOf(k).FieldByName(kernel).Pointer()).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}

const guard, guards = 12345, 40

// guarded is a copy of values that begins offset floats after an address that all offsets share, with guards on both sides.
// Check fails the test if the guards were written to.
func guarded(t *testing.T, values []float32, offset int) (x []float32, check func()) {
	t.Helper()
	room := slices.Repeat([]float32{guard}, len(values)+2*guards+16)
	first := guards + offset
	x = room[first : first+len(values) : first+len(values)]
	copy(x, values)
	return x, func() {
		t.Helper()
		for i, v := range room {
			if (i < first || i >= first+len(values)) && v != guard {
				t.Fatalf("%d values: written to %d places from the first", len(values), i-first)
			}
		}
	}
}

// sameBits compares NaN with NaN, too.
func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// spread is n values of either sign, from far below 1 up to some tens.
func spread(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64() * math.Exp(6*r.Float64()-3))
	}
	return x
}

func TestGELUKernels(t *testing.T) {
	for name, form := range map[string]struct {
		gelu, plain func([]float32)
		twin        func(x float64) float64
	}{
		"geluTanh": {GELUTanh, geluTanhGo, func(x float64) float64 {
			// As written, the tanh form loses everything to cancellation where x is very negative.
			return x / (1 + math.Exp(-2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		}},
		"geluErf": {GELUErf, geluErfGo, func(x float64) float64 { return x / 2 * math.Erfc(-x/math.Sqrt2) }},
	} {
		t.Run(name, func(t *testing.T) {
			eachRowTier(t, func(t *testing.T, _ *rowKernels) {
				r := rand.New(rand.NewPCG(1, 2))
				for _, n := range rowLengths() {
					values := spread(r, n)
					want := slices.Clone(values)
					form.gelu(want)
					plain := slices.Clone(values)
					form.plain(plain)
					for i, v := range values {
						if twin := form.twin(float64(v)); !near(want[i], twin, rowTolerance, least) || !near(plain[i], twin, rowTolerance, least) {
							t.Fatalf("%s(%v) = %v, in Go %v, want %v", name, v, want[i], plain[i], twin)
						}
					}
					for offset := range 16 {
						x, check := guarded(t, values, offset)
						form.gelu(x)
						check()
						if !sameBits(x, want) {
							t.Fatalf("%s, %d values: other bits at offset %d", name, n, offset)
						}
					}
					alone := []float32{values[n-1]}
					form.gelu(alone)
					if !sameBits(alone, want[n-1:]) {
						t.Fatalf("%s(%v) = %v alone and %v after %d others", name, values[n-1], alone[0], want[n-1], n-1)
					}
				}
				line := make([]float32, 0, 60000)
				for x := -30.0; x < 30; x += 0.00137 {
					line = append(line, float32(x))
				}
				for _, x := range []float32{88, 1e30, math.MaxFloat32, 1e-30, math.SmallestNonzeroFloat32, 1e-39, 0} {
					line = append(line, x, -x)
				}
				got := slices.Clone(line)
				form.gelu(got)
				for i, v := range line {
					if twin := form.twin(float64(v)); !near(got[i], twin, rowTolerance, least) {
						t.Fatalf("%s(%v) = %v, want %v", name, v, got[i], twin)
					}
				}
				special := []float32{nan, inf, -inf, 1, -nan}
				form.gelu(special)
				if special[0] == special[0] || special[1] != inf || special[2] == special[2] || !near(special[3], form.twin(1), rowTolerance, 0) || special[4] == special[4] {
					t.Errorf("%s of NaN, +Inf, -Inf, 1, -NaN is %v", name, special)
				}
			}, name)
		})
	}
}

func TestLargestKernel(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range rowLengths() {
			values := spread(r, n)
			for at := range min(n, 70) {
				values[at] = 1e30 * float32(1+at)
				for _, offset := range []int{0, 1, 7, 15} {
					x, check := guarded(t, values, offset)
					if got := k.largest(x); got != values[at] {
						t.Fatalf("%d values, the largest %v at %d: %v", n, values[at], at, got)
					}
					check()
					if !sameBits(x, values) {
						t.Fatalf("%d values: the row was written to", n)
					}
				}
			}
			if got := k.largest(slices.Repeat([]float32{-inf}, n)); got != -inf {
				t.Fatalf("%d times -Inf: %v", n, got)
			}
		}
	}, "largest")
}

// wantSoftmax is exp(scale·(x - max)) and its sum in float64.
func wantSoftmax(x []float32, scale float32) (exps []float64, sum float64) {
	for _, v := range x {
		e := math.Exp((float64(v) - float64(slices.Max(x))) * float64(scale))
		exps = append(exps, e)
		sum += e
	}
	return exps, sum
}

func TestSoftmaxKernels(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range rowLengths() {
			for _, scale := range []float32{1, 1 / float32(math.Sqrt(72)), 17} {
				values := spread(r, n)
				if n%3 == 0 {
					values[n/2] = 1e30
				}
				exps, sum := wantSoftmax(values, scale)

				got := slices.Clone(values)
				total := k.exps(got, slices.Max(values), scale)
				plain := slices.Clone(values)
				plainTotal := expsGo(plain, slices.Max(values), scale)
				if !(math.Abs(total-sum) <= rowTolerance*sum) || !(math.Abs(plainTotal-sum) <= rowTolerance*sum) {
					t.Fatalf("%d values: sum %v, in Go %v, want %v", n, total, plainTotal, sum)
				}
				softmaxed := slices.Clone(values)
				softmax(softmaxed, scale)
				for i, e := range exps {
					if !near(got[i], e, rowTolerance, least) || !near(plain[i], e, rowTolerance, least) {
						t.Fatalf("%d values: exp(%v·(%v - %v)) = %v, in Go %v, want %v", n, scale, values[i], slices.Max(values), got[i], plain[i], e)
					}
					if !near(softmaxed[i], e/sum, rowTolerance, least) {
						t.Fatalf("%d values: softmax[%d] = %v, want %v", n, i, softmaxed[i], e/sum)
					}
				}
				for offset := range 16 {
					x, check := guarded(t, values, offset)
					again := k.exps(x, slices.Max(values), scale)
					check()
					if again != total || !sameBits(x, got) {
						t.Fatalf("%d values: exps gives other bits at offset %d", n, offset)
					}
					x, check = guarded(t, values, offset)
					softmax(x, scale)
					check()
					if !sameBits(x, softmaxed) {
						t.Fatalf("%d values: softmax gives other bits at offset %d", n, offset)
					}
				}
			}
		}
	}, "largest", "exps", "multiply")
}

func TestSoftmaxOfSpecialValues(t *testing.T) {
	eachRowTier(t, func(t *testing.T, _ *rowKernels) {
		for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 33} {
			for at := range n {
				for _, bad := range []float32{nan, inf} {
					x := slices.Repeat([]float32{2}, n)
					x[at] = bad
					softmax(x, 0.5)
					if slices.ContainsFunc(x, func(v float32) bool { return v == v }) {
						t.Fatalf("%v at %d of %d gives %v", bad, at, n, x)
					}
				}
				for _, low := range []float32{-inf, -1e30, -math.MaxFloat32} {
					x := slices.Repeat([]float32{low}, n)
					x[at] = 3
					softmax(x, 0.5)
					for i, v := range x {
						if want := map[bool]float32{true: 1}[i == at]; v != want {
							t.Fatalf("%v but for one of %d: [%d] = %v", low, n, i, v)
						}
					}
				}
			}
			for _, same := range []float32{0, -88, 88, 1e30, math.SmallestNonzeroFloat32, math.MaxFloat32} {
				x := slices.Repeat([]float32{same}, n)
				softmax(x, 3)
				for i, v := range x {
					if !near(v, 1/float64(n), rowTolerance, 0) {
						t.Fatalf("%d times %v: [%d] = %v", n, same, i, v)
					}
				}
			}
			x := slices.Repeat([]float32{-inf}, n)
			softmax(x, 1)
			if slices.ContainsFunc(x, func(v float32) bool { return v == v }) {
				t.Fatalf("%d times -Inf gives %v", n, x)
			}
		}
	}, "largest", "exps", "multiply")
}

func TestMultiplyKernel(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range rowLengths() {
			for offset := range 16 {
				values := spread(r, n)
				values[n/2] = []float32{nan, inf, 1e-40, float32(math.Copysign(0, -1))}[offset%4]
				want := slices.Clone(values)
				multiplyGo(want, 0.3)
				x, check := guarded(t, values, offset)
				k.multiply(x, 0.3)
				check()
				if !sameBits(x, want) {
					t.Fatalf("%d values at offset %d: %v, want %v", n, offset, x, want)
				}
			}
		}
	}, "multiply")
}

func TestLayerNormKernels(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range rowLengths() {
			for _, mean := range []float64{0, 100, -3e4} {
				values, gain, bias := random(r, 1, n).Data, random(r, 1, n).Data, random(r, 1, n).Data
				for i := range values {
					values[i] += float32(mean)
				}
				var sum, size, squares float64
				for _, v := range values {
					sum += float64(v)
					size += math.Abs(float64(v))
				}
				for _, v := range values {
					squares += (float64(v) - sum/float64(n)) * (float64(v) - sum/float64(n))
				}
				gotSum, gotSquares := k.sum(values), k.squares(values, sum/float64(n))
				if !(math.Abs(gotSum-sum) <= 1e-12*size) {
					t.Fatalf("%d values about %v: sum %v, want %v", n, mean, gotSum, sum)
				}
				if !(math.Abs(gotSquares-squares) <= rowTolerance*squares) {
					t.Fatalf("%d values about %v: squares %v, want %v", n, mean, gotSquares, squares)
				}
				scale := float32(1 / math.Sqrt(squares/float64(n)+1e-5))
				want := make([]float32, n)
				k.normalise(want, values, gain, bias, sum/float64(n), scale)
				plain := make([]float32, n)
				normaliseGo(plain, values, gain, bias, sum/float64(n), scale)
				for i, v := range values {
					scaled := (float64(v) - sum/float64(n)) * float64(scale) * float64(gain[i])
					// What cancels between the two terms is lost to any float32 sum.
					if twin, bound := scaled+float64(bias[i]), rowTolerance*max(math.Abs(scaled), math.Abs(float64(bias[i]))); !(math.Abs(float64(want[i])-twin) <= bound) || !(math.Abs(float64(plain[i])-twin) <= bound) {
						t.Fatalf("%d values about %v: [%d] = %v, in Go %v, want %v", n, mean, i, want[i], plain[i], twin)
					}
				}
				for offset := range 16 {
					x, checkX := guarded(t, values, offset)
					g, checkGain := guarded(t, gain, (offset*3+1)%16)
					b, checkBias := guarded(t, bias, (offset*5+2)%16)
					y, checkY := guarded(t, make([]float32, n), (offset*7+3)%16)
					if k.sum(x) != gotSum || k.squares(x, sum/float64(n)) != gotSquares {
						t.Fatalf("%d values: other sums at offset %d", n, offset)
					}
					k.normalise(y, x, g, b, sum/float64(n), scale)
					if !sameBits(y, want) {
						t.Fatalf("%d values: other bits at offset %d", n, offset)
					}
					if !sameBits(x, values) || !sameBits(g, gain) || !sameBits(b, bias) {
						t.Fatalf("%d values: the operands were written to", n)
					}
					k.normalise(x, x, g, b, sum/float64(n), scale)
					if !sameBits(x, want) {
						t.Fatalf("%d values: other bits in place", n)
					}
					checkX()
					checkGain()
					checkBias()
					checkY()
				}
			}
		}
	}, "sum", "squares", "normalise")
}

func TestLayerNormOfSpecialValues(t *testing.T) {
	eachRowTier(t, func(t *testing.T, _ *rowKernels) {
		for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 33} {
			norm := LayerNorm{slices.Repeat([]float32{2}, n), slices.Repeat([]float32{3}, n), 1e-5}
			for at := range n {
				for _, bad := range []float32{nan, inf, -inf} {
					x := slices.Repeat([]float32{2}, n)
					x[at] = bad
					norm.row(x, x)
					if slices.ContainsFunc(x, func(v float32) bool { return v == v }) {
						t.Fatalf("%v at %d of %d gives %v", bad, at, n, x)
					}
				}
			}
			for _, same := range []float32{0, 88, -1e30, 1e30, math.SmallestNonzeroFloat32, 1e-39} {
				x := slices.Repeat([]float32{same}, n)
				norm.row(x, x)
				for i, v := range x {
					if v != 3 {
						t.Fatalf("%d times %v: [%d] = %v, want the bias", n, same, i, v)
					}
				}
			}
			x := make([]float32, n)
			for i := range x {
				x[i] = []float32{1e30, -1e30}[i%2]
			}
			norm.row(x, x)
			if n%2 == 0 {
				for i, v := range x {
					if want := []float64{5, 1}[i%2]; !near(v, want, rowTolerance, 0) {
						t.Fatalf("%d times ±1e30: [%d] = %v, want %v", n, i, v, want)
					}
				}
			}
		}
	}, "sum", "squares", "normalise")
}

func TestRotateKernel(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, half := range rowLengths() {
			for _, heads := range []int{1, 3} {
				headDim := 2*half + r.IntN(9)
				values := spread(r, heads*headDim)
				cos, sin := make([]float32, half), make([]float32, half)
				for i := range cos {
					s, c := math.Sincos(r.Float64() * 700)
					cos[i], sin[i] = float32(c), float32(s)
				}
				if half%5 == 0 {
					values[half/2], values[half] = nan, inf
				}
				want := slices.Clone(values)
				k.rotate(want, cos, sin, headDim)
				plain := slices.Clone(values)
				rotateGo(plain, cos, sin, headDim)
				for i, got := range want {
					j := i % headDim
					if j >= 2*half {
						if got != values[i] {
							t.Fatalf("half %d: [%d] does not turn", half, i)
						}
						continue
					}
					pair, sign := i+half, -1.0
					if j >= half {
						pair, sign = i-half, 1
					}
					straight, across := float64(values[i])*float64(cos[j%half]), sign*float64(values[pair])*float64(sin[j%half])
					// What cancels between the two terms is lost to any float32 sum.
					twin, bound := straight+across, rowTolerance*max(math.Abs(straight), math.Abs(across))
					if twin != twin || math.IsInf(twin, 0) {
						if math.Float64bits(twin) != math.Float64bits(float64(got)) && !(twin != twin && got != got) {
							t.Fatalf("half %d: [%d] = %v, want %v", half, i, got, twin)
						}
						continue
					}
					if !(math.Abs(float64(got)-twin) <= bound) || !(math.Abs(float64(plain[i])-twin) <= bound) {
						t.Fatalf("half %d: [%d] = %v, in Go %v, want %v", half, i, got, plain[i], twin)
					}
				}
				for offset := range 16 {
					x, checkX := guarded(t, values, offset)
					c, checkCos := guarded(t, cos, (offset*3+1)%16)
					s, checkSin := guarded(t, sin, (offset*5+2)%16)
					k.rotate(x, c, s, headDim)
					checkX()
					checkCos()
					checkSin()
					if !sameBits(x, want) {
						t.Fatalf("half %d: other bits at offset %d", half, offset)
					}
					if !sameBits(c, cos) || !sameBits(s, sin) {
						t.Fatalf("half %d: the angles were written to", half)
					}
				}
			}
		}
	}, "rotate")
}

func TestAddKernel(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range rowLengths() {
			for offset := range 16 {
				a, b := spread(r, n), spread(r, n)
				a[n/2] = []float32{nan, inf, -inf, 1e-40}[offset%4]
				want := slices.Clone(a)
				addGo(want, b)
				dst, checkDst := guarded(t, a, offset)
				x, checkX := guarded(t, b, (offset*3+1)%16)
				k.add(dst, x)
				checkDst()
				checkX()
				if !sameBits(dst, want) {
					t.Fatalf("%d values at offset %d: %v, want %v", n, offset, dst, want)
				}
				if !sameBits(x, b) {
					t.Fatalf("%d values: the operand was written to", n)
				}
			}
		}
	}, "add")
}

func TestKernelsOfNoValues(t *testing.T) {
	eachRowTier(t, func(t *testing.T, k *rowKernels) {
		k.geluTanh(nil)
		k.geluErf(nil)
		k.multiply(nil, 2)
		k.normalise(nil, nil, nil, nil, 0, 1)
		k.rotate(nil, []float32{1}, []float32{0}, 2)
		k.add(nil, nil)
		if k.largest(nil) != -inf || k.exps(nil, 0, 1) != 0 || k.sum(nil) != 0 || k.squares(nil, 1) != 0 {
			t.Error("a sum of nothing is not zero")
		}
	}, "geluTanh", "geluErf", "multiply", "normalise", "rotate", "add", "largest", "exps", "sum", "squares")
}

// TestRowsOnThePool: a row gives the same bits alone, without a pool, as among others on 1…5 threads.
func TestRowsOnThePool(t *testing.T) {
	eachRowTier(t, func(t *testing.T, _ *rowKernels) {
		r := rand.New(rand.NewPCG(1, 2))
		const headDim = 10
		norm, rotary := LayerNorm{random(r, 1, 3*headDim).Data, random(r, 1, 3*headDim).Data, 1e-5}, NewRotary(6, 10000)
		for _, rows := range []int{0, 1, 2, rowsPerTask, rowsPerTask + 1, 5 * rowsPerTask, 121} {
			x := random(r, rows, 3*headDim)
			normed, turned := New(rows, 3*headDim), New(rows, 3*headDim)
			Copy(turned, x)
			for i := range rows {
				norm.Apply(nil, Rows(normed, i, i+1), Rows(x, i, i+1))
				rotary.Apply(nil, Rows(turned, i, i+1), headDim, 7+i)
			}
			for threads := 1; threads <= 5; threads++ {
				p := NewPool(threads)
				y := New(rows, 3*headDim)
				norm.Apply(p, y, x)
				if !sameBits(y.Data, normed.Data) {
					t.Fatalf("%d rows on %d threads: other norms than row by row", rows, threads)
				}
				Copy(y, x)
				rotary.Apply(p, y, headDim, 7)
				if !sameBits(y.Data, turned.Data) {
					t.Fatalf("%d rows on %d threads: other turns than row by row", rows, threads)
				}
				p.Close()
			}
		}
	}, "sum", "squares", "normalise", "rotate")
}

func TestRotaryRefusesWrongShapes(t *testing.T) {
	for _, c := range []struct{ dims, headDim, cols int }{{6, 4, 8}, {6, 10, 25}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was taken", c)
				}
			}()
			NewRotary(c.dims, 10000).Apply(nil, New(1, c.cols), c.headDim, 0)
		}()
	}
}
