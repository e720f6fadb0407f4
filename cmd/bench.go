package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/bench"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/measured"
)

type benchOptions struct {
	Precisions  []string
	Threads     int
	Quick, JSON bool
}

// benchPrecisions are those of bench unless --precision says otherwise: f32 has no use but to compare with.
var benchPrecisions = []string{"f16", "bf16", "q8", "q4"}

// The photo whose questions bench is about, and the limits of crops.
const benchWidth, benchHeight = 4240, 2832

var benchCrops = []int{0, 25, 50, 100, 200}

func newBench(s Streams, run func(context.Context, Streams, benchOptions) error) *cobra.Command {
	if run == nil {
		run = runBench
	}
	var o benchOptions
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure how fast this machine answers",
		Long: `Measure how fast this machine answers, without a checkpoint: weights of the published shape are made up in memory.

Speeds stand beside the peak of the machine that was measured around them: what the instructions of a precision do on
registers alone, or how fast memory is read. Seconds and tokens a second are what those shares come to at the best peaks
that were seen, so that they can be compared where other programs take turns on the same cores.`,
		Example: `  mcllava bench --quick
  mcllava bench --precision q8,q4 --json >bench.json`,
		Args: exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkThreads(o.Threads); err != nil {
				return err
			}
			if len(o.Precisions) == 0 {
				return usageError{fmt.Errorf("precision is empty, expected some of %s", strings.Join(benchPrecisions, ", "))}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&o.Quick, "quick", false, "time a few layers and compute the whole from them, in less than half a minute")
	f.StringSliceVar(&o.Precisions, "precision", benchPrecisions, "precisions to measure: f32, f16, bf16, q8, q4")
	f.IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
	f.BoolVar(&o.JSON, "json", false, "print JSON")
	addConfig(c)
	return c
}

func runBench(ctx context.Context, s Streams, o benchOptions) error {
	if err := measured.Kernels(); err != nil {
		return err
	}
	config := mcllava.PublishedConfig()
	b := bench.Options{Shape: shapeOf(config), Threads: o.Threads, Quick: o.Quick}
	for _, name := range o.Precisions {
		full, err := mcllava.Precision{Form: name}.Full()
		if err != nil {
			return usageError{err}
		}
		forms, err := formsOf(full)
		if err != nil {
			return err
		}
		b.Precisions = append(b.Precisions, bench.Precision{Name: name, Forms: forms})
	}
	for _, limit := range benchCrops {
		p, err := mcllava.PlanFor(config, benchWidth, benchHeight, mcllava.ViewKnobs{MaxCrops: limit})
		if err != nil {
			return err
		}
		b.Questions = append(b.Questions, bench.Question{MaxCrops: limit, Question: questionOf(p)})
	}
	clear := func() {}
	if s.ErrTerminal {
		b.Progress, clear = benchProgress(s.Err)
	}
	r, err := bench.Run(ctx, b)
	clear()
	if err != nil {
		return err
	}
	if o.JSON {
		e := json.NewEncoder(s.Out)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	_, err = io.WriteString(s.Out, s.folded(benchText(r)))
	return err
}

// benchProgress shows the steps of a run on w.
func benchProgress(w io.Writer) (report func(step string, done, total int), clear func()) {
	var bar *progressbar.ProgressBar
	report = func(step string, done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(20),
				progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false), progressbar.OptionThrottle(100*time.Millisecond))
		}
		bar.Describe(fmt.Sprintf("%-32s", step))
		_ = bar.Set(done)
	}
	return report, func() {
		if bar != nil {
			_ = bar.Clear()
		}
	}
}

// benchText is a report for people.
func benchText(r *bench.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d threads, %s\nkernels %s; the CPU has %s\nmcllava %s, %s\n", r.CPU, r.Threads, r.System, r.Kernels, strings.Join(r.Features, " "), r.Program, r.Go)
	for _, m := range r.Chosen {
		fmt.Fprintf(&b, "%s\n", measuredText(m))
	}
	benchPeaks(&b, r)
	benchProducts(&b, r)
	var models []bench.Model
	for _, m := range r.Models {
		if m.Skipped != "" {
			fmt.Fprintf(&b, "\n%s was not measured: it %s\n", m.Precision, m.Skipped)
			continue
		}
		models = append(models, m)
	}
	if len(models) > 0 {
		benchModels(&b, r, models)
		benchProfiles(&b, r, models)
		benchQuestions(&b, models)
	}
	return b.String()
}

func benchPeaks(b *strings.Builder, r *bench.Report) {
	if len(r.Peaks) == 0 {
		fmt.Fprintf(b, "\npeaks: not known for the %s kernels\n", r.Tier)
		return
	}
	fmt.Fprintf(b, "\npeaks, the best that were seen\n")
	for _, p := range r.Peaks {
		fmt.Fprintf(b, "  %-16s %7.0f GFLOP/s  %s\n", strings.Join(p.Forms, ", "), p.FLOPS/1e9, p.Instruction)
	}
	fmt.Fprintf(b, "  %-16s %7.1f GB/s     read\n", "memory", r.Read/1e9)
}

// benchProducts has one line a shape and one column a form, in the order measured.
func benchProducts(b *strings.Builder, r *bench.Report) {
	fmt.Fprintf(b, "\nproducts of [rows, in] and [in, out], GFLOP/s and share of the peak\n  %5s %6s %6s", "rows", "in", "out")
	type shape struct{ rows, in, out int }
	var line shape
	first := shape{r.Products[0].Rows, r.Products[0].In, r.Products[0].Out}
	for _, p := range r.Products {
		if (shape{p.Rows, p.In, p.Out}) == first {
			fmt.Fprintf(b, " %12s", p.Form)
		}
	}
	for _, p := range r.Products {
		if s := (shape{p.Rows, p.In, p.Out}); s != line {
			line = s
			fmt.Fprintf(b, "\n  %5d %6d %6d", s.rows, s.in, s.out)
		}
		fmt.Fprintf(b, " %7.0f %4s", p.FLOPS/1e9, percent(p.Share))
	}
	b.WriteByte('\n')
}

// percent is a share, or a dash if there is none.
func percent(share float64) string {
	if share == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*share)
}

// row is a line with one column a model.
func row(b *strings.Builder, name string, models []bench.Model, cell func(m bench.Model) string) {
	fmt.Fprintf(b, "  %-42s", name)
	for _, m := range models {
		fmt.Fprintf(b, " %8s", cell(m))
	}
	b.WriteByte('\n')
}

func precisionName(m bench.Model) string { return m.Precision }

func benchModels(b *strings.Builder, r *bench.Report, models []bench.Model) {
	layers := "all layers timed"
	if r.Quick {
		layers = fmt.Sprintf("computed from %d layers of the tower and %d of the decoder", models[0].VisionLayers, models[0].TextLayers)
	}
	fmt.Fprintf(b, "\nparts of the model at the peaks above, %s\n", layers)
	row(b, "", models, precisionName)
	work := func(name string, of func(m bench.Model) *bench.Work) {
		row(b, fmt.Sprintf("%s (%.0f GFLOP), s", name, of(models[0]).FLOP/1e9), models, func(m bench.Model) string { return fmt.Sprintf("%.2f", of(m).Seconds) })
		row(b, "  share of the peak", models, func(m bench.Model) string { return percent(of(m).Share) })
	}
	work("one crop through the tower", func(m bench.Model) *bench.Work { return m.Crop })
	work("its features through the projector", func(m bench.Model) *bench.Work { return m.Projector })
	work(fmt.Sprintf("prompt of %d tokens", models[0].Decoding[len(models[0].Decoding)-1].Positions), func(m bench.Model) *bench.Work { return m.Prefill })
	for i, d := range models[0].Decoding {
		row(b, fmt.Sprintf("tokens a second after %d", d.Positions), models, func(m bench.Model) string { return fmt.Sprintf("%.1f", m.Decoding[i].TokensPerSecond) })
		row(b, "  GB read for each", models, func(m bench.Model) string { return fmt.Sprintf("%.2f", m.Decoding[i].TokenBytes/1e9) })
		row(b, "  share of the sustained read", models, func(m bench.Model) string { return percent(m.Decoding[i].Share) })
	}
}

func benchProfiles(b *strings.Builder, r *bench.Report, models []bench.Model) {
	format := "%.1f%%"
	if r.Quick { // too few samples for more
		format = "%.0f%%"
	}
	list := func(name string, of func(m bench.Model) bench.Profile) {
		fmt.Fprintf(b, "\n%s: where the processor's time goes\n", name)
		row(b, "", models, precisionName)
		for i, part := range of(models[0]).Parts {
			row(b, part.Operation, models, func(m bench.Model) string {
				if len(of(m).Parts) == 0 {
					return "–"
				}
				return fmt.Sprintf(format, 100*of(m).Parts[i].Share)
			})
		}
		row(b, "cores that this program had", models, func(m bench.Model) string { return percent(of(m).Busy) })
	}
	list("crop", func(m bench.Model) bench.Profile { return m.Crop.Profile })
	list("prompt", func(m bench.Model) bench.Profile { return m.Prefill.Profile })
	for i, d := range models[0].Decoding {
		list(fmt.Sprintf("tokens after %d", d.Positions), func(m bench.Model) bench.Profile { return m.Decoding[i].Profile })
	}
}

func benchQuestions(b *strings.Builder, models []bench.Model) {
	fmt.Fprintf(b, "\na question about a photo of %d×%d, %d image tokens, answer of %d: seconds, once the model is open\n",
		benchWidth, benchHeight, mcllava.DefaultNumTokens, estimate.AnswerTokens)
	row(b, "", models, precisionName)
	var k mcllava.Knobs
	maxCrops := mcllava.KnobName(k.All(), &k.MaxCrops)
	for i, q := range models[0].Questions {
		row(b, fmt.Sprintf("--%s %d (%s)", maxCrops, q.MaxCrops, number(q.Crops, "crop")), models, func(m bench.Model) string { return fmt.Sprintf("%.1f", m.Questions[i].Total) })
	}
	row(b, "memory, GB", models, func(m bench.Model) string { return fmt.Sprintf("%.1f", float64(m.MemoryBytes)/1e9) })
}
