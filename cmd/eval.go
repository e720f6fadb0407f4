package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/evaluation"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/report"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
)

type evalOptions struct {
	askOptions
	Kind        dataset.Kind
	Path        string
	Split       string
	Axes        sweep.Axes
	Items       evaluation.Options
	Predictions string   // file of answers that are scored, in place of the model's; "" for none
	Against     []string // files of other systems' answers or figures, or "published"
	JSON        bool     // the table as JSON
	Command     []string // words of the command line
	Plot        string
	Submission  string
	Samples     string
}

// evalFlags are the flags of eval that become an option only together with others.
type evalFlags struct {
	askFlags
	seed                     uint64
	style, scoring, choosing string
}

func newEval(s Streams, run func(context.Context, Streams, evalOptions) error) *cobra.Command {
	if run == nil {
		run = evaluate
	}
	knobs := mcllava.DefaultKnobs()
	o := evalOptions{Axes: sweep.Axes{MaxCrops: []int{knobs.MaxCrops}, NumTokens: []int{mcllava.DefaultNumTokens}}}
	f := evalFlags{askFlags: askFlags{command: "eval", noChoices: true}}
	c := &cobra.Command{
		Use:   "eval DATASET PATH",
		Short: "Measure on a benchmark, as its script does",
		Long: `Ask all questions of a benchmark, and score the answers as the benchmark's own script does.

DATASET is one of ` + listed(kinds(), "or") + `. PATH is the folder that holds the published
files: questions, annotations and pictures. It is a file where a benchmark is one, as a TSV of VLMEvalKit is. The scenes are those
that mcllava scenes draws.

The table has the score, its 95 % interval (bootstrap over the pictures; Wilson's where all are
right or all wrong), and what guessing would give, by category and type of answer.
With several numbers of --max-crops or --num-tokens every combination is asked, and each part of a picture is encoded once.

With --predictions no model runs: FILE has answers in the benchmark's own format for submissions, in the samples of lmms-eval, or in the
records of this program, and they are scored. The pictures need not be there.`,
		Example: `  mcllava eval vstar vstar_bench -o vstar.jsonl --html vstar.html
  mcllava eval textvqa textvqa --limit 500 --sample-seed 1 --max-crops 0,100
  mcllava eval vqav2 vqav2 --predictions theirs.json --json
  mcllava eval vstar vstar_bench --search --against published`,
		Args: exactly(2, "a DATASET and its PATH"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := o.read(&f, c, args); err != nil {
				return err
			}
			return run(c.Context(), s, o)
		},
	}
	o.addFlags(&f, c)
	c.AddCommand(newEvalCompare(s, nil))
	return c
}

// kinds are the names of all data sets.
func kinds() (names []string) {
	for _, k := range dataset.Kinds() {
		names = append(names, string(k))
	}
	return names
}

// publishedFigures is the --against that names the figures in the program.
const publishedFigures = "published"

func (o *evalOptions) addFlags(f *evalFlags, c *cobra.Command) {
	o.Knobs = mcllava.DefaultKnobs()
	v := c.Flags()
	v.SortFlags = false
	group(c, "Data set", func() {
		v.StringVar(&o.Split, "split", "", "`SPLIT` of the data set (default: the one that is reported)")
		v.IntVar(&o.Items.Limit, "limit", 0, "ask at most `NUMBER` items, the first ones unless there is a --sample-seed; 0 for all")
		v.Uint64Var(&f.seed, "sample-seed", 0, "`SEED` of a random sample of --limit items")
		v.StringVar(&f.style, "prompt-style", "", "`STYLE` of what is said behind the question: short, none or letters (default: the data set's)")
		v.StringVar(&f.choosing, "choices-by", "", "`WAY` to choose an option: likelihood or letter (default: the data set's)")
		v.StringVar(&f.scoring, "scoring", "", "`WAY` to compare answers: official, lmms, llava or letters, where the data set has it (default: official; llava for gqa)")
		v.StringVar(&o.Predictions, "predictions", "", "score the answers in `FILE`, and run no model")
		v.StringVar(&f.shard, "shard", "", "take the share `I/N` of the pictures, or auto for that of a Kubernetes Job, a Slurm array or GNU parallel")
		addPictures(c, &o.Pictures)
	})
	lists := addAxes(c, &o.askOptions, &o.Axes)
	f.addAsking(c, &o.askOptions)
	group(c, "Seeing", func() { addKnobs(c, o.Knobs.SearchKnobs.All()) })
	group(c, "Output", func() {
		v.BoolVar(&o.JSON, "json", false, "print the figures as JSON, with the score of each item")
		v.StringVarP(&o.Output.Path, "output", "o", "", "write a record an item to `FILE`, in the format of its name: .jsonl or .csv")
		v.BoolVar(&o.Output.Resume, "resume", false, "continue the --output of an evaluation that was interrupted")
		v.BoolVar(&o.Output.Overwrite, "overwrite", false, "overwrite --output and the other files if they exist")
		v.StringVar(&o.Output.Report, "html", "", "write a page of the --output with its pictures to `FILE`, as mcllava report does")
		v.StringVar(&o.Plot, "plot", "", "draw a heat map of the score over both knobs into `FILE`")
		v.StringVar(&o.Submission, "submission", "", "write the answers to `FILE` in the format that the benchmark takes")
		v.StringVar(&o.Samples, "samples", "", "write the answers to `FILE` as lmms-eval does")
		v.StringArrayVar(&o.Against, "against", nil, "set others beside: a `FILE` of answers or of figures, or published for published figures; may be repeated")
		v.BoolVar(&o.FailFast, "fail-fast", false, "stop at the first failure")
		v.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
		v.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	})
	f.addMachine(c, &o.askOptions)
	onlyHere(c, append(lists, "split", "limit", "sample-seed", "predictions", "output", "resume", "overwrite", "html", "plot", "submission", "samples", "against")...)
}

// read completes the options from arguments and flags, and refuses those that make no sense together.
func (o *evalOptions) read(f *evalFlags, c *cobra.Command, args []string) (err error) {
	o.Sourced = func(err error) error { return sourced(c, err) }
	if err := checkZeros(c, o.Knobs.SearchKnobs.All()); err != nil {
		return err
	}
	if err := o.settle(c); err != nil {
		return err
	}
	o.Kind, o.Path = dataset.Kind(args[0]), args[1]
	o.Command = append(strings.Fields(c.CommandPath()), args...)
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Changed { // and is not a setting that was passed over
			o.Command = append(o.Command, "--"+f.Name+"="+strings.Trim(f.Value.String(), "[]"))
		}
	})
	o.Items.Style, o.Items.Choosing, o.Items.Scoring = evaluation.Style(f.style), evaluation.Choosing(f.choosing), score.Scoring(f.scoring)
	if c.Flags().Changed("sample-seed") {
		o.Items.Sample = &f.seed
	}
	if o.Output.Path == "-" {
		o.Output.Path = ""
	}
	if c.Flags().Changed("shard") && f.shard == "" {
		return usageError{errors.New("shard is empty, expected I/N or auto")}
	}
	if o.Shard, err = inputs.ParseSharding(f.shard, os.Getenv); err != nil {
		return usageError{err}
	}
	if o.Format, err = f.format(o.askOptions); err != nil {
		return usageError{err}
	}
	if err := o.refuse(c); err != nil {
		return usageError{err}
	}
	if err := o.Knobs.Check(); err != nil {
		return usageError{err}
	}
	return checkPrecision(o.Precision)
}

// settle has the settings give way to the flags on the command line that they do not go with.
func (o *evalOptions) settle(c *cobra.Command) error {
	if len(o.Axes.NumTokens) > 1 { // which no setting says
		if err := passOver(c, mcllava.KnobName(o.Knobs.All(), &o.Knobs.Search)); err != nil {
			return err
		}
	}
	if err := giveWay(c, "predictions", mcllava.KnobName(o.Knobs.All(), &o.Knobs.Search), "shard"); err != nil {
		return err
	}
	return settleSearch(c, &o.Knobs)
}

// refuse is what is wrong with options that are none, or make no sense together.
func (o *evalOptions) refuse(c *cobra.Command) error {
	if !slices.Contains(dataset.Kinds(), o.Kind) {
		return fmt.Errorf("%q is no data set, expected %s", o.Kind, listed(kinds(), "or"))
	}
	if err := o.Axes.Check(); err != nil {
		return err
	}
	if tokens := mcllava.KnobName(o.Knobs.All(), &o.Knobs.NumTokens); !c.Flags().Changed(tokens) {
		o.Axes.NumTokens = []int{0} // the default, or the most that the crops give
	}
	changed := func(name string) bool { return c.Flags().Changed(name) }
	several := len(o.Axes.MaxCrops)*len(o.Axes.NumTokens) > 1
	switch s := o.Items; {
	case s.Style != "" && !slices.Contains([]evaluation.Style{evaluation.StyleShort, evaluation.StyleNone, evaluation.StyleLetters}, s.Style):
		return fmt.Errorf("prompt-style is %q, expected short, none or letters", s.Style)
	case s.Choosing != "" && s.Choosing != evaluation.Likelihood && s.Choosing != evaluation.Letter:
		return fmt.Errorf("choices-by is %q, expected likelihood or letter", s.Choosing)
	case s.Limit < 0:
		return fmt.Errorf("limit is %d, expected 0 or more", s.Limit)
	case s.Sample != nil && s.Limit == 0:
		return errors.New("--sample-seed is about a --limit, which is missing")
	case o.Timeout < 0:
		return fmt.Errorf("timeout is %v, expected 0 or more", o.Timeout)
	case threadsFault(o.Threads) != nil:
		return threadsFault(o.Threads)
	case several && o.Knobs.Search:
		return errors.New("a search has no cells, expected one number of crops and one of image tokens")
	case o.Plot != "" && !several:
		return errors.New("--plot is about several numbers of crops or of image tokens")
	case o.Plot != "" && !sweep.IsPlot(o.Plot):
		return fmt.Errorf("plot is %q, expected a name that ends with %s", o.Plot, listed(sweep.PlotEndings, "or"))
	case several && (o.Submission != "" || o.Samples != ""):
		return errors.New("--submission and --samples are of one number of crops and one of image tokens")
	case o.Predictions != "" && slices.ContainsFunc(o.asking(), changed):
		return fmt.Errorf("--predictions scores answers that are there, and --%s says how to ask", o.asking()[slices.IndexFunc(o.asking(), changed)])
	case o.Predictions != "" && (o.Output.Path != "" || several || o.Knobs.Search || o.Shard != inputs.Sharding{}):
		return errors.New("--predictions scores answers that are there, and asks nothing")
	}
	if o.Output.Overwrite && onTheLine(c, "overwrite") && len(o.written()) == 0 {
		return errors.New("--overwrite is about an --output or another file, which is missing")
	}
	if err := cmp.Or(idleKnobs(c, &o.Knobs), idleClamp(c, &o.Knobs.ViewKnobs), idleCache(c, o.Cache), o.checkUTF8()); err != nil {
		return err
	}
	if o.Predictions != "" {
		if err := idle(c, "with --predictions, which asks nothing", o.asksWith()...); err != nil {
			return err
		}
	}
	return o.refuseOutput()
}

// asking are the flags of the axes.
func (o *evalOptions) asking() []string {
	k := &o.Knobs
	return []string{mcllava.KnobName(k.All(), &k.MaxCrops), mcllava.KnobName(k.All(), &k.NumTokens)}
}

// asksWith are the flags that say how to ask, besides those of the axes.
func (o *evalOptions) asksWith() []string {
	names := []string{"timeout", "model", "precision", "vision", "text", "threads", "cache", "cache-size", "cache-rows", "cache-prompt", "fail-fast"}
	for k := range o.Knobs.All() {
		names = append(names, k.Name)
	}
	return names
}

// refuseOutput is what is wrong with the files that are to be written.
func (o *evalOptions) refuseOutput() error {
	switch {
	case o.Output.Path == "" && o.Output.Resume:
		return errors.New("--resume is about an --output, which is missing")
	case o.Output.Resume && o.Output.Overwrite:
		return errors.New("both --resume and --overwrite are given, expected one")
	case o.Output.Report != "" && o.Output.Path == "":
		return errors.New("--html is about an --output, which is missing")
	case o.Output.Path != "" && o.Format.CheckResume() != nil:
		return fmt.Errorf("%s: ends with %q, expected .jsonl or .csv", o.Output.Path, filepath.Ext(o.Output.Path))
	}
	seen := map[string]string{}
	for _, one := range o.written() {
		path := filepath.Clean(one.path)
		if before := seen[path]; before != "" {
			return fmt.Errorf("%s: is both the --%s and the --%s, expected two files", one.path, before, one.flag)
		}
		seen[path] = one.flag
	}
	return nil
}

// written are the files that are written, with the flags that name them.
func (o *evalOptions) written() (all []struct{ flag, path string }) {
	for _, one := range []struct{ flag, path string }{
		{"output", o.Output.Path}, {"html", o.Output.Report}, {"plot", o.Plot}, {"submission", o.Submission}, {"samples", o.Samples},
	} {
		if one.path != "" {
			all = append(all, one)
		}
	}
	return all
}

// replaces says whether files that are made at the end take the place of others.
func (o *evalOptions) replaces() bool { return o.Output.Overwrite || o.Output.Resume }

// evaluate asks what a data set asks, or scores what others have answered.
func evaluate(ctx context.Context, s Streams, o evalOptions) error {
	for _, one := range o.written() {
		if one.flag == "output" {
			continue
		}
		if err := spareFile(one.path, o.replaces(), o.Path, o.Predictions); err != nil {
			return err
		}
	}
	set, err := dataset.Open(o.Kind, o.Path, dataset.Options{Split: o.Split})
	if err != nil {
		return err
	}
	e, err := evaluation.New(set, o.Items)
	if err != nil {
		return usageError{err}
	}
	others, err := o.others(e)
	if err != nil {
		return err
	}
	var results *evaluation.Results
	if o.Predictions != "" {
		results, err = e.Predicted(o.Predictions)
		if err != nil {
			return err
		}
	} else {
		results, err = o.ask(ctx, s, e)
		if results == nil {
			return err
		}
	}
	return errors.Join(err, o.show(ctx, s, results, others))
}

// ask asks the items. The results are nil where an error leaves nothing to be shown.
func (o *evalOptions) ask(ctx context.Context, s Streams, e *evaluation.Evaluation) (*evaluation.Results, error) {
	if o.Model == "" && !o.Quiet {
		note(s, "using the small embedded demo, which reads drawn shop signs; --model FOLDER (or MCLLAVA_MODEL) uses a real MC-LLaVA checkpoint")
	}
	cells := len(o.Axes.MaxCrops) * len(o.Axes.NumTokens)
	w := newWatch(s, o.askOptions, e.Items()*cells)
	w.stream, w.questions = false, max(1, e.Items()/e.Pictures())
	if cells > 1 {
		w.cells = cells
	}
	defer w.bar.clear()
	options := o.run(s)
	options.Output.Writer, options.Output.Single = nil, false
	results, summary, err := e.Do(ctx, func() (*mcllava.Model, error) { return openModel(s, o.askOptions) }, options, o.Axes, w)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return nil, interrupted{o.resumeHint(summary)}
	case err != nil && summary.Failed == 0:
		return nil, err
	}
	return results, err
}

// others are the systems that are set beside.
func (o *evalOptions) others(e *evaluation.Evaluation) (all []evaluation.System, err error) {
	for _, name := range o.Against {
		var found []evaluation.System
		if name == publishedFigures {
			if found = evaluation.Published(o.Kind); len(found) == 0 {
				return nil, usageError{fmt.Errorf("against is %q, but there are no %s figures of %s", name, name, o.Kind)}
			}
		} else if found, err = e.Against(name); err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// show prints the figures, and writes the files that are made of the results.
func (o *evalOptions) show(ctx context.Context, s Streams, r *evaluation.Results, others []evaluation.System) error {
	var err error
	if o.JSON {
		err = printJSON(s, r.Figures(others))
	} else {
		_, err = io.WriteString(s.Out, s.folded(r.Table(others, s.outColumns())))
	}
	if err != nil {
		return err
	}
	for _, file := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{o.Plot, func(w io.Writer) error { return r.Plot(w, o.Plot) }},
		{o.Submission, r.WriteSubmission},
		{o.Samples, r.WriteSamples},
	} {
		if file.path != "" {
			err = errors.Join(err, records.WriteFile(ctx, file.path, o.replaces(), file.write))
		}
	}
	if o.Output.Report != "" {
		f := r.Figures(others)
		page := reportOptions{
			Figures: f.Facts(), Overall: &f.Overall, Others: besides(others),
			Runs: []string{o.Output.Path}, Output: o.Output.Report, Overwrite: o.replaces(), MaxSize: report.DefaultBytes, Pictures: o.Pictures, Quiet: o.Quiet, Open: r.OpenPicture, Command: o.Command,
		}
		err = errors.Join(err, writeReport(ctx, s, page))
	}
	return err
}

// besides are other systems for a page.
func besides(others []evaluation.System) (all []report.Other) {
	for _, s := range others {
		all = append(all, report.Other{Name: s.Name, Overall: s.Overall, By: s.By["category"], Source: s.Source})
	}
	return all
}

// spareFile refuses, before any work, a file that could not be written after it or would take the place of an input.
func spareFile(path string, replace bool, read ...string) error {
	if err := run.Spare(path, read...); err != nil {
		return err
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: is a folder, expected a file", path)
	case err == nil && info.Mode().IsRegular() && info.Size() > 0 && !replace:
		return fmt.Errorf("%s: exists and is not empty; --overwrite replaces it", path)
	}
	if folder, err := os.Stat(filepath.Dir(path)); err != nil || !folder.IsDir() {
		return fmt.Errorf("%s: there is no folder %s", path, filepath.Dir(path))
	}
	return nil
}
