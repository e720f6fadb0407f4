package tensor

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// BenchmarkProduct measures the float32 product at the model's shapes as a share of what multiply-adds on registers alone
// reach on the same cores, and as a multiple of gonum's product: the three take turns, so that all see the same machine.
func BenchmarkProduct(b *testing.B) {
	for _, s := range []struct{ rows, in, out int }{{729, 1152, 4304}, {729, 4304, 1152}, {729, 1152, 1152}, {768, 2560, 10240}, {768, 10240, 2560}} {
		b.Run(fmt.Sprintf("%dx%dx%d", s.rows, s.in, s.out), func(b *testing.B) {
			if active.tier == Generic {
				b.Skip("the generic tier is gonum's product")
			}
			r := rand.New(rand.NewPCG(1, 2))
			p := NewPool(0)
			defer p.Close()
			x, w, y := random(r, s.rows, s.in), random(r, s.out, s.in), New(s.rows, s.out)
			l := Linear{Weight: weight(w)}
			flops := 2 * float64(s.rows) * float64(s.in) * float64(s.out)
			l.Apply(p, y, x)
			var ours, gonums, peak time.Duration
			for range b.N {
				ours += timed(func() {
					for range 4 {
						l.Apply(p, y, x)
					}
				})
				peak += timed(func() { registerPeak(p.Threads()) })
				gonums += timed(func() { blas32.Gemm(blas.NoTrans, blas.Trans, 1, x, w, 0, y) })
			}
			peakRate := float64(b.N) * registerFlops(p.Threads()) / peak.Seconds()
			rate := 4 * float64(b.N) * flops / ours.Seconds()
			b.ReportMetric(rate/1e9, "GFLOP/s")
			b.ReportMetric(100*rate/peakRate, "%peak")
			b.ReportMetric(gonums.Seconds()*4/ours.Seconds(), "×gonum")
			b.ReportMetric(peakRate/1e9, "GFLOP/s-peak")
		})
	}
}

func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

const registerSteps = 4_000_000

func registerFlops(threads int) float64 {
	lanes := map[Tier]int{AVX512: 16, AVX2: 8}[active.tier]
	return float64(threads) * registerSteps * 12 * 2 * float64(lanes)
}

// registerPeak runs the tier's register loop on every thread.
func registerPeak(threads int) {
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			if active.tier == AVX512 {
				peakAVX512(registerSteps)
			} else {
				peakAVX2(registerSteps)
			}
		})
	}
	all.Wait()
}
