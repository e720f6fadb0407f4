package score

import (
	"math"
	"slices"
	"strconv"
	"testing"
	"time"
)

func ones(right, of int) []float64 {
	return append(slices.Repeat([]float64{1}, right), make([]float64, of-right)...)
}

// TestInterval compares with the quantiles of the binomial distribution, which right and wrong answers resampled have: computed by exact
// sums, as scipy.stats.binom.ppf does.
func TestInterval(t *testing.T) {
	for _, c := range []struct {
		right, of int
		low, high float64
	}{
		{144, 191, 132. / 191, 155. / 191},
		{20, 100, 0.12, 0.28},
		{700, 1000, 0.671, 0.728},
		{0, 50, 0, 0},
		{50, 50, 1, 1},
		{1, 1, 1, 1},
	} {
		for seed := range uint64(5) {
			low, high := Interval(ones(c.right, c.of), seed)
			// One step either way is what 10,000 resamples leave open.
			if step := 1.01 / float64(c.of); math.Abs(low-c.low) > step || math.Abs(high-c.high) > step {
				t.Errorf("%d of %d, seed %d: %v to %v, expected %v to %v", c.right, c.of, seed, low, high, c.low, c.high)
			}
			if again, _ := Interval(ones(c.right, c.of), seed); again != low {
				t.Errorf("%d of %d, seed %d: %v and then %v", c.right, c.of, seed, low, again)
			}
		}
	}
	if low, high := Interval(nil, 1); low != 0 || high != 0 {
		t.Errorf("nothing: %v to %v", low, high)
	}
}

// TestIntervalSame holds the very bits, which are to be the same on every machine.
func TestIntervalSame(t *testing.T) {
	scores := []float64{0.3, 0.6, 0.9, 1, 0, 0, 1, 0.3, 0.6, 1, 0.1, 0.7, 0.2}
	low, high := Interval(scores, 7)
	if low != intervalLow || high != intervalHigh {
		t.Errorf("%v to %v, expected %v to %v", low, high, intervalLow, intervalHigh)
	}
	// The normal approximation, for scale: mean 0.515, standard error 0.104.
	if math.Abs(low-0.31) > 0.02 || math.Abs(high-0.72) > 0.02 {
		t.Errorf("%v to %v, expected about 0.31 to 0.72", low, high)
	}
}

// TestShareInterval has a width where resampling has none.
func TestShareInterval(t *testing.T) {
	for _, c := range []struct {
		scores    []float64
		groups    []string
		low, high float64
	}{
		{[]float64{1}, []string{"a"}, 0.206549, 1},
		{[]float64{0}, []string{"a"}, 0, 0.793451},
		{[]float64{1, 1, 1}, []string{"a", "a", "a"}, 0.206549, 1},
		{[]float64{1, 1, 1}, []string{"a", "b", "b"}, 0.342380, 1},
		{[]float64{1, 1}, []string{"", ""}, 0.342380, 1},
		{[]float64{0.3}, []string{"a"}, 0, 1},
		{[]float64{1, 0}, []string{"a", "a"}, 0, 1},
		{[]float64{1, 0}, []string{"a", "b"}, 0, 1},
		{nil, nil, 0, 0},
	} {
		low, high := ShareInterval(c.scores, c.groups, 1)
		if math.Abs(low-c.low) > 1e-6 || math.Abs(high-c.high) > 1e-6 {
			t.Errorf("%v in %v: %v to %v, expected %v to %v", c.scores, c.groups, low, high, c.low, c.high)
		}
	}
	scores, groups := ones(20, 50), slices.Repeat([]string{""}, 50)
	low, high := ShareInterval(scores, groups, 1)
	if l, h := GroupedInterval(scores, groups, 1); low != l || high != h {
		t.Errorf("20 of 50: %v to %v, expected those of the bootstrap", low, high)
	}
	if d, low, high := Difference([]float64{0}, []float64{1}, nil, 1); d != 1 || low != -1 || high != 1 {
		t.Errorf("a difference of one item: %v, %v to %v", d, low, high)
	}
	if d, low, high := Difference([]float64{0, 1}, []float64{1, 1}, []string{"a", "a"}, 1); d != 0.5 || low != -1 || high != 1 {
		t.Errorf("a difference of one picture: %v, %v to %v", d, low, high)
	}
}

func TestGroupedInterval(t *testing.T) {
	scores := ones(60, 100)
	low, high := Interval(scores, 3)
	var four []float64
	var groups, own []string
	for i, s := range scores {
		for range 4 {
			four, groups, own = append(four, s), append(groups, strconv.Itoa(i)), append(own, "")
		}
	}
	if l, h := GroupedInterval(four, groups, 3); l != low || h != high {
		t.Errorf("four equal scores a group: %v to %v, expected as of one, %v to %v", l, h, low, high)
	}
	l, h := GroupedInterval(four, own, 3)
	if a, b := Interval(four, 3); l != a || h != b {
		t.Errorf("without groups: %v to %v, expected %v to %v", l, h, a, b)
	}
	if ratio := (high - low) / (h - l); math.Abs(ratio-2) > 0.15 {
		t.Errorf("the interval of groups of four is %.2f times that of items, expected 2", ratio)
	}
	// Groups of unlike size: the mean is over items.
	if l, h := GroupedInterval([]float64{1, 1, 1, 1}, []string{"a", "a", "a", "b"}, 1); l != 1 || h != 1 {
		t.Errorf("all right: %v to %v", l, h)
	}
}

func TestDifference(t *testing.T) {
	a, b := ones(50, 200), ones(50, 200)
	d, low, high := Difference(a, b, nil, 1)
	if d != 0 || low != 0 || high != 0 {
		t.Errorf("the same: %v, %v to %v", d, low, high)
	}
	b = ones(90, 200) // 40 items more: the difference of each is 0 or 1
	d, low, high = Difference(a, b, nil, 1)
	want, to := Interval(ones(40, 200), 1)
	if math.Abs(d-0.2) > 1e-12 || math.Abs(low-want) > 0.006 || math.Abs(high-to) > 0.006 {
		t.Errorf("%v, %v to %v, expected 0.2, %v to %v", d, low, high, want, to)
	}
	if d, low, high = Difference(b, a, make([]string, 200), 1); d >= 0 || low > d || high < d || high >= 0 {
		t.Errorf("the other way: %v, %v to %v", d, low, high)
	}
}

// TestWilson compares with the formula of Wilson (1927), worked out by hand.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{{8, 10, 0.4902, 0.9433}, {0, 4, 0, 0.4899}, {1, 1, 0.2065, 1}, {0, 0, 0, 1}} {
		if low, high := Wilson(c.hits, c.n); !(math.Abs(low-c.low) <= 5e-5) || !(math.Abs(high-c.high) <= 5e-5) {
			t.Errorf("%d of %d: %.4f to %.4f, expected %.4f to %.4f", c.hits, c.n, low, high, c.low, c.high)
		}
	}
}

// TestMcNemar has p-values of scipy.stats.binomtest(onlyA, onlyA+onlyB).pvalue, computed in whole fractions.
func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		a, b int
		p    float64
	}{
		{0, 0, 1},
		{0, 1, 1},
		{0, 5, 0.0625},
		{3, 9, 0.14599609375},
		{10, 10, 1},
		{1, 9, 0.021484375},
		{15, 25, 0.1538599441628321},
		{40, 60, 0.05688793364098079},
		{101, 121, 0.20213432065995873},
		{59, 6, 4.964650327128617e-12},
		{1000, 1100, 0.030720707864242296},
	} {
		for _, p := range []float64{McNemar(c.a, c.b), McNemar(c.b, c.a)} {
			if !(math.Abs(p-c.p) <= 1e-9*c.p) {
				t.Errorf("%d and %d: %v, expected %v", c.a, c.b, p, c.p)
			}
		}
	}
	if p := McNemar(50_000, 50_000); p != 1 {
		t.Errorf("100,000 items: %v", p)
	}
}

func TestQuantile(t *testing.T) {
	for q, want := range map[float64]float64{0: 1, 0.025: 1.1, 0.3: 2.2, 0.5: 3, 0.975: 9.4, 1: 10} { // as numpy.quantile
		if got := quantile([]float64{1, 2, 3, 4, 10}, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v: %v, expected %v", q, got, want)
		}
	}
}

// TestIntervalOfMany is bounded in time, and then near the normal approximation.
func TestIntervalOfMany(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 200 million numbers")
	}
	began := time.Now()
	low, high := Interval(ones(140_000, 200_000), 1)
	const half = 0.00200837 // 1.96 times the standard error
	if math.Abs(low-(0.7-half)) > 0.0002 || math.Abs(high-(0.7+half)) > 0.0002 {
		t.Errorf("%v to %v", low, high)
	}
	t.Log(time.Since(began))
}

// Of TestIntervalSame.
const (
	intervalLow  = 0.3153846153846154
	intervalHigh = 0.7153846153846153
)
