package main

import (
	"container/heap"
	"time"

	"github.com/mcllava/mcllava/internal/tensor"
)

// costs are what sharing a section takes besides its tasks.
type costs struct {
	call, callAsleep   time.Duration // of the caller, for each helper that looks for work, and for each that sleeps
	begin, beginAsleep time.Duration // from the end of that until the helper begins
	finish             time.Duration // of the caller, for each helper that is done
	spin               time.Duration // from when on who waits sleeps
	nap                time.Duration // at a time that the caller then sleeps
}

// outcome is how a sequence of sections went.
type outcome struct {
	took     time.Duration
	sections []time.Duration // of each, without what was before it
}

// simulate runs sections as tensor.Pool does with so many threads. Each worker has a span of the tasks, takes them from the front,
// and then from the backs of the others' spans in turn. The caller calls the helpers one by one, works, and waits for them in the
// same order; one that has not begun when the caller finds no more tasks is not waited for.
// What contention for a span, for caches or for memory costs is not in it: tasks take as long as alone.
func simulate(sections []tensor.Section, threads int, c costs) outcome {
	idle := make([]time.Duration, threads) // since when, of each worker
	o := outcome{sections: make([]time.Duration, len(sections))}
	for i, s := range sections {
		o.took += s.Before
		start := o.took
		o.took = section(s.Tasks, idle, start, c)
		o.sections[i] = o.took - start
	}
	return o
}

// section runs the tasks of one section from now on and returns when the caller is free again.
func section(tasks []time.Duration, idle []time.Duration, now time.Duration, c costs) time.Duration {
	if len(tasks) <= 1 {
		for _, t := range tasks {
			now += t
		}
		return now
	}
	workers := 1 + max(0, min(len(tasks), len(idle))-1)
	spans := make([]struct{ from, to int }, workers)
	for w := range spans {
		spans[w].from, spans[w].to = w*len(tasks)/workers, (w+1)*len(tasks)/workers
	}
	var due queue
	for w := 1; w < workers; w++ {
		call, begin := c.call, c.begin
		if now-idle[w] > c.spin {
			call, begin = c.callAsleep, c.beginAsleep
		}
		now += call
		due = append(due, turn{now + begin, w})
	}
	due = append(due, turn{now, 0})
	heap.Init(&due)
	begun := make([]bool, workers)
	free := time.Duration(-1) // when the caller finds no more tasks
	for len(due) > 0 {
		t := due[0]
		if free >= 0 && !begun[t.worker] {
			idle[t.worker] = t.at
			heap.Pop(&due)
			continue
		}
		begun[t.worker] = true
		task := -1
		if own := &spans[t.worker]; own.from < own.to {
			task = own.from
			own.from++
		}
		for i := 1; task < 0 && i < workers; i++ {
			if other := &spans[(t.worker+i)%workers]; other.from < other.to {
				other.to--
				task = other.to
			}
		}
		if task >= 0 {
			due[0].at += tasks[task]
			heap.Fix(&due, 0)
			continue
		}
		idle[t.worker] = t.at
		if t.worker == 0 {
			free = t.at
		}
		heap.Pop(&due)
	}
	now = free
	for w := 1; w < workers; w++ {
		if wait := idle[w] - now; begun[w] && wait > c.spin && c.nap > 0 {
			now += c.spin + (wait-c.spin+c.nap-1)/c.nap*c.nap
		} else if begun[w] && wait > 0 {
			now += wait
		}
		now += c.finish
	}
	return now
}

// turn is when a worker looks for a task.
type turn struct {
	at     time.Duration
	worker int
}

// queue is a heap of turns, the earliest first.
type queue []turn

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].worker < q[j].worker
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(t any)   { *q = append(*q, t.(turn)) }

func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// serial is what the caller does alone, work all that is done, and path the longest row of things that must follow each other: what
// is left with any number of workers.
func lengths(sections []tensor.Section) (serial, work, path time.Duration) {
	for _, s := range sections {
		serial, work, path = serial+s.Before, work+s.Before, path+s.Before
		longest := time.Duration(0)
		for _, t := range s.Tasks {
			work += t
			longest = max(longest, t)
		}
		path += longest
		if len(s.Tasks) == 1 {
			serial += longest
		}
	}
	return serial, work, path
}
