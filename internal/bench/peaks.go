package bench

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/mcllava/mcllava/internal/tensor"
)

// Peak is the most arithmetic that a form's products could do on all threads: what their instruction does on registers alone.
type Peak struct {
	Forms       []string `json:"forms"` // that use the instruction
	Instruction string   `json:"instruction"`
	FLOPS       float64  `json:"flop_per_second"` // the best seen in the whole run
}

// meter measures speeds beside the peak, which neighbours on the machine change from one moment to the next.
type meter struct {
	pool   *tensor.Pool
	slice  time.Duration      // of one measurement of a peak
	memory []byte             // larger than the caches
	flops  map[string]float64 // the best of each instruction, operations a second
	read   float64            // the best, bytes a second
}

// newMeter holds so many bytes of memory to read.
func newMeter(p *tensor.Pool, slice time.Duration, bytes int) *meter {
	m := &meter{pool: p, slice: slice, memory: make([]byte, bytes), flops: map[string]float64{}}
	const page = 4096
	for i := 0; i < len(m.memory); i += page { // so that no two pages are the one page of zeros
		m.memory[i] = 1
	}
	return m
}

// arithmetic measures the peak of a form, operations a second.
func (m *meter) arithmetic(f tensor.Form) func() float64 {
	return func() float64 {
		rate := tensor.RegisterRate(m.pool, f, m.slice)
		name := tensor.Instruction(f)
		m.flops[name] = max(m.flops[name], rate)
		return rate
	}
}

// reading measures the sustained reading of memory, bytes a second.
func (m *meter) reading() float64 {
	rate := tensor.ReadRate(m.pool, m.memory)
	m.read = max(m.read, rate)
	return rate
}

// peaks are the best that were seen of the instructions that the forms use.
func (m *meter) peaks(forms []tensor.Form) []Peak {
	var peaks []Peak
	for _, f := range forms {
		name := tensor.Instruction(f)
		if name == "" {
			continue
		}
		at := slices.IndexFunc(peaks, func(p Peak) bool { return p.Instruction == name })
		if at < 0 {
			at = len(peaks)
			peaks = append(peaks, Peak{Instruction: name, FLOPS: m.flops[name]})
		}
		peaks[at].Forms = append(peaks[at].Forms, f.String())
	}
	return peaks
}

// rate is a speed beside the peak around it, both a second.
type rate struct{ own, peak float64 }

// share is own over peak, 0 if no peak is known.
func (r rate) share() float64 {
	if r.peak == 0 {
		return 0
	}
	return r.own / r.peak
}

// turns is how often something is measured: so many times, and until it took so long in all.
type turns struct {
	least int
	room  time.Duration
}

// turn does some work, in operations or bytes, and says how long it took.
type turn func() (work float64, took time.Duration, err error)

// between measures how fast do works, in turns with the peak before and after each; it returns the turn with the median share,
// and the time that all of them took.
func between(ctx context.Context, n turns, peak func() float64, do turn) (rate, time.Duration, error) {
	var all []rate
	var sum time.Duration
	before := peak()
	for len(all) < n.least || sum < n.room {
		if err := ctx.Err(); err != nil {
			return rate{}, sum, err
		}
		work, took, err := do()
		if err != nil {
			return rate{}, sum, err
		}
		after := peak()
		all = append(all, rate{work / took.Seconds(), (before + after) / 2})
		before = after
		sum += took
	}
	return median(all), sum, nil
}

// median is the rate with the median share, or with the median speed if no peak is known.
func median(all []rate) rate {
	slices.SortFunc(all, func(a, b rate) int {
		if a.peak == 0 || b.peak == 0 {
			return cmp.Compare(a.own, b.own)
		}
		return cmp.Compare(a.share(), b.share())
	})
	return all[len(all)/2]
}
