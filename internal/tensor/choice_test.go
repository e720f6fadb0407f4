package tensor

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// undecided has the test choose anew, among the kernels given, and sets all back behind it.
func undecided(t *testing.T, k kernels) {
	t.Helper()
	chosen, made, measured := active, decision.made, decision.measured
	t.Cleanup(func() { active, decision.made, decision.measured = chosen, made, measured })
	active, decision.made, decision.measured = k, false, nil
}

// slowed is kernels of which the panels of a form take longer, as they may on another CPU.
func slowed(k kernels, f Form, factor int) kernels {
	panel := k.products[f].panel
	k.products[f].panel = func(rows, n int, a []byte, lda int, b []byte, c []float32, ldc int) {
		scratch := make([]float32, len(c))
		for range factor {
			panel(rows, n, a, lda, b, scratch, ldc)
		}
		panel(rows, n, a, lda, b, c, ldc)
	}
	return k
}

func choices(t *testing.T) kernels {
	t.Helper()
	k := supported()[0]
	if len(k.choices) == 0 {
		t.Skipf("%s has no choices", k.tier)
	}
	return k
}

func TestSlowInstructionsAreNotChosen(t *testing.T) {
	k := choices(t)
	at := slices.IndexFunc(k.choices, func(c choice) bool { return c.name == "bf16" })
	if at < 0 {
		t.Skip("no choice of bf16")
	}
	undecided(t, slowed(k, BF16, 20))
	measured := Choose(nil)
	if m := measured[at]; m.Used != "widen" || !(m.Ways[1].Rate > 2*m.Ways[0].Rate) {
		t.Errorf("with a slow dot product: %+v", m)
	}
	if got := active.products[BF16].name; got != "panelBF16AVX512" {
		t.Errorf("%s is active", got)
	}
	if got := Kernels(); !strings.Contains(got, ",bf16=widen") {
		t.Errorf("kernels %q", got)
	}
	for f, want := range map[Form]string{F32: "f32", F16: "f16", BF16: "bf16 bf16=widen", Q8: "q8 bf16=widen", Q4: "q4 bf16=widen"} {
		if got := Arithmetic(f); !strings.HasPrefix(got+" ", want+" ") || f <= F16 && got != want {
			t.Errorf("%s is computed as %q, want %q", f, got, want)
		}
	}
	pinned, err := choose(Kernels())
	if err != nil || !maps.Equal(pinned.ways, active.ways) || pinned.products[BF16].name != active.products[BF16].name {
		t.Errorf("pinned by %q: %s, %v", Kernels(), pinned, err)
	}
}

func TestChoosingIsOnce(t *testing.T) {
	k := choices(t)
	undecided(t, k)
	if !Undecided() {
		t.Error("decided at the beginning")
	}
	first := Choose(nil)
	before := Kernels()
	other := slices.Clone(first)
	other[0].Ways = []Way{{first[0].Ways[0].Name, 1}, {first[0].Ways[1].Name, 2}}
	other[0].Used = other[0].Ways[1].Name
	if again := Choose(other); again[0].Used != first[0].Used || Kernels() != before || Undecided() {
		t.Errorf("chosen again: %+v, %s", again, Kernels())
	}

	undecided(t, k)
	NewPool(1).Close()
	if got := Choose(other); got != nil || Kernels() != string(k.tier) || Undecided() {
		t.Errorf("chosen behind the first pool: %+v, %s", got, Kernels())
	}

	undecided(t, k)
	if got := Choose(other); !slices.EqualFunc(got, other, func(a, b Measured) bool { return a.Used == b.Used && slices.Equal(a.Ways, b.Ways) }) {
		t.Errorf("what was measured before %+v, taken %+v", other, got)
	}
	if want := string(k.tier) + "," + other[0].Choice + "=" + other[0].Used; Kernels() != want {
		t.Errorf("%s, want %s", Kernels(), want)
	}
}

// TestChoosingAtTheSameTime is for the race detector.
func TestChoosingAtTheSameTime(t *testing.T) {
	undecided(t, choices(t))
	var all sync.WaitGroup
	names := make([]string, 6)
	for i := range names {
		all.Go(func() {
			if tier, _ := ActiveTier(); tier == "" {
				t.Error("no tier")
			}
			if Undecided() {
				Choose(nil)
			}
			p := NewPool(1)
			defer p.Close()
			dst := New(1, 1)
			NewWeight(p, F16, 1, 1, func(_ int, row []float32) { row[0] = 1 }).Apply(p, dst, New(1, 1), Epilogue{})
			names[i] = Kernels()
		})
	}
	all.Wait()
	if slices.ContainsFunc(names, func(n string) bool { return n != names[0] }) {
		t.Errorf("kernels %q", names)
	}
}

func TestWhatDoesNotFitIsMeasured(t *testing.T) {
	k := choices(t)
	good := func() (all []Measured) {
		for _, c := range k.choices {
			m := Measured{Choice: c.name, Used: c.ways[0].name}
			for _, w := range c.ways {
				m.Ways = append(m.Ways, Way{w.name, 7})
			}
			all = append(all, m)
		}
		return all
	}
	if !k.fits(good()) {
		t.Fatal("does not fit itself")
	}
	for what, damage := range map[string]func(all []Measured) []Measured{
		"fewer":            func(all []Measured) []Measured { return all[1:] },
		"more":             func(all []Measured) []Measured { return append(all, all[0]) },
		"another choice":   func(all []Measured) []Measured { all[0].Choice = "x"; return all },
		"another way":      func(all []Measured) []Measured { all[0].Ways[1].Name = "x"; return all },
		"no speed":         func(all []Measured) []Measured { all[0].Ways[1].Rate = 0; return all },
		"against the rule": func(all []Measured) []Measured { all[0].Used = all[0].Ways[1].Name; return all },
	} {
		if k.fits(damage(good())) {
			t.Errorf("%s fits", what)
		}
	}
	undecided(t, k)
	if got := Choose(good()[1:]); !k.fits(got) || got[0].Ways[0].Rate == 7 {
		t.Errorf("instead of too few: %+v", got)
	}
}

func TestOnlyClearlyFasterIsTaken(t *testing.T) {
	for _, c := range []struct {
		rates []float64
		want  string
	}{{[]float64{10, 9}, "a"}, {[]float64{10, 11.9}, "a"}, {[]float64{10, 12.1}, "b"}, {[]float64{10, 13, 14}, "c"}, {[]float64{10, 14, 13}, "b"}} {
		var ways []Way
		for i, r := range c.rates {
			ways = append(ways, Way{string(rune('a' + i)), r})
		}
		if got := fastest(ways); got != c.want {
			t.Errorf("%v: %s, want %s", c.rates, got, c.want)
		}
	}
}

func TestMeasuringIsShort(t *testing.T) {
	k := choices(t)
	undecided(t, k)
	start := time.Now()
	all := k.measure(turnsFor)
	if took := time.Since(start); took > time.Second { // some 10 ms on a machine with nothing else to do
		t.Errorf("it took %v", took)
	}
	for i, c := range k.choices {
		for j, w := range all[i].Ways {
			if w.Name != c.ways[j].name || !(w.Rate > 1e8 && w.Rate < 1e14) {
				t.Errorf("%s: %+v", c.name, w)
			}
		}
	}
	if !k.fits(all) || Kernels() != string(k.tier) {
		t.Errorf("%+v; kernels afterwards %s", all, Kernels())
	}
}

func TestForcedWays(t *testing.T) {
	for _, k := range supported() {
		for _, c := range k.choices {
			for i, w := range c.ways {
				forced := string(k.tier) + "," + c.name + "=" + w.name
				got, err := choose(forced)
				want := forced
				if i == 0 {
					want = string(k.tier)
				}
				if err != nil || got.String() != want {
					t.Errorf("%s gives %s, %v", forced, got, err)
				}
			}
		}
		for text, want := range map[string]string{"bf17=x": "bf17", "": `""`, "attention=f64": "attention", "attention": "attention"} {
			if _, err := choose(string(k.tier) + "," + text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s,%s: %v", k.tier, text, err)
			}
		}
	}
}

// TestAWayHasTheSameBitsOnAnyNumberOfThreads computes with every way of every choice.
func TestAWayHasTheSameBitsOnAnyNumberOfThreads(t *testing.T) {
	chosen := active
	defer func() { active = chosen }()
	r := rand.New(rand.NewPCG(31, 32))
	x, w := random(r, 61, 300), random(r, 100, 300)
	q := random(r, 61, 72)
	for _, k := range append(supported(), otherWays()...) {
		active = k
		for f := range formCount {
			if k.tier == Generic && f == F32 {
				continue // gonum's product
			}
			var want []float32
			for _, threads := range []int{1, 2, 5} {
				p := newPool(threads)
				y, a := New(61, 100), New(61, 72)
				NewWeight(p, f, 100, 300, func(o int, row []float32) { copy(row, Row(w, o)) }).Apply(p, y, x, Epilogue{})
				Attend(p, a, q, q, q, NewKV(AttentionForm(f), 1, 72, 61), false)
				got := append(slices.Clone(y.Data), a.Data...)
				if want == nil {
					want = got
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s, %s: other bits on %d threads", k, f, threads)
				}
				p.Close()
			}
		}
	}
}
