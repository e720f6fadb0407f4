package tensor

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcllava/mcllava/internal/fault"
)

// Pool is a fixed set of goroutines that share the tasks of one operation after the other.
// It serves one operation at a time: a second Run waits for the first.
type Pool struct {
	busy    sync.Mutex
	helpers []*helper   // the caller of Run is worker 0
	scratch [][]float32 // one a worker, kept between operations
	job     job

	apply          sync.Mutex // held while a product uses what follows
	activations    []byte
	multiplication multiplication
	conversion     conversion
	attention      attention
	appending      appending

	recording *recording // nil but for measurements
}

// work is an operation cut into tasks.
type work interface {
	do(worker, task int)
}

// job is the operation under way.
type job struct {
	work  work
	spans []span              // one a worker
	fault atomic.Pointer[any] // the panic of a helper that could not read memory
}

// span is a row of tasks from the lower to below the upper half of its bits. Its worker takes them from the front, so that it
// reads on where it stopped; workers that are done with theirs take from the back.
type span struct {
	bounds atomic.Uint64
	_      [alignment - 8]byte // no two in one cache line
}

func (s *span) set(from, to int) { s.bounds.Store(uint64(from) | uint64(to)<<32) }

// front takes the first task, back the last; ok is false when there is none.
func (s *span) front() (task int, ok bool) {
	for {
		b := s.bounds.Load()
		from, to := uint32(b), uint32(b>>32)
		if from >= to {
			return 0, false
		}
		if s.bounds.CompareAndSwap(b, uint64(from+1)|uint64(to)<<32) {
			return int(from), true
		}
	}
}

func (s *span) back() (task int, ok bool) {
	for {
		b := s.bounds.Load()
		from, to := uint32(b), uint32(b>>32)
		if from >= to {
			return 0, false
		}
		if s.bounds.CompareAndSwap(b, uint64(from)|uint64(to-1)<<32) {
			return int(to - 1), true
		}
	}
}

// helper is a worker besides the caller.
type helper struct {
	state  atomic.Uint32
	asleep atomic.Bool
	wake   chan struct{}
	closed bool
	_      [alignment]byte // what one waits for shares no cache line with another
}

// What a helper is at. The caller sets called, and sets idle again if the helper has not begun when all tasks are taken: on a busy
// machine it may not run for a long time. All else is set by the helper.
const (
	idle uint32 = iota
	called
	working
)

// spins is how often a worker looks for what it waits for before it sleeps: some 20 to 200 µs by CPU, longer than the gap between two
// operations of a layer.
const spins = 4000

// NewPool starts a pool of threads workers; below 1 it takes the cores that the process may use. The kernels do not change any more.
func NewPool(threads int) *Pool {
	decide()
	return newPool(threads)
}

func newPool(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{scratch: make([][]float32, threads), job: job{spans: make([]span, threads)}}
	for w := 1; w < threads; w++ {
		h := &helper{wake: make(chan struct{}, 1)}
		p.helpers = append(p.helpers, h)
		go h.loop(&p.job, w)
	}
	return p
}

func (h *helper) loop(j *job, worker int) {
	fault.Armed()
	for {
		h.await()
		if h.closed {
			return
		}
		j.help(worker)
		h.state.Store(idle)
	}
}

// await returns once the helper has been called and has set out to work.
func (h *helper) await() {
	for {
		for range spins {
			if h.begin() {
				return
			}
			pause()
		}
		h.asleep.Store(true)
		if h.begin() {
			if !h.asleep.CompareAndSwap(true, false) {
				<-h.wake // was sent in between
			}
			return
		}
		<-h.wake
	}
}

func (h *helper) begin() bool {
	return h.state.Load() == called && h.state.CompareAndSwap(called, working)
}

func (h *helper) call() {
	h.state.Store(called)
	if h.asleep.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// finish waits until the helper is done with its task, or takes its call back if it has not begun.
func (h *helper) finish() {
	for n := 0; !h.state.CompareAndSwap(called, idle) && h.state.Load() != idle; n++ {
		if n < spins {
			pause()
		} else {
			time.Sleep(20 * time.Microsecond)
		}
	}
}

// Threads is the number of workers.
func (p *Pool) Threads() int { return len(p.scratch) }

// Close ends the workers.
func (p *Pool) Close() {
	p.busy.Lock()
	defer p.busy.Unlock()
	for _, h := range p.helpers {
		h.closed = true
		h.call()
	}
	p.helpers = nil
}

type function func(worker, task int)

func (f function) do(worker, task int) { f(worker, task) }

// Run calls task(worker, i) once for each i in 0…tasks-1, on all workers, and returns when all are done.
// Two tasks never run at once under one worker number. Task must not call Run. Where a task cannot read memory, Run panics as
// fault.Catch expects it, whichever worker it was.
func (p *Pool) Run(tasks int, task func(worker, i int)) { p.run(tasks, function(task)) }

// run is Run without an allocation.
func (p *Pool) run(tasks int, w work) {
	p.busy.Lock()
	defer p.busy.Unlock()
	if p.recording != nil {
		p.recording.run(p, tasks, w)
		return
	}
	p.perform(tasks, w)
}

// perform is run for who holds the pool.
func (p *Pool) perform(tasks int, w work) {
	if tasks == 1 {
		w.do(0, 0)
		return
	}
	j := &p.job
	helpers := p.helpers[:max(0, min(tasks-1, len(p.helpers)))]
	j.work = w
	for i := range j.spans {
		n := 1 + len(helpers)
		j.spans[i].set(min(i, n)*tasks/n, min(i+1, n)*tasks/n)
	}
	for _, h := range helpers {
		h.call()
	}
	whole := false
	defer func() {
		if !whole {
			j.drop()
		}
		for _, h := range helpers {
			h.finish()
		}
		j.work = nil
		if f := j.fault.Swap(nil); f != nil && whole {
			panic(*f)
		}
	}()
	j.share(0)
	whole = true
}

// help is share for a helper. A panic for memory that cannot be read is left to the caller, and the tasks not begun are dropped.
func (j *job) help(worker int) {
	defer func() {
		if r := recover(); r != nil {
			if fault.Of(r) == nil {
				panic(r)
			}
			j.fault.Store(&r)
			j.drop()
		}
	}()
	j.share(worker)
}

// drop takes away the tasks that nobody has begun.
func (j *job) drop() {
	for i := range j.spans {
		j.spans[i].set(0, 0)
	}
}

// share does the tasks of the worker's own span and then helps with the others.
func (j *job) share(worker int) {
	for task, ok := j.spans[worker].front(); ok; task, ok = j.spans[worker].front() {
		j.work.do(worker, task)
	}
	for i := range j.spans {
		other := &j.spans[(worker+i)%len(j.spans)]
		for task, ok := other.back(); ok; task, ok = other.back() {
			j.work.do(worker, task)
		}
	}
}

// floats is room for n values that the worker's task may use until it ends; what stands in it is left over.
func (p *Pool) floats(worker, n int) []float32 {
	if cap(p.scratch[worker]) < n {
		p.scratch[worker] = make([]float32, n)
	}
	return p.scratch[worker][:n]
}
