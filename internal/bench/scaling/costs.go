package main

import (
	"cmp"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/mcllava/mcllava/internal/tensor"
)

// meeting is one section in which the caller and one helper wait for each other.
type meeting struct{ call, begin, finish, all time.Duration }

func meet(p *tensor.Pool) meeting {
	var met atomic.Bool
	var called, begun, over time.Time
	start := time.Now()
	p.Run(2, func(_, task int) {
		if task == 1 {
			begun = time.Now()
			met.Store(true)
			return
		}
		called = time.Now()
		for n := 0; !met.Load(); n++ {
			if n > 1<<16 { // the helper may have no core
				runtime.Gosched()
			}
		}
		over = time.Now()
	})
	end := time.Now()
	return meeting{called.Sub(start), max(0, begun.Sub(called)), end.Sub(over), end.Sub(start)}
}

// quickest is the mean of the few shortest of so many meetings: in the others one of the two had no core, where other programs take
// turns on them.
func quickest(p *tensor.Pool, times int, pause time.Duration) (mean meeting) {
	var all []meeting
	for range times {
		time.Sleep(pause)
		all = append(all, meet(p))
	}
	slices.SortFunc(all, func(a, b meeting) int { return cmp.Compare(a.all, b.all) })
	n := min(times, 10)
	for _, m := range all[:n] {
		mean.call += m.call / time.Duration(n)
		mean.begin += m.begin / time.Duration(n)
		mean.finish += m.finish / time.Duration(n)
	}
	return mean
}

// measureCosts measures on a pool of two threads, which needs two cores.
func measureCosts() costs {
	p := tensor.NewPool(2)
	defer p.Close()
	c := costs{spin: tensor.SpinTime(), nap: time.Hour}
	awake, asleep := quickest(p, 20000, 0), quickest(p, 300, 2*time.Millisecond)
	c.call, c.begin, c.finish = awake.call, awake.begin, awake.finish
	c.callAsleep, c.beginAsleep = asleep.call, asleep.begin
	for range 50 {
		c.spin = min(c.spin, tensor.SpinTime())
		start := time.Now()
		time.Sleep(20 * time.Microsecond)
		c.nap = min(c.nap, time.Since(start))
	}
	return c
}
