//go:build unix

package tensor

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/fault"
)

// cutShort is memory mapped from a file that has lost its content since.
func cutShort(t *testing.T, content []byte) []byte {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "mapped"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	m, err := unix.Mmap(int(f.Fd()), 0, len(content), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(m) })
	if err := f.Truncate(0); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestUnreadableMemoryIsAnError multiplies by matrices whose file is cut short, with every form's kernel and on several threads.
func TestUnreadableMemoryIsAnError(t *testing.T) {
	const out, in = 2048, 256
	x, y := New(3, in), New(3, out)
	for f := range formCount {
		for _, threads := range []int{1, 2, 5} {
			p := NewPool(threads)
			w, err := FromPacked(f, out, in, cutShort(t, make([]byte, PackedBytes(f, out, in))))
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				err := fault.Catch(func() error {
					(&Linear{Weight: w, Bias: make([]float32, out)}).Apply(p, y, x)
					return nil
				})
				var at *fault.Error
				if !errors.As(err, &at) {
					t.Fatalf("%s on %d threads: %v, want a fault", f, threads, err)
				}
			}
			good := RandomWeight(p, F32, 64, in, 1)
			(&Linear{Weight: good, Bias: make([]float32, 64)}).Apply(p, blas32.General{Rows: 3, Cols: 64, Stride: 64, Data: make([]float32, 3*64)}, x)
			p.Close()
		}
	}
}

func TestHelpersReportUnreadableMemory(t *testing.T) {
	m := cutShort(t, make([]byte, 1<<16))
	p := NewPool(4)
	defer p.Close()
	sums := make([]int, 4)
	err := fault.Catch(func() error {
		p.Run(1000, func(worker, i int) {
			if worker > 0 {
				sums[worker] += int(m[i])
			}
			for range 1000 {
				pause()
			}
		})
		return nil
	})
	var at *fault.Error
	if !errors.As(err, &at) {
		t.Errorf("%v, want a fault", err)
	}
	done := make([]bool, 100)
	p.Run(len(done), func(_, i int) { done[i] = true })
	for i, ok := range done {
		if !ok {
			t.Errorf("task %d was not done after a fault", i)
		}
	}
}
