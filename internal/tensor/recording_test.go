package tensor

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gonum.org/v1/gonum/blas/blas32"
)

// TestRecording records some operations on the pool's own threads and as if it had 16, and compares sections and results.
func TestRecording(t *testing.T) {
	touch()
	r := rand.New(rand.NewPCG(41, 42))
	p := NewPool(2)
	defer p.Close()
	const rows, heads, headDim = 70, 2, 8
	x := random(r, rows, heads*headDim)
	l := Linear{Weight: RandomWeight(p, Q8, heads*headDim, heads*headDim, 0.02)}
	norm := LayerNorm{Gain: random(r, 1, x.Cols).Data, Bias: random(r, 1, x.Cols).Data}
	operations := func() []blas32.General {
		h, y, a := New(rows, x.Cols), New(rows, x.Cols), New(rows, x.Cols)
		norm.Apply(p, h, x)
		l.Apply(p, y, h)
		Attend(p, a, y, y, y, NewKV(BF16, heads, headDim, rows), true)
		return []blas32.General{h, y, a}
	}
	want := operations()
	begin := time.Now()
	worked := func() time.Duration { return time.Since(begin) }
	for _, c := range []struct {
		threads int
		tasks   []int // of a norm, a conversion, a product, keys and values, attention
		record  func(func(func() int)) []Section
	}{
		{2, []int{5, 14, 1, 4, 4, 0}, p.Record},
		{16, []int{5, 70, 1, 4, 4, 0}, func(f func(func() int)) []Section { return p.RecordAlone(16, worked, f) }},
	} {
		var got []blas32.General
		var threads, before, after int
		sections := c.record(func(sections func() int) {
			before, threads = sections(), p.Threads()
			got = operations()
			after = sections()
		})
		if threads != c.threads || p.Threads() != 2 || before != 0 || after != 5 {
			t.Errorf("%d threads, then %d, sections %d to %d; expected %d, 2, 0 to 5", threads, p.Threads(), before, after, c.threads)
		}
		var names []string
		var tasks []int
		for _, s := range sections {
			names, tasks = append(names, s.Operation), append(tasks, len(s.Tasks))
			for _, took := range s.Tasks {
				if took < 0 || took > s.Took {
					t.Errorf("a task of %s takes %v of %v", s.Operation, took, s.Took)
				}
			}
		}
		if want := []string{"tensor.LayerNorm.Apply", "conversion 70×16", "product 70×16×16", "keys and values 70, 2 heads", "attention 70×70, 2 heads", ""}; !slices.Equal(names, want) || !slices.Equal(tasks, c.tasks) {
			t.Errorf("sections %q with %d tasks, expected %q with %d", names, tasks, want, c.tasks)
		}
		for i, m := range got {
			if !slices.Equal(m.Data, want[i].Data) {
				t.Errorf("operation %d gives other bits when it is recorded for %d threads", i, c.threads)
			}
		}
	}
}
