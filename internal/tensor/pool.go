package tensor

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Pool is a fixed set of goroutines that share the tasks of one operation after the other.
// It serves one operation at a time: a second Run waits for the first.
type Pool struct {
	busy    sync.Mutex
	jobs    []chan *job // one a helper; the caller of Run is worker 0
	scratch [][]float32 // one a worker, kept between operations
}

type job struct {
	task  func(worker, task int)
	tasks int64
	next  atomic.Int64
	done  sync.WaitGroup
}

// NewPool starts a pool of threads workers; below 1 it takes the cores that the process may use.
func NewPool(threads int) *Pool {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	p := &Pool{scratch: make([][]float32, threads)}
	for w := 1; w < threads; w++ {
		jobs := make(chan *job, 1)
		p.jobs = append(p.jobs, jobs)
		go func() {
			for j := range jobs {
				j.work(w)
				j.done.Done()
			}
		}()
	}
	return p
}

// Threads is the number of workers.
func (p *Pool) Threads() int { return len(p.scratch) }

// Close ends the workers.
func (p *Pool) Close() {
	p.busy.Lock()
	defer p.busy.Unlock()
	for _, jobs := range p.jobs {
		close(jobs)
	}
	p.jobs = nil
}

// Run calls task(worker, i) once for each i in 0…tasks-1, on all workers, and returns when all are done.
// Two tasks never run at once under one worker number. Task must not call Run.
func (p *Pool) Run(tasks int, task func(worker, i int)) {
	p.busy.Lock()
	defer p.busy.Unlock()
	j := &job{task: task, tasks: int64(tasks)}
	for _, jobs := range p.jobs[:max(0, min(tasks-1, len(p.jobs)))] {
		j.done.Add(1)
		jobs <- j
	}
	j.work(0)
	j.done.Wait()
}

func (j *job) work(worker int) {
	for i := j.next.Add(1) - 1; i < j.tasks; i = j.next.Add(1) - 1 {
		j.task(worker, int(i))
	}
}

// floats is room for n values that the worker's task may use until it ends; what stands in it is left over.
func (p *Pool) floats(worker, n int) []float32 {
	if cap(p.scratch[worker]) < n {
		p.scratch[worker] = make([]float32, n)
	}
	return p.scratch[worker][:n]
}
