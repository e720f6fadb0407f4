package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
)

const askCommand = "ask"

type askOptions struct {
	Inputs    inputs.Options
	Converse  bool // questions come from the terminal
	Shard     inputs.Sharding
	Model     string
	Precision mcllava.Precision
	Threads   int
	Knobs     mcllava.Knobs
	Pictures  mcllava.PictureOptions
	Format    records.Format
	Output    outputOptions
	Cache     cacheOptions
	FailFast  bool
	Quiet     bool
	Progress  bool
	Dump      string
	Gaze      *run.Gaze // nil unless it is asked where answers looked
	Looks     bool      // a drawing is made whether or not a file is named
	Show      string    // protocol of pictures in the terminal, auto or off
	Timeout   time.Duration
	DryRun    bool // say what would be done, and do nothing
	DryJSON   bool // as JSON

	Sourced func(error) error // says of an error about a setting where that is; nil for nothing
}

// outputOptions say where records go, and which.
type outputOptions struct {
	Path          string // "" for standard output
	Report        string // of a page about Path; "" for none
	Resume        bool
	Overwrite     bool
	Sidecar       *records.Naming // of a file a picture, in place of Path; nil for none
	WithName      bool            // plain answers come with their images' names, also where there is but one
	MinConfidence float64         // below which an answer is not printed
	OnlyYes       bool            // names of the images alone whose answer is Yes
}

func newAsk(s Streams, run func(context.Context, Streams, askOptions) error) *cobra.Command {
	if run == nil {
		run = ask
	}
	c := &cobra.Command{
		Use:   "ask IMAGE… QUESTION",
		Short: "Answer questions about pictures",
		Long: `Answer a question about a picture (JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF), or many about many.

An IMAGE is a file, a folder, a pattern in quotes, an http or https URL, or "-" for standard input. With --question or --questions every
argument is an image. On a terminal, an IMAGE without a question opens a prompt: the picture is encoded once, and every
line is a question about it; Ctrl-D or /bye ends. Of a file with several pages or frames the first is seen.

Answers go to standard output, in the order of the input, and nothing else does. Failures are reported on standard error,
the others are answered, and the exit code is 1.

Formats:
` + indent(records.FormatsHelp),
		Example: `  mcllava ask photo.jpg "what shop is this"
  mcllava ask --max-crops 200 --num-tokens 1456 photo.jpg "what does the logo say?"
  curl -s https://example.org/photo.jpg | mcllava ask - "is it day or night?"
  mcllava ask photos -q "what shop is this" -q "is it open?" -o answers.jsonl --resume
  mcllava ask photos "is there a sign?" --yes-no -l
  find . -name '*.jpg' -print0 | mcllava ask --from - -0 --choices "yes,no" "is there a sign?"`,
	}
	asking(c, s, run)
	return c
}

// asking gives a command the flags of ask, and has it run what they say.
func asking(c *cobra.Command, s Streams, run func(context.Context, Streams, askOptions) error) {
	var o askOptions
	name, _, _ := strings.Cut(c.Use, " ")
	f := askFlags{command: name}
	o.Looks = name == lookCommand
	f.add(c, &o)
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkZeros(c, o.Knobs.All()); err != nil {
			return err
		}
		if err := f.read(c, s, args, &o); err != nil {
			return err
		}
		if err := checkOut(s, c); err != nil {
			return err
		}
		return run(c.Context(), s, o)
	}
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

func ask(ctx context.Context, s Streams, o askOptions) error {
	all, err := o.begin(ctx, s)
	if err != nil {
		return err
	}
	if o.DryRun {
		return dryRun(ctx, s, o, all)
	}
	if o.Converse {
		return converse(ctx, s, o, all)
	}
	return askAll(ctx, s, o, all)
}

// begin opens the input, and says which model is used.
func (o *askOptions) begin(ctx context.Context, s Streams) (*inputs.Pairs, error) {
	o.noteTyping(s)
	o.Inputs.Stdin, o.Inputs.Context = interruptible{ctx, o.Inputs.Stdin}, ctx
	o.Inputs.Offline = o.Inputs.Offline || hub.Offline()
	all, err := inputs.New(o.Inputs)
	if err == nil && o.Model == "" && !o.Quiet {
		note(s, "using the small embedded demo, which reads drawn shop signs; --model FOLDER (or MCLLAVA_MODEL) uses a real MC-LLaVA checkpoint")
	}
	return all, err
}

// askAll answers every question about every picture.
func askAll(ctx context.Context, s Streams, o askOptions, all *inputs.Pairs) error {
	total, _ := all.Count()
	w := newWatch(s, o, total)
	w.questions = all.Questions()
	defer w.bar.clear()
	defer o.shown(s, w)()
	options := o.run(s)
	if w.stream {
		options.Output.Writer = nil
	}
	r := run.New(all, func() (*mcllava.Model, error) { return openModel(s, o) }, options, w)
	passedOver(w, all)
	if err := o.sparesBeside(); err != nil {
		return err
	}
	if err := o.spareReport(); err != nil {
		return err
	}
	summary, err := r.Do(ctx)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return interrupted{o.resumeHint(summary)}
	case err != nil && summary.Failed == 0:
		return err
	}
	if o.Output.Report != "" {
		err = errors.Join(err, o.report(ctx, s))
	}
	if err != nil {
		return err
	}
	w.done()
	if options.Output.Wanted != nil && summary.Printed == 0 {
		return nothingFound{}
	}
	return nil
}

// passedOver notes how many files of folders are no pictures.
func passedOver(w *watch, all *inputs.Pairs) {
	for _, p := range all.PassedOver() {
		what := fmt.Sprintf("%d files that are no pictures", p.Files)
		if p.Files == 1 {
			what = "a file that is no picture"
		}
		w.Note(fmt.Sprintf("passed over %s in %s", what, p.Folder))
	}
}

// run are the options of a run.
func (o askOptions) run(s Streams) run.Options {
	out := run.Output{
		Path: o.Output.Path, Writer: s.Out, Format: o.Format, Many: o.Output.WithName || o.many() && o.Output.Sidecar == nil, Single: o.single(),
		Resume: o.Output.Resume, Overwrite: o.Output.Overwrite, Wanted: o.wanted(),
	}
	if o.Output.Sidecar != nil {
		out.Sidecars = &run.Sidecars{Naming: *o.Output.Sidecar, Overwrite: o.Output.Overwrite}
	}
	return run.Options{
		Knobs: o.Knobs, Pictures: o.pictures(), Shard: o.Shard, Timeout: o.Timeout, FailFast: o.FailFast, Dump: o.Dump, Gaze: o.Gaze, Output: out,
	}
}

// pictures are how pictures are read: on the threads that the question has.
func (o askOptions) pictures() mcllava.PictureOptions {
	p := o.Pictures
	p.Threads = o.Threads
	return p
}

// interrupted is how a run ends that the user stopped.
type interrupted struct{ hint string }

func (e interrupted) Error() string { return "interrupted" + e.hint }

func (interrupted) Unwrap() error { return context.Canceled }

// resumeHint says how an interrupted run is continued.
func (o askOptions) resumeHint(s run.Summary) string {
	if o.Output.Sidecar != nil {
		return fmt.Sprintf(" after %d answers; run the same command, without --overwrite, to go on with the pictures that have no sidecar", s.Answered)
	}
	info, err := os.Stat(o.Output.Path)
	if err != nil || !info.Mode().IsRegular() || s.Kept || o.Format.CheckResume() != nil {
		return ""
	}
	with := "--resume"
	if o.Output.Overwrite {
		with = "--resume in place of --overwrite"
	}
	return fmt.Sprintf(" after %d answers; run the same command with %s to continue", s.Answered, with)
}

// nothingFound is how a run ends none of whose answers was wanted: with an exit code and no message.
type nothingFound struct{}

func (nothingFound) Error() string { return "no answer was wanted" }

// longLoad is the time from which on it is worth a note how to save it.
const longLoad = time.Second

func openModel(s Streams, o askOptions) (*mcllava.Model, error) {
	start := time.Now()
	m, err := mcllava.OpenWith(o.Model, mcllava.OpenOptions{Threads: o.Threads, Precision: o.Precision})
	if err != nil {
		return nil, err
	}
	took := time.Since(start)
	if m.ConvertedWhileLoading() && took > longLoad && s.ErrTerminal && !o.Quiet {
		note(s, "loaded the checkpoint as %s in %.0f s; mcllava convert writes one that needs no loading", m.Precision(), took.Seconds())
	}
	if err := o.Cache.use(m); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}
