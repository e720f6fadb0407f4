//go:build onednn

// Command onednn compares the products in float32, bfloat16 and 8 bits with oneDNN's at the model's shapes. The two take turns many
// times, so that both see the same machine, and the median of the ratios is printed. See README.md.
package main

// #cgo CXXFLAGS: -std=c++17 -O2 -fopenmp
// #cgo LDFLAGS: -ldnnl -lgomp
// #include <stdlib.h>
// #include "product.h"
import "C"

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
)

// shape is x·Wᵀ for x [rows, in] and W [out, in].
type shape struct{ rows, in, out int }

var shapes = []shape{{729, 1152, 1152}, {729, 1152, 4304}, {729, 4304, 1152}, {768, 2560, 10240}, {768, 10240, 2560}}

// forms are those that oneDNN has one of the same kind for.
var forms = []struct {
	ours   tensor.Form
	theirs C.int
	name   string
}{{tensor.F32, C.FLOAT32, "f32"}, {tensor.BF16, C.BFLOAT16, "bf16"}, {tensor.Q8, C.INT8, "u8·s8"}}

func main() {
	log.SetFlags(0)
	log.SetPrefix("onednn: ")
	threads := flag.Int("threads", 0, "threads of both; 0 for the cores that the process may use")
	pairs := flag.Int("pairs", 15, "turns of each")
	flag.Parse()
	if err := run(*threads, *pairs); err != nil {
		log.Fatal(err)
	}
}

func run(threads, pairs int) error {
	if pairs < 1 || threads < 0 {
		return fmt.Errorf("pairs is %d and threads %d, expected 1 or more and 0 or more", pairs, threads)
	}
	if err := measured.Kernels(); err != nil {
		return err
	}
	runtime.LockOSThread() // OpenMP keeps a team of threads for each thread that calls it
	p := tensor.NewPool(threads)
	defer p.Close()
	fmt.Printf("%d threads; GFLOP/s of oneDNN's kernels and of this program's, %s; ratio of ours to oneDNN's, median and quartiles of %d turns\n%5s %6s %6s  %-4s %-6s %8s %6s  %-18s %s\n",
		p.Threads(), tensor.Kernels(), pairs, "rows", "in", "out", "ours", "theirs", "oneDNN", "ours", "ratio", "oneDNN's kernels")
	for _, f := range forms {
		for _, s := range shapes {
			if err := compare(p, s, f.ours, f.theirs, f.name, pairs); err != nil {
				return fmt.Errorf("%s [%d, %d] and [%d, %d]: %w", f.name, s.rows, s.in, s.out, s.in, err)
			}
		}
	}
	return nil
}

// compare prints one line.
func compare(p *tensor.Pool, s shape, form tensor.Form, kind C.int, name string, pairs int) error {
	const size = 200
	reason := (*C.char)(C.calloc(size, 1))
	defer C.free(unsafe.Pointer(reason))
	theirs := C.product_new(kind, C.int(p.Threads()), C.int(s.rows), C.int(s.in), C.int(s.out), reason, size)
	if theirs == nil {
		return errors.New(C.GoString(reason))
	}
	defer C.product_free(theirs)
	x, y := tensor.New(s.rows, s.in), tensor.New(s.rows, s.out)
	for i := range x.Data {
		x.Data[i] = float32(i%1009)/1009 - 0.5
	}
	l := tensor.Linear{Weight: tensor.RandomWeight(p, form, s.out, s.in, 0.02)}
	ours := func(n int) float64 {
		start := time.Now()
		for range n {
			l.Apply(p, y, x)
		}
		return time.Since(start).Seconds()
	}
	ours(1)
	C.product_run(theirs, 1)
	const turn = 0.15 // seconds
	times := 1 + int(turn/ours(1))
	flop := 2 * float64(times) * float64(s.rows) * float64(s.in) * float64(s.out)
	var own, other, ratios []float64
	for range pairs {
		b := float64(C.product_run(theirs, C.int(times)))
		if b <= 0 {
			return errors.New("oneDNN did not multiply")
		}
		time.Sleep(spin)
		a := ours(times)
		own, other, ratios = append(own, flop/a), append(other, flop/b), append(ratios, b/a)
	}
	fmt.Printf("%5d %6d %6d  %-4s %-6s %8.0f %6.0f  %.2f (%.2f–%.2f)   %s\n", s.rows, s.in, s.out, form, name,
		quantile(other, 2)/1e9, quantile(own, 2)/1e9, quantile(ratios, 2), quantile(ratios, 1), quantile(ratios, 3), C.GoString(C.product_kernel(theirs)))
	return nil
}

// spin is longer than OpenMP's threads look for work before they sleep.
const spin = 100 * time.Millisecond

// quantile is the n-th quartile.
func quantile(values []float64, n int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[n*(len(sorted)-1)/4]
}
