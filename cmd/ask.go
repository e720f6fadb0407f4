package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
)

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
	Timeout   time.Duration
	DryRun    bool // say what would be done, and do nothing
	DryJSON   bool // as JSON
}

// outputOptions say where records go, and which.
type outputOptions struct {
	Path          string // "" for standard output
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
	var o askOptions
	var f askFlags
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
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.read(c, s, args, &o); err != nil {
				return err
			}
			return run(c.Context(), s, o)
		},
	}
	f.add(c, &o)
	return c
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}

// askFlags are the flags that become an option only together with others.
type askFlags struct {
	json, csv, yesNo  bool
	template, shard   string
	sidecar           string
	columns           []string
	noHeader, csvSafe bool
}

func (f *askFlags) add(c *cobra.Command, o *askOptions) {
	v := c.Flags()
	v.SortFlags = false
	group(c, "Input", func() {
		v.StringArrayVarP(&o.Inputs.Questions, "question", "q", nil, "`QUESTION` to ask of every image; may be repeated")
		v.StringVar(&o.Inputs.QuestionsFile, "questions", "", "`FILE` of questions, one a line")
		v.StringVar(&o.Inputs.From, "from", "", "`FILE` that lists images, one a line; - for standard input")
		v.BoolVarP(&o.Inputs.NUL, "null", "0", false, "names in --from are separated by NUL, as from find -print0")
		v.StringVar(&o.Inputs.Jobs, "jobs", "", "`FILE` of {\"id\",\"image\",\"question\",\"choices\"} objects, one a line; - for standard input")
		v.BoolVarP(&o.Inputs.Recursive, "recursive", "r", false, "search folders recursively")
		v.BoolVar(&o.Inputs.Offline, "offline", false, "refuse images that are http or https URLs, as HF_HUB_OFFLINE does too")
		v.StringVar(&f.shard, "shard", "", "take the share `I/N` of the images, or auto for that of a Kubernetes Job, a Slurm array or GNU parallel")
		addPictures(c, &o.Pictures)
	})
	group(c, "Knobs", func() { addKnobs(c, &o.Knobs, "max-crops", "num-tokens", "clamp") })
	group(c, "Asking", func() {
		addKnobs(c, &o.Knobs, "max-new-tokens", "temperature", "top-p", "seed", "system", "prompt", "choices")
		v.BoolVar(&f.yesNo, "yes-no", false, "short for --choices Yes,No")
		addKnobs(c, &o.Knobs, "logprobs")
		v.DurationVar(&o.Timeout, "timeout", 0, "give up on a question after this `TIME`, such as 90s; 0 for never")
	})
	group(c, "Output", func() {
		v.BoolVar(&f.json, "json", false, "print one JSON object a line")
		v.BoolVar(&f.csv, "csv", false, "print CSV")
		v.StringSliceVar(&f.columns, "columns", nil, "only these `COLUMNS` of CSV, in this order, such as image,answer")
		v.BoolVar(&f.noHeader, "no-header", false, "CSV without its first line, to append it to another")
		v.BoolVar(&f.csvSafe, "csv-safe", false, "put ' ahead of what a spreadsheet would take for a formula")
		v.StringVar(&f.template, "template", "", "print a Go `TEMPLATE` for each answer")
		v.BoolVarP(&o.Output.OnlyYes, "files-with-matches", "l", false, "with --yes-no, print only the names of the images whose answer is Yes")
		v.Float64Var(&o.Output.MinConfidence, "min-confidence", 0, "print only answers of at least this `CONFIDENCE`, from 0 to 1")
		v.StringVarP(&o.Output.Path, "output", "o", "", "write answers to `FILE`, in the format of its name: .jsonl, .csv or plain; - for standard output")
		v.BoolVar(&o.Output.Resume, "resume", false, "continue the --output of a run that was interrupted")
		v.BoolVar(&o.Output.Overwrite, "overwrite", false, "overwrite the --output file, or the sidecars, if they exist")
		v.BoolVar(&o.DryRun, "dry-run", false, "print how many pictures, questions and crops there are, what the cache has of them, and how long it would take; ask nothing")
		v.StringVar(&f.sidecar, "sidecar", "", "write the answers about each picture to a file beside it, named by a `TEMPLATE` such as '{{.Name}}.txt'; pictures that have one are skipped")
		v.BoolVarP(&o.Output.WithName, "with-filename", "H", false, "print the image's name ahead of each plain answer, also with one image")
		v.BoolVar(&o.FailFast, "fail-fast", false, "stop at the first failure")
		v.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
		v.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
		v.StringVar(&o.Dump, "dump", "", "write what passed between the parts of the run to `FILE` (safetensors), to debug a port of the model")
	})
	group(c, "Machine", func() {
		addModel(c, &o.Model)
		addPrecision(c, &o.Precision, "", ownPrecision)
		v.IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
		addCache(c, &o.Cache)
		addCacheContent(c, &o.Cache)
		addConfig(c)
	})
	onlyHere(c, "question", "questions", "from", "null", "jobs", "output", "resume", "overwrite", "sidecar", "dry-run", "dump")
}

// read completes the options from arguments and flags, and refuses those that make no sense together.
func (f *askFlags) read(c *cobra.Command, s Streams, args []string, o *askOptions) error {
	if err := checkTokens(c, &o.Knobs); err != nil {
		return err
	}
	if err := f.input(s, args, o); err != nil {
		return usageError{err}
	}
	var err error
	if c.Flags().Changed("shard") && f.shard == "" {
		return usageError{errors.New("shard is empty, expected I/N or auto")}
	}
	if o.Shard, err = inputs.ParseSharding(f.shard, os.Getenv); err != nil {
		return usageError{err}
	}
	for i, choice := range o.Knobs.Choices {
		o.Knobs.Choices[i] = strings.TrimSpace(choice)
	}
	if f.yesNo {
		if o.Knobs.Choices != nil {
			return usageError{errors.New("both --choices and --yes-no are given, expected one")}
		}
		o.Knobs.Choices = []string{yes, "No"}
	}
	o.DryJSON = f.json
	if o.Output.Path == "-" {
		o.Output.Path = ""
	}
	if c.Flags().Changed("sidecar") {
		naming, err := records.ParseNaming(f.sidecar)
		if err != nil {
			return usageError{fmt.Errorf("--sidecar: %w", err)}
		}
		o.Output.Sidecar = &naming
	}
	if o.Output.MinConfidence > 0 {
		o.Knobs.LogProbs = true
	}
	if o.Format, err = f.format(*o); err != nil {
		return usageError{err}
	}
	if err := o.check(f.yesNo); err != nil {
		return usageError{err}
	}
	if err := o.Knobs.Check(); err != nil {
		return usageError{err}
	}
	return checkPrecision(o.Precision)
}

// yes is the choice of --yes-no that -l looks for.
const yes = "Yes"

// check refuses options that make no sense together.
func (o askOptions) check(yesNo bool) error {
	formatted := o.Format.String() != records.Plain.String()
	switch {
	case o.Timeout < 0:
		return fmt.Errorf("timeout is %v, expected 0 or more", o.Timeout)
	case o.Threads < 0:
		return fmt.Errorf("threads is %d, expected 0 or more", o.Threads)
	case o.Converse && o.Output.Path != "":
		return errors.New("--output is given and no QUESTION; a prompt answers on the terminal alone")
	case o.Converse && formatted:
		return errors.New("--json, --csv and --template need a QUESTION; a prompt answers on the terminal alone")
	case o.Converse && o.DryRun:
		return errors.New("--dry-run needs a QUESTION")
	case o.Output.Sidecar != nil:
		return o.checkSidecar()
	case o.Output.WithName && formatted:
		return errors.New("--with-filename is about plain answers, expected no other format")
	case o.Output.Path == "" && (o.Output.Resume || o.Output.Overwrite):
		return errors.New("--resume and --overwrite are about an --output, which is missing")
	case o.Output.Resume && o.Output.Overwrite:
		return errors.New("both --resume and --overwrite are given, expected one")
	case !(o.Output.MinConfidence >= 0 && o.Output.MinConfidence <= 1):
		return fmt.Errorf("min-confidence is %v, expected 0 to 1", o.Output.MinConfidence)
	case o.Output.OnlyYes && !yesNo:
		return errors.New("-l prints the images whose answer is Yes, and needs --yes-no")
	case o.Output.OnlyYes && o.Output.Resume:
		return errors.New("-l prints names alone, expected no --resume")
	case o.Output.MinConfidence > 0 && o.Output.Resume:
		return errors.New("--min-confidence leaves answers out, so that --resume would ask for them again")
	case o.Output.Resume:
		return o.Format.CheckResume()
	case o.Dump != "" && (o.Converse || !o.single()):
		return errors.New("--dump is about one image and one question")
	}
	return nil
}

// checkSidecar refuses what makes no sense together with --sidecar.
func (o askOptions) checkSidecar() error {
	switch {
	case o.Output.Path != "":
		return errors.New("both --output and --sidecar are given, expected one")
	case o.Converse:
		return errors.New("--sidecar needs a QUESTION; a prompt answers on the terminal alone")
	case o.Output.Resume:
		return errors.New("--resume is about an --output; the pictures that have a --sidecar are skipped anyway")
	case o.Output.OnlyYes:
		return errors.New("both -l and --sidecar are given, expected one")
	case slices.Contains(o.Inputs.Images, inputs.Stdin):
		return errors.New("--sidecar writes beside a picture's file, expected none from standard input")
	case o.Inputs.Jobs == inputs.Stdin:
		return errors.New("--sidecar needs all lines of the --jobs ahead, expected a file of them")
	case o.Dump != "" && !o.single():
		return errors.New("--dump is about one image and one question")
	case !(o.Output.MinConfidence >= 0 && o.Output.MinConfidence <= 1):
		return fmt.Errorf("min-confidence is %v, expected 0 to 1", o.Output.MinConfidence)
	case o.Output.WithName && o.Format.String() != records.Plain.String():
		return errors.New("--with-filename is about plain answers, expected no other format")
	}
	return nil
}

// input says which arguments are images and which one is a question.
func (f *askFlags) input(s Streams, args []string, o *askOptions) error {
	in := &o.Inputs
	in.Images, in.Stdin, in.MaxBytes = args, s.In, mcllava.MaxPictureBytes
	asked := len(in.Questions) > 0 || in.QuestionsFile != ""
	switch {
	case in.Jobs != "" || asked:
	case len(args) == 1 && in.From == "" && s.InTerminal && s.ErrTerminal:
		o.Converse = true
		in.Questions = []string{"?"} // whatever is typed
	case in.From != "" && len(args) == 0:
		return errors.New("--from names the images, expected a QUESTION about them; see mcllava ask --help")
	case len(args) == 0 || len(args) == 1 && in.From == "":
		return fmt.Errorf("ask takes an IMAGE and a QUESTION, got %s; see mcllava ask --help", counted(args))
	default:
		if err := misplaced(args); err != nil {
			return err
		}
		last := len(args) - 1
		in.Images, in.Questions = args[:last], args[last:]
	}
	return in.Check()
}

// misplaced is what is wrong with arguments whose last is no question, or of which only the first can be an image.
func misplaced(args []string) error {
	last := args[len(args)-1]
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	switch {
	case there(last) && !there(args[0]) && args[0] != inputs.Stdin && strings.ContainsAny(args[0], " ?"):
		return fmt.Errorf("the last argument, %s, is a file, expected the QUESTION there and the images before it", last)
	case there(last):
		return fmt.Errorf("the last argument, %s, is a file, expected a QUESTION, in quotes, behind the images", last)
	case len(args) > 2 && there(args[0]) && !slices.ContainsFunc(args[1:], func(a string) bool {
		return there(a) || a == inputs.Stdin || strings.ContainsAny(a, "*[/.")
	}):
		return fmt.Errorf("%q is no image; quote the question: mcllava ask %s %q", args[1], args[0], strings.Join(args[1:], " "))
	}
	return nil
}

// format is the format that flags ask for or, without one, that of the output's name.
func (f *askFlags) format(o askOptions) (records.Format, error) {
	var names []string
	for _, one := range []struct {
		name  string
		asked bool
	}{{"jsonl", f.json}, {"csv", f.csv}, {"template", f.template != ""}, {"names", o.Output.OnlyYes}} {
		if one.asked {
			names = append(names, one.name)
		}
	}
	if len(names) > 1 {
		return records.Format{}, errors.New("more than one of --json, --csv, --template and -l is given, expected one")
	}
	named, ending := "", strings.ToLower(filepath.Ext(o.Output.Path))
	switch ending {
	case ".csv":
		named = "csv"
	case ".jsonl", ".json", ".ndjson":
		named = "jsonl"
	}
	switch {
	case len(names) == 0 && named != "":
		names = []string{named}
	case len(names) == 0:
		names = []string{""}
	case named != "" && names[0] != named && names[0] != "template":
		return records.Format{}, fmt.Errorf("the output's name ends with %s, but the format asked for is %s", ending, names[0])
	}
	ofCSV := f.columns != nil || f.noHeader || f.csvSafe
	switch {
	case ofCSV && names[0] != "csv":
		return records.Format{}, errors.New("--columns, --no-header and --csv-safe are about --csv")
	case names[0] == "csv":
		return records.NewCSV(records.CSVOptions{Columns: f.columns, NoHeader: f.noHeader, Safe: f.csvSafe})
	case names[0] == "names":
		return records.ParseFormat("template", "{{.Image}}")
	}
	return records.ParseFormat(names[0], f.template)
}

// single says whether there can be but one image and one question.
func (o askOptions) single() bool {
	in := o.Inputs
	if len(in.Images) != 1 || in.From != "" || in.Jobs != "" || len(in.Questions) != 1 {
		return false
	}
	info, err := os.Stat(in.Images[0])
	return in.Images[0] == inputs.Stdin || inputs.IsURL(in.Images[0]) || err == nil && !info.IsDir() || err != nil && !strings.ContainsAny(in.Images[0], "*?[")
}

// many says whether there may be several images, so that an answer needs its image's name.
func (o askOptions) many() bool {
	one := o.Inputs
	one.Questions, one.QuestionsFile = []string{"?"}, ""
	o.Inputs = one
	return !o.single()
}

// plain says whether answers stand alone, without their records.
func (o askOptions) plain() bool { return o.Format.String() == records.Plain.String() }

// streams says whether the answer is shown as it comes.
func (o askOptions) streams(s Streams) bool {
	return s.OutTerminal && o.Output.Path == "" && o.Output.Sidecar == nil && !o.Output.WithName && o.single() && o.plain() && o.Output.MinConfidence == 0
}

// wanted says which answers are printed; nil for all.
func (o askOptions) wanted() func(records.Record) bool {
	if !o.Output.OnlyYes && o.Output.MinConfidence == 0 {
		return nil
	}
	return func(r records.Record) bool {
		return (!o.Output.OnlyYes || r.Answer == yes) && (r.Confidence == nil || *r.Confidence >= o.Output.MinConfidence)
	}
}

func ask(ctx context.Context, s Streams, o askOptions) error {
	o.noteTyping(s)
	o.Inputs.Stdin, o.Inputs.Context = interruptible{ctx, o.Inputs.Stdin}, ctx
	o.Inputs.Offline = o.Inputs.Offline || hub.Offline()
	all, err := inputs.New(o.Inputs)
	if err != nil {
		return err
	}
	if o.Model == "" && !o.Quiet {
		note(s, "using the small embedded demo, which reads drawn shop signs; --model FOLDER (or MCLLAVA_MODEL) uses a real MC-LLaVA checkpoint")
	}
	if o.DryRun {
		return dryRun(ctx, s, o, all)
	}
	if o.Converse {
		return converse(ctx, s, o, all)
	}
	return askAll(ctx, s, o, all)
}

// askAll answers every question about every picture.
func askAll(ctx context.Context, s Streams, o askOptions, all *inputs.Pairs) error {
	total, _ := all.Count()
	w := newWatch(s, o, total)
	w.questions = all.Questions()
	defer w.bar.clear()
	options := o.run(s)
	if w.stream {
		options.Output.Writer = nil
	}
	r := run.New(all, func() (*mcllava.Model, error) { return openModel(s, o) }, options, w)
	passedOver(w, all)
	summary, err := r.Do(ctx)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return interrupted{o.resumeHint(summary)}
	case err != nil:
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
		Knobs: o.Knobs, Pictures: o.Pictures, Shard: o.Shard, Timeout: o.Timeout, FailFast: o.FailFast, Dump: o.Dump, Output: out,
	}
}

// interrupted is how a run ends that the user stopped.
type interrupted struct{ hint string }

func (e interrupted) Error() string { return "interrupted" + e.hint }

func (interrupted) Unwrap() error { return context.Canceled }

// nothingFound is how a run ends none of whose answers was wanted: with an exit code and no message.
type nothingFound struct{}

func (nothingFound) Error() string { return "no answer was wanted" }

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
