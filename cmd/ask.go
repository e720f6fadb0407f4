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
	"github.com/mcllava/mcllava/internal/jobs"
	"github.com/mcllava/mcllava/internal/records"
)

type askOptions struct {
	Jobs      jobs.Options
	Converse  bool // questions come from the terminal
	Shard     jobs.Sharding
	Model     string
	Precision mcllava.Precision
	Threads   int
	Ask       mcllava.Options // what the model is told besides picture and question
	Format    records.Format
	Output    outputOptions
	Cache     cacheOptions
	FailFast  bool
	Quiet     bool
	Progress  bool
	Dump      string
	Timeout   time.Duration
}

// outputOptions say where records go.
type outputOptions struct {
	Path      string // "" for standard output
	Resume    bool
	Overwrite bool
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

An IMAGE is a file, a folder, a pattern in quotes, or "-" for standard input. With --question or --questions every
argument is an image. On a terminal, an IMAGE without a question opens a prompt: the picture is looked at once, and every
line is a question about it; Ctrl-D ends.

Answers go to standard output, in the order of the input, and nothing else does. What fails is reported on standard error,
the rest goes on, and the exit code is 1. Flags can be set in the environment (--max-crops as MCLLAVA_MAX_CROPS) or in the
config file, all but --output, --resume, --overwrite, --dump and --config.

Formats:
` + indent(records.FormatsHelp),
		Example: `  mcllava ask photo.jpg "what shop is this"
  mcllava ask --max-crops 200 --num-tokens 1456 photo.jpg "what does the logo say?"
  curl -s https://example.org/photo.jpg | mcllava ask - "is it day or night?"
  mcllava ask photos -q "what shop is this" -q "is it open?" --json -o answers.jsonl --resume
  find . -name '*.jpg' -print0 | mcllava ask --from - -0 --choices "yes,no" "is there a sign?"`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if err := bind(c, f.config); err != nil {
				return err
			}
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
	config           string
	json, csv, yesNo bool
	template, shard  string
}

func (f *askFlags) add(c *cobra.Command, o *askOptions) {
	v := c.Flags()
	v.SortFlags = false
	v.StringArrayVarP(&o.Jobs.Questions, "question", "q", nil, "`QUESTION` to ask of every image; may be repeated")
	v.StringVar(&o.Jobs.QuestionsFile, "questions", "", "`FILE` of questions, one a line")
	v.StringVar(&o.Jobs.From, "from", "", "`FILE` that lists images, one a line; - for standard input")
	v.BoolVarP(&o.Jobs.NUL, "null", "0", false, "names in --from end with NUL, as those of find -print0")
	v.StringVar(&o.Jobs.Jobs, "jobs", "", "`FILE` of {\"id\",\"image\",\"question\"} objects, one a line; - for standard input")
	v.BoolVarP(&o.Jobs.Recursive, "recursive", "r", false, "folders with all that is below them")
	v.StringVar(&f.shard, "shard", "", "take the share `I/N` of the images, or auto for that of a Kubernetes Job, a Slurm array or GNU parallel")

	v.IntVar(&o.Ask.MaxCrops, "max-crops", mcllava.DefaultMaxCrops, "most crops besides the whole picture")
	v.IntVar(&o.Ask.NumTokens, "num-tokens", mcllava.DefaultNumTokens, "image tokens; unless given, no more than the crops have")
	v.IntVar(&o.Ask.MaxNewTokens, "max-new-tokens", mcllava.DefaultMaxNewTokens, "most tokens of the answer")
	v.Float64Var(&o.Ask.Temperature, "temperature", 0, "randomness of the answer; 0 takes the likeliest token each time")
	v.Float64Var(&o.Ask.TopP, "top-p", 1, "share of probability that tokens are drawn from")
	v.Uint64Var(&o.Ask.Seed, "seed", 0, "seed of the randomness")
	v.StringVar(&o.Ask.System, "system", "", "`TEXT` of a system message")
	v.StringVar(&o.Ask.Prompt, "prompt", "", "raw `TEMPLATE` with <image> and {question} in place of the published one")
	v.StringSliceVar(&o.Ask.Choices, "choices", nil, "answer with the likeliest of these `ANSWERS`, separated by commas")
	v.BoolVar(&f.yesNo, "yes-no", false, "short for --choices Yes,No")
	v.BoolVar(&o.Ask.LogProbs, "logprobs", false, "also say how likely the answer is")

	v.BoolVar(&f.json, "json", false, "print one JSON object a line")
	v.BoolVar(&f.csv, "csv", false, "print CSV")
	v.StringVar(&f.template, "template", "", "print a Go `TEMPLATE` for each answer")
	v.StringVarP(&o.Output.Path, "output", "o", "", "write answers to `FILE`; - for standard output")
	v.BoolVar(&o.Output.Resume, "resume", false, "go on with the --output of a run that was interrupted")
	v.BoolVar(&o.Output.Overwrite, "overwrite", false, "replace an --output that is there")
	v.BoolVar(&o.FailFast, "fail-fast", false, "stop at the first failure")

	addModel(c, &o.Model)
	addPrecision(c, &o.Precision, "", ownPrecision)
	v.IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
	addCache(c, &o.Cache)
	v.StringVar(&o.Dump, "dump", "", "write the stages of the run to `FILE` (safetensors), to debug a port of the model")
	v.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	v.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	v.DurationVar(&o.Timeout, "timeout", 0, "give up on a question after this time, such as 90s; 0 for never")
	addConfig(c, &f.config)
}

// read completes the options from arguments and flags, and refuses those that make no sense together.
func (f *askFlags) read(c *cobra.Command, s Streams, args []string, o *askOptions) error {
	if err := defaultTokens(c, &o.Ask.NumTokens); err != nil {
		return err
	}
	if err := f.input(s, args, o); err != nil {
		return usageError{err}
	}
	var err error
	if c.Flags().Changed("shard") && f.shard == "" {
		return usageError{errors.New("shard is empty, expected I/N or auto")}
	}
	if o.Shard, err = jobs.ParseSharding(f.shard, os.Getenv); err != nil {
		return usageError{err}
	}
	if f.yesNo {
		if o.Ask.Choices != nil {
			return usageError{errors.New("both --choices and --yes-no are given, expected one")}
		}
		o.Ask.Choices = []string{"Yes", "No"}
	}
	if o.Format, err = f.format(); err != nil {
		return usageError{err}
	}
	if o.Output.Path == "-" {
		o.Output.Path = ""
	}
	switch {
	case o.Timeout < 0:
		err = fmt.Errorf("timeout is %v, expected 0 or more", o.Timeout)
	case o.Threads < 0:
		err = fmt.Errorf("threads is %d, expected 0 or more", o.Threads)
	case o.Converse && o.Output.Path != "":
		err = errors.New("--output is given and no QUESTION; a prompt answers on the terminal alone")
	case o.Output.Path == "" && (o.Output.Resume || o.Output.Overwrite):
		err = errors.New("--resume and --overwrite are about an --output, which is missing")
	case o.Output.Resume && o.Output.Overwrite:
		err = errors.New("both --resume and --overwrite are given, expected one")
	case o.Output.Resume:
		err = o.Format.CheckResume()
	case o.Dump != "" && (o.Converse || !o.single()):
		err = errors.New("--dump is about one image and one question")
	}
	if err != nil {
		return usageError{err}
	}
	return checkPrecision(o.Precision)
}

// input says which arguments are images and which one is a question.
func (f *askFlags) input(s Streams, args []string, o *askOptions) error {
	in := &o.Jobs
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
		last := len(args) - 1
		in.Images, in.Questions = args[:last], args[last:]
	}
	return in.Check()
}

func (f *askFlags) format() (records.Format, error) {
	var names []string
	for name, asked := range map[string]bool{"jsonl": f.json, "csv": f.csv, "template": f.template != ""} {
		if asked {
			names = append(names, name)
		}
	}
	switch len(names) {
	case 0:
		return records.Plain, nil
	case 1:
		return records.ParseFormat(names[0], f.template)
	}
	return records.Format{}, errors.New("more than one of --json, --csv and --template is given, expected one")
}

// single says whether there can be but one image and one question.
func (o askOptions) single() bool {
	in := o.Jobs
	if len(in.Images) != 1 || in.From != "" || in.Jobs != "" || len(in.Questions) != 1 {
		return false
	}
	info, err := os.Stat(in.Images[0])
	return in.Images[0] == jobs.Stdin || err == nil && !info.IsDir() || err != nil && !strings.ContainsAny(in.Images[0], "*?[")
}

// many says whether there may be several images, so that an answer needs its image's name.
func (o askOptions) many() bool {
	one := o.Jobs
	one.Questions, one.QuestionsFile = []string{"?"}, ""
	o.Jobs = one
	return !o.single()
}

func ask(ctx context.Context, s Streams, o askOptions) error {
	if err := o.Ask.Check(); err != nil {
		return usageError{err}
	}
	o.Jobs.Stdin = interruptible{ctx, o.Jobs.Stdin}
	all, err := jobs.New(o.Jobs)
	if err != nil {
		return err
	}
	if o.Model == "" && !o.Quiet {
		fmt.Fprintln(s.Err, "mcllava: using the small embedded demo, which reads drawn shop signs; --model FOLDER (or MCLLAVA_MODEL) uses a real MC-LLaVA checkpoint")
	}
	r := &run{streams: s, options: o, jobs: all}
	if o.Converse {
		return r.converse(ctx)
	}
	return r.answerAll(ctx)
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
		fmt.Fprintf(s.Err, "mcllava: loaded the checkpoint as %s in %.0f s; mcllava convert writes one that needs no loading\n", m.Precision(), took.Seconds())
	}
	if err := o.Cache.use(m); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}
