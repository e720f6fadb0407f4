package tensor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkProduct measures the products at the model's shapes as a share of what the form's instructions on registers alone
// reach on the same cores: the two take turns, so that both see the same machine.
func BenchmarkProduct(b *testing.B) {
	for f := range formCount {
		for _, s := range []struct{ rows, in, out int }{{729, 1152, 4304}, {729, 4304, 1152}, {729, 1152, 1152}, {768, 2560, 10240}, {768, 10240, 2560}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", f, s.rows, s.in, s.out), func(b *testing.B) {
				if active.tier == Generic {
					b.Skip("no peak is known")
				}
				r := rand.New(rand.NewPCG(1, 2))
				p := NewPool(0)
				defer p.Close()
				x, y := random(r, s.rows, s.in), New(s.rows, s.out)
				row := random(r, 1, s.in).Data
				l := Linear{Weight: NewWeight(p, f, s.out, s.in, func(_ int, dst []float32) { copy(dst, row) })}
				flops := 2 * float64(s.rows) * float64(s.in) * float64(s.out)
				l.Apply(p, y, x)
				var ours, peak time.Duration
				for range b.N {
					ours += timed(func() {
						for range 4 {
							l.Apply(p, y, x)
						}
					})
					peak += timed(func() { registerPeak(f, p.Threads()) })
				}
				peakRate := float64(b.N) * registerFlops(f, p.Threads()) / peak.Seconds()
				rate := 4 * float64(b.N) * flops / ours.Seconds()
				b.ReportMetric(rate/1e9, "GFLOP/s")
				b.ReportMetric(100*rate/peakRate, "%peak")
				b.ReportMetric(peakRate/1e9, "GFLOP/s-peak")
			})
		}
	}
}

// BenchmarkFolded measures what attention at the shape of the vision tower takes with the last 8 columns of the values in a folded
// panel, and what without: the two take turns. Each is the median of its runs, on one thread.
func BenchmarkFolded(b *testing.B) {
	const positions, heads, headDim = 729, 16, 72
	for _, form := range []Form{F32, BF16} {
		b.Run(form.String(), func(b *testing.B) {
			chosen := active
			defer func() { active = chosen }()
			folded := NewKV(form, heads, headDim, positions)
			active.products[form].folded = nil
			plain := NewKV(form, heads, headDim, positions)
			active = chosen
			if !folded.folded {
				b.Skip("no panels are folded")
			}
			p := NewPool(1)
			defer p.Close()
			x, dst := random(rand.New(rand.NewPCG(1, 2)), positions, heads*headDim), New(positions, heads*headDim)
			var attends, products [2][]time.Duration
			for n := range 2 * b.N {
				kv := []*KV{plain, folded}[n%2]
				kv.Truncate(0)
				attends[n%2] = append(attends[n%2], timed(func() { Attend(p, dst, x, x, x, kv, false) }))
				products[n%2] = append(products[n%2], timed(func() { timesValues(kv) }))
			}
			for i, name := range []string{"plain", "folded"} {
				b.ReportMetric(median(attends[i]), "µs/attend-"+name)
				b.ReportMetric(median(products[i]), "µs/values-"+name)
			}
		})
	}
}

// timesValues multiplies blocks of probabilities, all zero, by the values of every head.
func timesValues(kv *KV) {
	k := &active.products[kv.form]
	ldp := stride(k.x.bytes(kv.length))
	probabilities, sums := make([]byte, attentionRows*ldp), New(attentionRows, panels(kv.headDim)*panelWidth)
	for h := range kv.heads {
		for range kv.length / attentionRows {
			for i := range panels(kv.headDim) {
				width := min(panelWidth, kv.headDim-i*panelWidth)
				k.set(columns(sums, i*panelWidth, (i+1)*panelWidth), probabilities, ldp, kv.length, kv.valuePanel(h, i), width, kv.folds(i))
			}
		}
	}
}

// median is in microseconds.
func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2]) / float64(time.Microsecond)
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

const registerSteps = 4_000_000

func registerFlops(f Form, threads int) float64 {
	perVector := map[Form]float64{F32: 16, F16: 16, BF16: 32, Q8: 64, Q4: 64}[f]
	return float64(threads) * registerSteps * 12 * 2 * perVector
}

// registerPeak runs the form's register loop on every thread.
func registerPeak(f Form, threads int) {
	loop := map[Form]func(int){F32: peakAVX512, F16: peakAVX512, BF16: peakBF16, Q8: peakVNNI, Q4: peakVNNI}[f]
	var all sync.WaitGroup
	for range threads {
		all.Go(func() { loop(registerSteps) })
	}
	all.Wait()
}
