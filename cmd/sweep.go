package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/sweep"
)

type sweepOptions struct {
	askOptions
	Axes        sweep.Axes
	Expect      []string
	Plot        string // file of a heat map; "" for none
	ReplacePlot bool
}

const sweepCommand = "sweep"

// defaultAxes are those of a sweep that says nothing else.
var defaultAxes = sweep.Axes{MaxCrops: []int{0, 10, 50, 100, 200}, NumTokens: []int{364, 728, 1456}}

func newSweep(s Streams, run func(context.Context, Streams, sweepOptions) error) *cobra.Command {
	if run == nil {
		run = sweepAll
	}
	o := sweepOptions{Axes: defaultAxes}
	f := askFlags{command: sweepCommand}
	c := &cobra.Command{
		Use:   "sweep IMAGE… QUESTION",
		Short: "Ask with several numbers of crops and of image tokens",
		Long: `Ask with every combination of several limits of crops and several numbers of image tokens, and compare the answers and their
seconds. IMAGEs and QUESTIONs are as for ask. Each part of a picture is encoded once, whatever the number of combinations that see it.

A cell is one combination. One in which the picture is seen as in a cell before is marked, such as "same as 50", and so is one whose
crops do not give as many image tokens, such as "97 of 364 tokens at most"; neither is asked. With --clamp the latter take the
nearest number.

On a terminal the answers are a table, with about how long each would take alone, once the model is open; what the cache has of the
crops is no work. Elsewhere every answer is a line of the limit of crops, the number of image tokens and the answer, with tabs between
them, behind the image's name where there are several images; cells that are marked or failed have none. The rows of --json, --csv and
--output have all cells, and are those of ask with sweep, mark, expected and correct. An --output that ends with ` + strings.Join(sweep.PlotEndings, ", ") + ` is
the file of a plot.

With --expect an answer is right if it has all words of the TEXT, one behind the other and whole, in upper or lower case; a word is
letters and digits, and what stands between words is of no matter. "yoga studio" is right in "It's a Yoga-Studio." and wrong in
"yoga studios".`,
		Example: `  mcllava sweep photo.jpg "what shop is this"
  mcllava sweep photo.jpg "what shop is this" --max-crops 0,50,200 --num-tokens 728 --expect "yoga studio"
  mcllava sweep photos -q "what shop is this" -o sweep.jsonl --resume
  mcllava sweep photo.jpg "what does the logo say?" -o sweep.png`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.read(&f, c, s, args); err != nil {
				return err
			}
			return run(c.Context(), s, o)
		},
	}
	o.addFlags(&f, c)
	return c
}

func (o *sweepOptions) addFlags(f *askFlags, c *cobra.Command) {
	o.Knobs = mcllava.DefaultKnobs()
	v := c.Flags()
	v.SortFlags = false
	f.addInput(c, &o.askOptions)
	lists := addAxes(c, &o.askOptions, &o.Axes)
	f.addAsking(c, &o.askOptions)
	group(c, "Output", func() {
		v.StringArrayVar(&o.Expect, "expect", nil, "`TEXT` that a right answer has; for several questions once, or once each in their order")
		v.StringVar(&o.Plot, "plot", "", "draw a heat map into `FILE`: of the share of right answers with --expect, else of seconds")
		v.BoolVar(&f.json, "json", false, "print one JSON object a line")
		v.BoolVar(&f.csv, "csv", false, "print CSV")
		v.StringVar(&f.template, "template", "", "print a Go `TEMPLATE` for each row; see ask --help")
		v.StringVarP(&o.Output.Path, "output", "o", "", "write rows to `FILE`, in the format of its name: .jsonl, .csv or plain; - for standard output")
		v.BoolVar(&o.Output.Resume, "resume", false, "continue the --output of a sweep that was interrupted")
		v.BoolVar(&o.Output.Overwrite, "overwrite", false, "overwrite --output and --plot files that exist")
		v.BoolVar(&o.FailFast, "fail-fast", false, "stop at the first failure")
		v.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
		v.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	})
	f.addMachine(c, &o.askOptions)
	onlyHere(c, append(lists, "question", "questions", "from", "null", "jobs", "output", "resume", "overwrite", "expect", "plot")...)
}

// addAxes adds the knobs of a view, of which those that are axes take several numbers. It gives the names of these.
func addAxes(c *cobra.Command, o *askOptions, axes *sweep.Axes) (lists []string) {
	v := c.Flags()
	group(c, "Knobs", func() {
		for knob := range o.Knobs.ViewKnobs.All() {
			switch knob.Value {
			case any(&o.Knobs.MaxCrops):
				v.IntSliceVar(&axes.MaxCrops, knob.Name, axes.MaxCrops, helpOfList(knob))
			case any(&o.Knobs.NumTokens):
				v.IntSliceVar(&axes.NumTokens, knob.Name, axes.NumTokens, helpOfList(knob))
			default:
				addKnob(c, knob)
				continue
			}
			lists = append(lists, knob.Name)
		}
	})
	return lists
}

// helpOfList is the help of a knob's flag that takes several numbers.
func helpOfList(k mcllava.Knob) string {
	help, _, _ := strings.Cut(k.Help, ";") // what is said of the default is not so of several
	return strings.Replace(help, "NUMBER`", "NUMBERS`", 1) + ", with commas between them"
}

// plotEndings are those of plots without their dots.
func plotEndings() (endings []string) {
	for _, e := range sweep.PlotEndings {
		endings = append(endings, strings.TrimPrefix(e, "."))
	}
	return endings
}

// read completes the options from arguments and flags, and refuses those that make no sense together.
func (o *sweepOptions) read(f *askFlags, c *cobra.Command, s Streams, args []string) error {
	if err := o.Axes.Check(); err != nil {
		return usageError{err}
	}
	if err := checkZeros(c, o.Knobs.SearchKnobs.All()); err != nil {
		return err
	}
	switch named := c.Flags().Changed("plot"); {
	case named && !sweep.IsPlot(o.Plot):
		return usageError{fmt.Errorf("plot is %q, expected a name that ends with %s", o.Plot, listed(sweep.PlotEndings, "or"))}
	case sweep.IsPlot(o.Output.Path) && named:
		return usageError{fmt.Errorf("both --plot and an --output that ends with %s are given, expected rows or one plot", filepath.Ext(o.Output.Path))}
	case sweep.IsPlot(o.Output.Path):
		o.Plot, o.Output.Path = o.Output.Path, ""
		if o.Output.Resume {
			return usageError{fmt.Errorf("%s: a plot cannot be resumed; --output FILE.jsonl keeps rows that can", o.Plot)}
		}
	}
	o.ReplacePlot = o.Output.Overwrite || o.Output.Resume
	if o.Plot != "" && (o.Output.Path == "" || o.Output.Path == "-") {
		o.Output.Overwrite = false
	}
	piped := s
	piped.InTerminal = false // an IMAGE alone begins no prompt
	if err := f.read(c, piped, args, &o.askOptions); err != nil {
		return err
	}
	o.Inputs.Stdin = s.In
	// How many questions there are, a file of them or a jobs file says only later.
	if err := sweep.CheckExpect(o.Expect, len(o.Expect)); err != nil {
		return usageError{fmt.Errorf("--expect: %w", err)}
	}
	return nil
}

// sweepAll asks every question about every picture in all cells.
func sweepAll(ctx context.Context, s Streams, o sweepOptions) error {
	if err := o.checkPlot(); err != nil {
		return err
	}
	all, err := o.begin(ctx, s)
	if err != nil {
		return err
	}
	if err := sweep.CheckExpect(o.Expect, all.Questions()); err != nil {
		return usageError{fmt.Errorf("--expect: %w", err)}
	}
	w := o.watch(s, 0)
	if n, known := all.Count(); known {
		w = o.watch(s, n*len(o.Axes.MaxCrops)*len(o.Axes.NumTokens))
	}
	defer w.bar.clear()
	options := sweep.Options{Options: o.run(s), Axes: o.Axes, Expect: o.Expect}
	if w.tables && o.Output.Path == "" {
		options.Output.Writer = nil
	}
	passedOver(w.watch, all)
	results, summary, err := sweep.Do(ctx, all, func() (*mcllava.Model, error) { return openModel(s, o.askOptions) }, options, w)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return interrupted{o.resumeHint(summary)}
	}
	if results == nil || summary.Answered+summary.Marked == 0 && len(results.Pairs) == 0 {
		return err
	}
	w.end(results)
	w.done()
	if o.Plot != "" {
		plotted := records.WriteFile(ctx, o.Plot, o.ReplacePlot, func(out io.Writer) error { return results.Plot(out, o.Plot) })
		err = errors.Join(err, plotted)
	}
	return err
}

// checkPlot refuses, before any work, a plot that could not be written after it.
func (o *sweepOptions) checkPlot() error {
	if o.Plot == "" {
		return nil
	}
	return spareFile(o.Plot, o.ReplacePlot, slices.Concat(o.Inputs.Images, []string{o.Inputs.From, o.Inputs.Jobs, o.Inputs.QuestionsFile})...)
}

// sweepWatch is what a terminal shows of a sweep: as watch does, and tables.
type sweepWatch struct {
	*watch
	tables bool           // answers are shown as tables
	each   bool           // one for each pair, once all about its picture are there
	rows   *sweep.Results // of the picture under way
	axes   sweep.Axes
}

func (o *sweepOptions) watch(s Streams, cells int) *sweepWatch {
	w := &sweepWatch{watch: newWatch(s, o.askOptions, cells), axes: o.Axes, rows: sweep.NewResults(o.Axes)}
	w.stream, w.cells = false, len(o.Axes.MaxCrops)*len(o.Axes.NumTokens)
	w.tables = s.OutTerminal && (o.Output.Path != "" || o.plain())
	w.each = w.tables && o.Output.Path == ""
	return w
}

// Picture shows the tables of the picture before.
func (w *sweepWatch) Picture(number int) {
	w.show()
	w.watch.Picture(number)
}

// Answered keeps a row for its table.
func (w *sweepWatch) Answered(r records.Record) {
	w.watch.Answered(r)
	if w.each {
		w.rows.Add(r)
	}
}

// show prints the tables of the picture that the sweep is done with.
func (w *sweepWatch) show() {
	w.bar.clear()
	for _, p := range w.rows.Pairs {
		_, _ = fmt.Fprintf(w.streams.Out, "%s\n", p.Table(w.streams.outColumns()))
	}
	w.rows = sweep.NewResults(w.axes)
}

// end prints what is still to be shown: the last picture's tables, and one of all.
func (w *sweepWatch) end(all *sweep.Results) {
	w.show()
	columns := w.streams.outColumns()
	switch {
	case !w.tables:
	case len(all.Pairs) > 1:
		_, _ = io.WriteString(w.streams.Out, all.Summary(columns))
	case !w.each:
		_, _ = io.WriteString(w.streams.Out, all.Pairs[0].Table(columns))
	}
}
