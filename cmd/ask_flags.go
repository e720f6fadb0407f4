package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
)

// askFlags are the flags that become an option only together with others.
type askFlags struct {
	command           string // that has them
	json, csv, yesNo  bool
	template, shard   string
	sidecar           string
	columns           []string
	noHeader, csvSafe bool
	gaze              gazeFlags
	noChoices         bool // they are the input's
}

func (f *askFlags) add(c *cobra.Command, o *askOptions) {
	o.Knobs = mcllava.DefaultKnobs()
	v := c.Flags()
	v.SortFlags = false
	f.addInput(c, o)
	group(c, "Knobs", func() { addKnobs(c, o.Knobs.ViewKnobs.All()) })
	f.addAsking(c, o)
	group(c, "Seeing", func() {
		addKnobs(c, o.Knobs.SearchKnobs.All())
		f.gaze.add(c)
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
		v.StringVar(&o.Output.Report, "report", "", "at the end of the run, write a page of the --output with its pictures to `FILE`, as mcllava report does")
		v.BoolVar(&o.Output.Resume, "resume", false, "continue the --output of a run that was interrupted")
		v.BoolVar(&o.Output.Overwrite, "overwrite", false, "overwrite the --output file, the sidecars and the drawings if they exist")
		v.BoolVar(&o.DryRun, "dry-run", false, "print how many pictures, questions and crops there are, what the cache has of them, and how long it would take; ask nothing")
		v.StringVar(&f.sidecar, "sidecar", "", "write the answers about each picture to a file beside it, named by a `TEMPLATE` such as '{{.Name}}.txt'; pictures that have one are skipped")
		v.BoolVarP(&o.Output.WithName, "with-filename", "H", false, "print the image's name ahead of each plain answer, also with one image")
		v.BoolVar(&o.FailFast, "fail-fast", false, "stop at the first failure")
		v.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
		v.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
		v.StringVar(&o.Dump, "dump", "", "write what passed between the parts of the run to `FILE` (safetensors), to debug a port of the model")
	})
	f.addMachine(c, o)
	onlyHere(c, "question", "questions", "from", "null", "jobs", "output", "report", "resume", "overwrite", "sidecar", "dry-run", "dump", "attention", "attention-dir", "attention-word")
}

// addInput adds the flags of what is asked about what.
func (f *askFlags) addInput(c *cobra.Command, o *askOptions) {
	v := c.Flags()
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
}

// addAsking adds the flags of how a question is answered.
func (f *askFlags) addAsking(c *cobra.Command, o *askOptions) {
	v := c.Flags()
	group(c, "Asking", func() {
		for knob := range o.Knobs.AnswerKnobs.All() {
			if f.noChoices && knob.Value == any(&o.Knobs.Choices) {
				continue
			}
			addKnob(c, knob)
			if knob.Value == any(&o.Knobs.Choices) {
				v.BoolVar(&f.yesNo, "yes-no", false, fmt.Sprintf("short for --%s %s,%s", knob.Name, yes, no))
			}
		}
		v.DurationVar(&o.Timeout, "timeout", 0, "give up on a question after this `TIME`, such as 90s; 0 for never")
	})
}

// addMachine adds the flags of what computes.
func (f *askFlags) addMachine(c *cobra.Command, o *askOptions) {
	group(c, "Machine", func() {
		addModel(c, &o.Model)
		addPrecision(c, &o.Precision, "", ownPrecision)
		c.Flags().IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
		addCache(c, &o.Cache)
		addCacheContent(c, &o.Cache)
		addConfig(c)
	})
}

// read completes the options from arguments and flags, and refuses those that make no sense together.
func (f *askFlags) read(c *cobra.Command, s Streams, args []string, o *askOptions) error {
	o.Sourced = func(err error) error { return sourced(c, err) }
	if err := f.input(s, args, o); err != nil {
		return usageError{err}
	}
	if err := f.settle(c, o); err != nil {
		return err
	}
	var err error
	if c.Flags().Changed("shard") && f.shard == "" {
		return usageError{errors.New("shard is empty, expected I/N or auto")}
	}
	if o.Shard, err = inputs.ParseSharding(f.shard, os.Getenv); err != nil {
		return usageError{err}
	}
	if f.yesNo {
		if o.Knobs.Choices != nil {
			return usageError{fmt.Errorf("both --%s and --yes-no are given, expected one", mcllava.KnobName(o.Knobs.All(), &o.Knobs.Choices))}
		}
		o.Knobs.Choices = []string{yes, no}
	}
	o.DryJSON = f.json
	if o.Output.Path == "-" {
		o.Output.Path = ""
	}
	if c.Flags().Changed("sidecar") {
		naming, err := records.ParseNaming(f.sidecar)
		if err != nil {
			return usageError{err}
		}
		o.Output.Sidecar = &naming
	}
	if o.Output.MinConfidence > 0 {
		o.Knobs.LogProbs = true
	}
	if o.Format, err = f.format(*o); err != nil {
		return usageError{err}
	}
	if o.Gaze, err = f.gaze.read(c, *o); err != nil {
		return usageError{err}
	}
	o.Show = f.gaze.show
	if err := f.provide(c, o); err != nil {
		return usageError{err}
	}
	if err := cmp.Or(idleKnobs(c, &o.Knobs), idleClamp(c, &o.Knobs.ViewKnobs), idleCache(c, o.Cache), o.idleAtPrompt(c)); err != nil {
		return usageError{err}
	}
	if err := errors.Join(o.check(f.yesNo), o.checkUTF8()); err != nil {
		return usageError{err}
	}
	if err := o.Knobs.Check(); err != nil {
		return usageError{err}
	}
	return checkPrecision(o.Precision)
}

// The choices of --yes-no; -l looks for yes.
const (
	yes = "Yes"
	no  = "No"
)
