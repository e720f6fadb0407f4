// Command openblas compares the float32 product with OpenBLAS's at the model's shapes. The two take turns many times, so that
// both see the same machine, and the median of the ratios is printed. OpenBLAS packs the weights anew for each product; this
// program did so when it loaded them. See README.md.
package main

import (
	"bufio"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/mcllava/mcllava/internal/tensor"
)

//go:embed sgemm.py
var script string

// shape is x·Wᵀ for x [rows, in] and W [out, in].
type shape struct{ rows, in, out int }

var shapes = []shape{{729, 1152, 1152}, {729, 1152, 4304}, {729, 4304, 1152}, {768, 2560, 10240}, {768, 10240, 2560}}

func main() {
	log.SetFlags(0)
	log.SetPrefix("openblas: ")
	threads := flag.Int("threads", 0, "threads of both; 0 for the cores that the process may use")
	pairs := flag.Int("pairs", 15, "turns of each")
	core := flag.String("core", "", "kernels of OpenBLAS (OPENBLAS_CORETYPE): SKYLAKEX, COOPERLAKE, ZEN, HASWELL, …; those with the CPU's widest vectors unless given")
	flag.Parse()
	if err := run(*threads, *pairs, *core); err != nil {
		log.Fatal(err)
	}
}

func run(threads, pairs int, core string) error {
	if pairs < 1 || threads < 0 {
		return fmt.Errorf("pairs is %d and threads %d, expected 1 or more and 0 or more", pairs, threads)
	}
	if _, err := exec.LookPath("python3"); err != nil {
		return fmt.Errorf("python3 is not installed: %w", err)
	}
	if core == "" && cpu.X86.HasAVX512F { // an OpenBLAS older than the CPU takes narrower ones
		core = "SKYLAKEX"
	}
	p := tensor.NewPool(threads)
	defer p.Close()
	tier, err := tensor.ActiveTier()
	if err != nil {
		return err
	}
	fmt.Printf("%d threads; GFLOP/s of OpenBLAS's kernels and of this program's, %s; ratio of ours to OpenBLAS's, median and quartiles\n%5s %6s %6s  %-11s %8s %6s  %s\n",
		p.Threads(), tier, "rows", "in", "out", "kernels", "OpenBLAS", "ours", "ratio")
	for _, s := range shapes {
		if err := compare(p, s, pairs, core); err != nil {
			return err
		}
	}
	return nil
}

// compare prints one line.
func compare(p *tensor.Pool, s shape, pairs int, core string) error {
	theirs, err := start(p.Threads(), s, core)
	if err != nil {
		return err
	}
	defer theirs.stop()
	x, y := tensor.New(s.rows, s.in), tensor.New(s.rows, s.out)
	for i := range x.Data {
		x.Data[i] = float32(i%1009)/1009 - 0.5
	}
	l := tensor.Linear{Weight: tensor.RandomWeight(p, tensor.F32, s.out, s.in, 0.02)}
	ours := func(n int) float64 {
		start := time.Now()
		for range n {
			l.Apply(p, y, x)
		}
		return time.Since(start).Seconds()
	}
	ours(1)
	if _, err := theirs.run(1); err != nil {
		return err
	}
	const turn = 0.15 // seconds
	times := 1 + int(turn/ours(1))
	flop := 2 * float64(times) * float64(s.rows) * float64(s.in) * float64(s.out)
	var own, other, ratios []float64
	for range pairs {
		b, err := theirs.run(times)
		if err != nil {
			return err
		}
		time.Sleep(spin)
		a := ours(times)
		own, other, ratios = append(own, flop/a), append(other, flop/b), append(ratios, b/a)
	}
	fmt.Printf("%5d %6d %6d  %-11s %8.0f %6.0f  %.2f (%.2f–%.2f)\n", s.rows, s.in, s.out, theirs.kernels,
		quantile(other, 2)/1e9, quantile(own, 2)/1e9, quantile(ratios, 2), quantile(ratios, 1), quantile(ratios, 3))
	return nil
}

// spin is longer than OpenBLAS's threads look for work before they sleep.
const spin = 100 * time.Millisecond

// quantile is the n-th quartile.
func quantile(values []float64, n int) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[n*(len(sorted)-1)/4]
}

// process is a Python that multiplies with OpenBLAS.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	kernels string
}

func start(threads int, s shape, core string) (*process, error) {
	args := []string{"-c", script}
	for _, n := range []int{threads, s.rows, s.in, s.out} {
		args = append(args, strconv.Itoa(n))
	}
	c := exec.Command("python3", args...)
	c.Stderr = os.Stderr
	if core != "" {
		c.Env = append(os.Environ(), "OPENBLAS_CORETYPE="+core)
	}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	p := &process{command: c, in: in, out: bufio.NewReader(out)}
	p.kernels, err = p.line()
	return p, err
}

// run multiplies n times and returns the seconds.
func (p *process) run(n int) (float64, error) {
	if _, err := fmt.Fprintln(p.in, n); err != nil {
		return 0, err
	}
	text, err := p.line()
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

func (p *process) line() (string, error) {
	text, err := p.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("python3 ended: %w", err)
	}
	return strings.TrimSpace(text), nil
}

func (p *process) stop() {
	_ = p.in.Close()
	_ = p.command.Wait()
}
