package tensor

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// Section is one operation of a pool: what stood between two places at which its workers met.
type Section struct {
	Operation string          // with its sizes, such as "product 729×1152×4304"
	Before    time.Duration   // since the section before, in which the caller alone was at work
	Took      time.Duration   // from the call of the workers until the last was done
	Tasks     []time.Duration // in order
}

// Record returns the sections that f runs on the pool, as its workers share them. The last one has no tasks: what f did after all
// others. Nobody else may use the pool meanwhile. F may ask for the number of sections up to then.
func (p *Pool) Record(f func(sections func() int)) []Section { return p.record(&recording{}, f) }

// RecordAlone is Record of a pool of so many threads, whatever p has: operations are cut into as many tasks, but the caller runs
// each by itself, one after the other. Times are those of worked where they are shorter than by the clock: worked is how long the
// calling thread has run, other programs left out.
func (p *Pool) RecordAlone(threads int, worked func() time.Duration, f func(sections func() int)) []Section {
	own := p.scratch
	defer func() { p.scratch = own }()
	p.scratch = append(append([][]float32(nil), own[0]), make([][]float32, threads-1)...)
	return p.record(&recording{worked: worked}, f)
}

func (p *Pool) record(r *recording, f func(sections func() int)) []Section {
	p.recording = r
	defer func() { p.recording = nil }()
	r.free = r.start()
	f(func() int { return len(r.sections) })
	return append(r.sections, Section{Before: r.since(r.free)})
}

// recording is a Record under way.
type recording struct {
	worked   func() time.Duration // nil where tasks are shared
	sections []Section
	free     moment // when the last section ended
}

// moment is a time by both clocks.
type moment struct {
	clock  time.Time
	worked time.Duration
}

func (r *recording) start() (m moment) {
	if r.worked != nil {
		m.worked = r.worked()
	}
	m.clock = time.Now()
	return m
}

func (r *recording) since(m moment) time.Duration {
	took := time.Since(m.clock)
	if r.worked != nil {
		took = min(took, r.worked()-m.worked)
	}
	return took
}

func (r *recording) run(p *Pool, tasks int, w work) {
	before := r.since(r.free)
	t := &stopwatch{w, r, make([]time.Duration, tasks)}
	s := Section{Operation: operationOf(w), Before: before, Tasks: t.took}
	start := r.start()
	if r.worked != nil {
		for i := range tasks {
			t.do(0, i)
		}
	} else {
		p.perform(tasks, t)
	}
	s.Took = r.since(start)
	r.sections = append(r.sections, s)
	r.free = r.start()
}

// stopwatch is work of which each task is timed.
type stopwatch struct {
	work work
	r    *recording
	took []time.Duration
}

func (t *stopwatch) do(worker, task int) {
	start := t.r.start()
	t.work.do(worker, task)
	t.took[task] = t.r.since(start)
}

// operationOf names an operation and its sizes; one that Run was called for bears the name of the function that did so.
func operationOf(w work) string {
	switch w := w.(type) {
	case *multiplication:
		out := 0
		for _, part := range w.parts {
			out += part.w.out
		}
		return fmt.Sprintf("product %d×%d×%d", w.x.Rows, w.x.Cols, out)
	case *conversion:
		return fmt.Sprintf("conversion %d×%d", w.m.x.Rows, w.m.x.Cols)
	case *attention:
		return fmt.Sprintf("attention %d×%d, %d heads", w.q.Rows, w.kv.length, w.kv.heads)
	case *appending:
		return fmt.Sprintf("keys and values %d, %d heads", w.k.Rows, w.kv.heads)
	case function:
		var callers [16]uintptr
		frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers[:])])
		for more := true; more; {
			var f runtime.Frame
			f, more = frames.Next()
			name := f.Function[strings.LastIndexByte(f.Function, '/')+1:]
			if !strings.Contains(name, "ecording)") && !strings.Contains(name, "(*Pool)") && name != "tensor.overRows" && name != "tensor.operationOf" {
				return strings.NewReplacer("(*", "", ")", "").Replace(name)
			}
		}
	}
	return reflect.TypeOf(w).String()
}

// SpinTime is about how long a worker without work looks for some before it sleeps.
func SpinTime() time.Duration {
	start := time.Now()
	for range spins {
		pause()
	}
	return time.Since(start)
}
