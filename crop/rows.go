package crop

import (
	"runtime"
	"sync"
)

// rowsAlone are so few that another thread would cost more than it brings.
const rowsAlone = 64

// shareRows has do called for bands of rows that make up 0…h, on at most so many threads, or the most that Go uses where that is not
// positive. What do panics with is panicked with here.
func shareRows(h, threads int, do func(top, bottom int)) {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	n := min(threads, h/rowsAlone)
	if n <= 1 {
		do(0, h)
		return
	}
	faults := make([]any, n)
	var bands sync.WaitGroup
	for i := range n {
		bands.Go(func() {
			defer func() { faults[i] = recover() }()
			do(h*i/n, h*(i+1)/n)
		})
	}
	bands.Wait()
	for _, fault := range faults {
		if fault != nil {
			panic(fault)
		}
	}
}
