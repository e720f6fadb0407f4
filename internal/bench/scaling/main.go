// Command scaling says how the pool would do on more threads than the machine has cores. It records the sections of a batch of
// crops, a prompt and a decoded token at the published shape, cut for so many threads, with each task timed alone on one, and
// simulates how workers share them. See docs/log.md.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/bench"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

var threadCounts = []int{1, 2, 4, 8, 16, 32, 64}

func main() {
	log.SetFlags(0)
	log.SetPrefix("scaling: ")
	forms := flag.String("precision", "q8,bf16", "precisions: f32, f16, bf16, q8, q4")
	names := flag.String("parts", "crops,prompt,token", "parts of the model")
	rounds := flag.Int("rounds", 5, "times that each task is run, of which the shortest counts")
	detail := flag.Int("detail", 16, "threads for which the sections that lose most are listed")
	check := flag.Int("check", 0, "instead compare with so many runs on one thread and on two, of which each section's shortest counts")
	given := flag.String("costs", "", "what waking a helper costs, as a run prints it; measured unless given")
	flag.Parse()
	if err := run(os.Stdout, strings.Split(*forms, ","), strings.Split(*names, ","), *rounds, *detail, *check, *given); err != nil {
		log.Fatal(err)
	}
}

// run is on one thread of the system, whose time is read.
func run(out io.Writer, forms, names []string, rounds, detail, check int, given string) error {
	if rounds < 1 {
		return fmt.Errorf("rounds is %d, expected 1 or more", rounds)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	published := mcllava.PublishedConfig()
	shape := estimate.Shape{Vision: published.Encoder(), Text: published.Decoder()}
	var c costs
	var err error
	if given == "" {
		c = measureCosts()
	} else if c, err = parseCosts(given); err != nil {
		return err
	}
	fmt.Fprintf(out, "a helper that looks for work is called in %v, begins after %v and is ended in %v;\none that sleeps is called in %v and begins after %v; who waits sleeps after %v, the caller for %v at a time\n-costs %v\n",
		c.call, c.begin, c.finish, c.callAsleep, c.beginAsleep, c.spin, c.nap, c)
	for _, name := range forms {
		f, err := tensor.ParseForm(name)
		if err != nil {
			return err
		}
		if check == 0 {
			err = report(out, shape, f, names, rounds, detail, c)
		}
		for threads := 1; threads <= 2 && check > 0 && err == nil; threads++ {
			err = reality(out, shape, f, names, rounds, check, threads, c)
		}
		if err != nil {
			return err
		}
		debug.FreeOSMemory()
	}
	return nil
}

// report prints what the simulation says of each part in one form.
func report(out io.Writer, s estimate.Shape, f tensor.Form, names []string, rounds, detail int, c costs) error {
	p := tensor.NewPool(1)
	defer p.Close()
	fmt.Fprintf(out, "\n| %s | threads | ms | times as fast | waiting | one works alone | ends differ | waking | least ms | GB/s |\n|%s\n", f, strings.Repeat(" --- |", 10))
	var details strings.Builder
	for _, part := range parts(s, p, weights.Forms{Vision: f, Text: f}, bench.Prompt) {
		if !slices.Contains(names, part.name) && !(part.name == "prompt" && slices.Contains(names, "token")) {
			continue
		}
		if err := part.run(&layerContext{sections: func() int { return 0 }}); err != nil { // touches memory for the first time
			return err
		}
		if !slices.Contains(names, part.name) { // a token comes after a prompt
			continue
		}
		alone := time.Duration(0)
		for _, threads := range threadCounts {
			sections, err := part.record(rounds, func(f func(func() int)) []tensor.Section { return p.RecordAlone(threads, worked, f) })
			if err != nil {
				return err
			}
			o, free := simulate(sections, threads, c), simulate(sections, threads, costs{})
			serial, work, path := lengths(sections)
			if threads == 1 {
				alone = o.took
			}
			all := time.Duration(threads) * o.took
			single, waking := time.Duration(threads-1)*serial, time.Duration(threads)*(o.took-free.took)
			fmt.Fprintf(out, "| %s | %d | %.2f | %.2f | %s | %s | %s | %s | %.2f | %s |\n", part.name, threads, milliseconds(o.took), float64(alone)/float64(o.took),
				percent(all-work, all), percent(single, all), percent(all-work-single-waking, all), percent(waking, all), milliseconds(path), rate(part.bytes, o.took))
			if threads == detail {
				losses(&details, part.name, sections, o, threads)
			}
		}
	}
	_, err := io.WriteString(out, details.String())
	return err
}

// losses prints which operations lose most of the workers' time, and how.
func losses(out io.Writer, name string, sections []tensor.Section, o outcome, threads int) {
	type loss struct {
		operation    string
		count, tasks int
		took, lost   time.Duration
	}
	by := map[string]loss{}
	add := func(operation string, tasks int, took, lost time.Duration) {
		l := by[operation]
		by[operation] = loss{operation, l.count + 1, tasks, l.took + took, l.lost + lost}
	}
	for i, s := range sections {
		work := time.Duration(0)
		for _, t := range s.Tasks {
			work += t
		}
		add(cmp.Or(s.Operation, "the end"), len(s.Tasks), o.sections[i], time.Duration(threads)*o.sections[i]-work)
		add("before "+cmp.Or(s.Operation, "the end"), 1, s.Before, time.Duration(threads-1)*s.Before)
	}
	fmt.Fprintf(out, "\n%s on %d threads:\n", name, threads)
	sorted := slices.SortedFunc(maps.Values(by), func(a, b loss) int { return cmp.Compare(b.lost, a.lost) })
	for _, l := range sorted[:min(12, len(sorted))] {
		fmt.Fprintf(out, "  %4d times, %4d tasks: %8.3f ms, of all time lost %s  %s\n", l.count, l.tasks, milliseconds(l.took), percent(l.lost, time.Duration(threads)*o.took), l.operation)
	}
}

// reality prints how long the parts take on a pool of so many threads, and what the simulation says.
func reality(out io.Writer, s estimate.Shape, f tensor.Form, names []string, rounds, check, threads int, c costs) error {
	p := tensor.NewPool(threads)
	defer p.Close()
	for _, part := range parts(s, p, weights.Forms{Vision: f, Text: f}, bench.Prompt) {
		if !slices.Contains(names, part.name) && !(part.name == "prompt" && slices.Contains(names, "token")) {
			continue
		}
		if err := part.run(&layerContext{sections: func() int { return 0 }}); err != nil {
			return err
		}
		if !slices.Contains(names, part.name) {
			continue
		}
		alone, err := part.record(rounds, func(f func(func() int)) []tensor.Section { return p.RecordAlone(threads, worked, f) })
		if err != nil {
			return err
		}
		real, err := part.record(check, p.Record)
		if err != nil {
			return err
		}
		var took time.Duration
		for _, s := range real {
			took += s.Before + s.Took
		}
		_, work, _ := lengths(real)
		o := simulate(alone, threads, c)
		_, workAlone, _ := lengths(alone)
		all := func(t time.Duration) time.Duration { return time.Duration(threads) * t }
		fmt.Fprintf(out, "%s %s on %d threads: %.2f ms, simulated %.2f; waiting %s, simulated %s; the tasks alone %.2f ms, together %.2f\n", f, part.name, threads,
			milliseconds(took), milliseconds(o.took), percent(all(took)-work, all(took)), percent(all(o.took)-workAlone, all(o.took)), milliseconds(workAlone), milliseconds(work))
	}
	return nil
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func percent(part, of time.Duration) string {
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(of))
}

func rate(bytes float64, took time.Duration) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f", bytes/took.Seconds()/1e9)
}
