package tensor

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// TestEveryTaskRunsOnce shares a pool between several callers, also one of more workers than there are cores.
func TestEveryTaskRunsOnce(t *testing.T) {
	for _, cores := range []int{1, 2} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
		for _, threads := range []int{1, 2, 9} {
			p := NewPool(threads)
			var callers sync.WaitGroup
			for c := range 3 {
				callers.Go(func() {
					for i := range 50 {
						done := make([]atomic.Int32, (7*i+c)%40)
						p.Run(len(done), func(_, task int) { done[task].Add(1) })
						for task := range done {
							if n := done[task].Load(); n != 1 {
								t.Errorf("%d threads on %d cores: task %d of %d ran %d times", threads, cores, task, len(done), n)
							}
						}
					}
				})
			}
			callers.Wait()
			p.Close()
		}
	}
}

func TestAPanicLeavesThePoolFree(t *testing.T) {
	p := NewPool(2)
	func() {
		defer func() { _ = recover() }()
		p.Run(1, func(_, _ int) { panic("of a task") })
	}()
	ran := false
	p.Run(1, func(_, _ int) { ran = true })
	p.Close()
	p.Close()
	if !ran {
		t.Error("the pool did not go on")
	}
}
