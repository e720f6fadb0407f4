package main

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
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

// meetings are so many of them, the shortest first: in the others one of the two had no core, where other programs take turns on them.
func meetings(p *tensor.Pool, times int, pause time.Duration) []meeting {
	var all []meeting
	for range times {
		time.Sleep(pause)
		all = append(all, meet(p))
	}
	slices.SortFunc(all, func(a, b meeting) int { return cmp.Compare(a.all, b.all) })
	return all
}

// low is what one in fifty is below, without what it takes to read the clock.
func low(all []meeting, what func(meeting) time.Duration) time.Duration {
	var times []time.Duration
	for _, m := range all {
		times = append(times, what(m))
	}
	slices.Sort(times)
	clock := time.Hour
	for range 100 {
		start := time.Now()
		clock = min(clock, time.Since(start))
	}
	return max(0, times[len(times)/50]-clock)
}

// begins is how long the helper took in the shortest meetings, on average.
func begins(all []meeting) (mean time.Duration) {
	const few = 10
	for _, m := range all[:few] {
		mean += m.begin / few
	}
	return mean
}

// measureCosts measures on a pool of two threads, which needs two cores.
func measureCosts() costs {
	p := tensor.NewPool(2)
	defer p.Close()
	call, finish := func(m meeting) time.Duration { return m.call }, func(m meeting) time.Duration { return m.finish }
	awake, asleep := meetings(p, 20000, 0), meetings(p, 300, 2*time.Millisecond)
	c := costs{
		call: low(awake, call), begin: begins(awake), finish: low(awake, finish),
		callAsleep: low(asleep, call), beginAsleep: begins(asleep),
		spin: time.Hour, nap: time.Hour,
	}
	for range 50 {
		c.spin = min(c.spin, tensor.SpinTime())
		start := time.Now()
		time.Sleep(20 * time.Microsecond)
		c.nap = min(c.nap, time.Since(start))
	}
	return c
}

// fields are the costs in the order in which they are printed and read.
func (c *costs) fields() []*time.Duration {
	return []*time.Duration{&c.call, &c.begin, &c.finish, &c.callAsleep, &c.beginAsleep, &c.spin, &c.nap}
}

func (c costs) String() string {
	var texts []string
	for _, d := range c.fields() {
		texts = append(texts, d.String())
	}
	return strings.Join(texts, ",")
}

func parseCosts(text string) (c costs, err error) {
	texts, fields := strings.Split(text, ","), c.fields()
	if len(texts) != len(fields) {
		return c, fmt.Errorf("costs are %q, expected %d durations", text, len(fields))
	}
	for i, t := range texts {
		if *fields[i], err = time.ParseDuration(t); err != nil || *fields[i] < 0 {
			return c, fmt.Errorf("costs are %q, expected durations of 0 or more such as 100ns", text)
		}
	}
	return c, nil
}
