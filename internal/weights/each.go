package weights

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/mcllava/mcllava/internal/fault"
	"github.com/mcllava/mcllava/internal/tensor"
)

// job is work on many tensors, whole tensors at a time.
type job struct {
	next     atomic.Int64
	lock     sync.Mutex
	done     int64 // bytes
	total    int64
	progress func(done, total int64) // may be nil
}

// share is what one goroutine does of a job.
type share struct {
	ctx  context.Context
	pool *tensor.Pool // of this goroutine alone
	job  *job
}

// advance counts n bytes as done. The error is the context's.
func (s *share) advance(n int) error {
	s.job.lock.Lock()
	defer s.job.lock.Unlock()
	s.job.done += int64(n)
	if s.job.progress != nil {
		s.job.progress(s.job.done, s.job.total)
	}
	return s.ctx.Err()
}

// each calls do for 0…n-1 on threads goroutines, below 1 on one for each core that the process may use. After an error, which
// each returns, no more are begun and those under way find their context cancelled. Memory that cannot be read is a *fault.Error.
func each(ctx context.Context, threads, n int, total int64, progress func(done, total int64), do func(s *share, i int) error) error {
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j := &job{total: total, progress: progress}
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			s := &share{ctx: ctx, pool: tensor.NewPool(1), job: j}
			defer s.pool.Close()
			for i := j.next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = j.next.Add(1) - 1 {
				if err := fault.Catch(func() error { return do(s, int(i)) }); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
