package tensor

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// choice is an operation that a tier has more than one way for. Which is the fastest differs between CPUs that have the same
// instructions: there are some on which VDPBF16PS takes more than twice as long as a fused multiply-add.
type choice struct {
	name  string
	forms []Form // whose results depend on it
	ways  []way  // the first is taken unless another one is clearly faster
	// load makes something to do with the active kernels, of so many operations.
	load func(p *Pool) (operations float64, do func())
}

// way is one of the ways of a choice; take changes the kernels to it, and nil leaves them.
type way struct {
	name string
	take func(k *kernels)
}

// The choices that tiers have, with the first way that of the tier's own table.
func bf16Choice(widen product) choice {
	return choice{"bf16", []Form{BF16, Q8, Q4}, []way{{"dot", nil}, {"widen", func(k *kernels) { k.products[BF16] = widen }}}, productLoad(BF16)}
}

func int8Choice(q8, q4 product) choice {
	pairs := func(k *kernels) { k.products[Q8], k.products[Q4] = q8, q4 }
	return choice{"int8", []Form{Q8, Q4}, []way{{"dot", nil}, {"pairs", pairs}}, productLoad(Q8)}
}

func attentionChoice() choice {
	return choice{"attention", []Form{BF16, Q8, Q4}, []way{{"bf16", nil}, {"f32", func(k *kernels) { k.attentionF32 = true }}}, attentionLoad}
}

// productLoad is a product like those of the vision tower, in a form.
func productLoad(f Form) func(p *Pool) (float64, func()) {
	const rows, in, out = 112, 1152, 64
	return func(p *Pool) (float64, func()) {
		x, y := New(rows, in), New(rows, out)
		waves(x.Data)
		w := pack(p, f, out, in, func(_ int, row []float32) { waves(row) })
		return 2 * rows * in * out, func() { w.Apply(p, y, x, Epilogue{}) }
	}
}

// attentionLoad is a head of the vision tower, for some of its rows.
func attentionLoad(p *Pool) (float64, func()) {
	const rows, positions, headDim = 196, 729, 72
	k, dst := New(positions, headDim), New(rows, headDim)
	waves(k.Data)
	q := Rows(k, 0, rows)
	memory := aligned(KVBytes(F32, 1, headDim, positions))
	return 4 * rows * positions * headDim, func() {
		f := AttentionForm(BF16)
		kv := KVIn(f, 1, headDim, positions, memory[:KVBytes(f, 1, headDim, positions)], 0)
		Attend(p, dst, q, k, k, kv, false)
	}
}

// waves fills x with values from -1 to 1.
func waves(x []float32) {
	for i := range x {
		x[i] = float32(i*37%101)/50 - 1
	}
}

// AttentionForm is the form of keys and values that all rows look at, and that are read as often: that of KVForm, or float32 where
// the active kernels are faster at it.
func AttentionForm(weights Form) Form {
	if active.attentionF32 {
		return F32
	}
	return KVForm(weights)
}

// taken is kernels with a way for each of the choices; those that are not named, or by another name, are the first.
func (k kernels) taken(ways map[string]string) kernels {
	for _, c := range k.choices {
		for _, w := range c.ways[1:] {
			if w.name == ways[c.name] {
				if w.take(&k); k.ways == nil {
					k.ways = map[string]string{}
				}
				k.ways[c.name] = w.name
			}
		}
	}
	return k
}

// parseWays reads what follows the tier, such as "bf16=widen".
func (k kernels) parseWays(words []string) (map[string]string, error) {
	ways := map[string]string{}
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		at := slices.IndexFunc(k.choices, func(c choice) bool { return c.name == name })
		if at < 0 {
			names := "no choices"
			if len(k.choices) > 0 {
				names = "the choices " + joined(k.choices, func(c choice) string { return c.name })
			}
			return nil, fmt.Errorf("%q: %s has %s", word, k.tier, names)
		}
		c := k.choices[at]
		if !slices.ContainsFunc(c.ways, func(w way) bool { return w.name == value }) {
			return nil, fmt.Errorf("%q: %s of %s can be %s", word, name, k.tier, joined(c.ways, func(w way) string { return w.name }))
		}
		ways[name] = value
	}
	return ways, nil
}

func joined[T any](all []T, name func(T) string) string {
	var names []string
	for _, v := range all {
		names = append(names, name(v))
	}
	return strings.Join(names, ", ")
}

// Kernels names the kernels in use: the tier, and each choice that differs from what the tier has first, as in "avx512,bf16=widen".
// It is what TierVariable pins them with.
func Kernels() string { return active.String() }

func (k kernels) String() string {
	return strings.Join(append([]string{string(k.tier)}, k.others(nil)...), ",")
}

// Arithmetic names how weights of a form are computed with, besides the tier: the form, and each choice that gives its results other
// bits than what the tier has first does, as in "q8 bf16=widen".
func Arithmetic(f Form) string {
	return strings.Join(append([]string{f.String()}, active.others(&f)...), " ")
}

// others are the choices that are not the first, in order; those that a form depends on, if it is not nil.
func (k kernels) others(f *Form) (names []string) {
	for _, c := range k.choices {
		if w, ok := k.ways[c.name]; ok && (f == nil || slices.Contains(c.forms, *f)) {
			names = append(names, c.name+"="+w)
		}
	}
	return names
}

// Measured is how fast each of the ways of a choice was, and which is in use.
type Measured struct {
	Choice string `json:"choice"`
	Ways   []Way  `json:"ways"`
	Used   string `json:"used"`
}

// Way is one way, and the operations a second of one thread.
type Way struct {
	Name string  `json:"way"`
	Rate float64 `json:"flop_per_second"`
}

// decision is made once: by the environment, by Choose, or by the first pool, which takes the first of each choice.
var decision struct {
	sync.Mutex
	made     bool
	measured []Measured
}

// Undecided says whether Choose would choose.
func Undecided() bool {
	decision.Lock()
	defer decision.Unlock()
	return !decision.made && len(active.choices) > 0
}

// Choose takes the fastest way for each choice of the active tier, as it was measured before or, if that does not fit, is now, in
// some milliseconds. It returns what it was by; nil if there is nothing to choose. It must come before the first NewPool, after which the
// kernels never change; a later call returns the same.
func Choose(before []Measured) []Measured {
	decision.Lock()
	defer decision.Unlock()
	if decision.made || len(active.choices) == 0 {
		return decision.measured
	}
	decision.made = true
	if !active.fits(before) {
		before = active.measure(turnsFor)
	}
	decision.measured = before
	active = active.taken(used(before))
	return before
}

// Measurements are what Choose chose by; nil if it did not.
func Measurements() []Measured {
	decision.Lock()
	defer decision.Unlock()
	return decision.measured
}

// decide ends the time in which kernels can be chosen.
func decide() {
	decision.Lock()
	decision.made = true
	decision.Unlock()
}

func used(all []Measured) map[string]string {
	ways := map[string]string{}
	for _, m := range all {
		ways[m.Choice] = m.Used
	}
	return ways
}

// fits says whether what was measured is of all choices and their ways, and followed the rule.
func (k kernels) fits(before []Measured) bool {
	return slices.EqualFunc(k.choices, before, func(c choice, m Measured) bool {
		return c.name == m.Choice && slices.EqualFunc(c.ways, m.Ways, func(a way, b Way) bool { return a.name == b.Name && b.Rate > 0 }) && m.Used == fastest(m.Ways)
	})
}

// clearly is how much faster another way must be than the first, so that two runs on one machine choose alike.
const clearly = 1.2

// fastest is the first way, or the fastest of those that are clearly faster.
func fastest(ways []Way) string {
	best := ways[0]
	best.Rate *= clearly
	for _, w := range ways[1:] {
		if w.Rate > best.Rate {
			best = w
		}
	}
	return best.Name
}

// turnsFor is how long a choice is measured, with leastTurns of each way at least.
const (
	turnsFor   = 2500 * time.Microsecond
	leastTurns = 3
)

// measure measures the choices one after the other, each with those before it taken: the ways in turns, on one thread. The fastest turn
// of each counts, since a turn is much shorter than the time that other programs take a core for.
func (k kernels) measure(room time.Duration) (all []Measured) {
	chosen := active
	defer func() { active = chosen }()
	p := newPool(1)
	defer p.Close()
	ways := map[string]string{}
	for _, c := range k.choices {
		active = k.taken(ways)
		operations, do := c.load(p)
		m := Measured{Choice: c.name, Ways: make([]Way, len(c.ways))}
		for start, n := time.Now(), -1; n < leastTurns || time.Since(start) < room; n++ {
			for i, w := range c.ways {
				ways[c.name] = w.name
				active = k.taken(ways)
				begun := time.Now()
				do()
				rate := operations / max(time.Since(begun), time.Nanosecond).Seconds()
				if m.Ways[i].Name = w.name; n >= 0 { // the first turn touches memory for the first time
					m.Ways[i].Rate = max(m.Ways[i].Rate, rate)
				}
			}
		}
		m.Used = fastest(m.Ways)
		ways[c.name] = m.Used
		all = append(all, m)
	}
	return all
}
