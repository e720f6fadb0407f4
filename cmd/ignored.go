package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

// onTheLine says whether a flag stands on the command line, and has its value neither by default nor from the environment or the config file.
func onTheLine(c *cobra.Command, name string) bool {
	f := c.Flags().Lookup(name)
	return f != nil && f.Changed && !annotated(f, fromSettings)
}

// idle refuses flags on the command line that do nothing without another one, which is not given. what says what is missing. Settings of
// the environment and the config file, which are for many calls, are no reason to refuse one.
func idle(c *cobra.Command, what string, names ...string) error {
	for _, name := range names {
		if onTheLine(c, name) {
			return fmt.Errorf("--%s does nothing without %s", name, what)
		}
	}
	return nil
}

// idleKnobs refuses knobs on the command line that do nothing beside the others.
func idleKnobs(c *cobra.Command, k *mcllava.Knobs) error {
	name := func(value any) string { return mcllava.KnobName(k.All(), value) }
	search, crops := name(&k.Search), name(&k.MaxCrops)
	if !k.Search {
		return idle(c, "--"+search, name(&k.SearchCrops), name(&k.Coarse), name(&k.Sure), name(&k.Abstentions))
	}
	if onTheLine(c, crops) {
		return fmt.Errorf("--%s is of one look; how many crops a --%s looks at, --%s says", crops, search, name(&k.SearchCrops))
	}
	return nil
}

// idleAtPrompt refuses flags on the command line that choose among printed answers, where a prompt prints each.
func (o askOptions) idleAtPrompt(c *cobra.Command) error {
	if !o.Converse {
		return nil
	}
	return idle(c, "a QUESTION", "min-confidence", "with-filename")
}

// provide has answers come with what the format prints of them, where that costs nothing, and refuses a template that prints what no answer of
// this call has.
func (f *askFlags) provide(c *cobra.Command, o *askOptions) error {
	k := &o.Knobs
	logProbs, choices := mcllava.KnobName(k.All(), &k.LogProbs), mcllava.KnobName(k.All(), &k.Choices)
	if k.Choices == nil && (o.Format.Prints("Confidence", "confidence") || o.Format.Prints("LogProb", "logprob")) {
		if onTheLine(c, logProbs) && !k.LogProbs {
			return fmt.Errorf("the confidence is to be printed, and needs --%s", logProbs)
		}
		k.LogProbs = true
	}
	if f.template == "" {
		return nil
	}
	chosen := k.Choices != nil || o.Inputs.Jobs != ""
	drawn := o.Gaze != nil
	swept := f.command == "sweep"
	judged := swept && c.Flags().Changed("expect")
	for _, one := range []struct {
		fields string
		there  bool
		needs  string
	}{
		{"Choice Probabilities", chosen, "--" + choices + " or --yes-no"},
		{"Attention", drawn, "--attention, --attention-dir or --show"},
		{"Search", k.Search, "--" + mcllava.KnobName(k.All(), &k.Search)},
		{"Mark Sweep", swept, "mcllava sweep"},
		{"Expected Correct", judged, "mcllava sweep --expect"},
		{"Dataset DatasetHash Category AnswerType QuestionType TrueBox Scoring Compared Score", false, "mcllava eval, whose --output has it"},
	} {
		for field := range strings.FieldsSeq(one.fields) {
			if !one.there && o.Format.Prints(field, "") {
				return fmt.Errorf("--template: .%s needs %s; {{if .%[1]s}} asks whether it is there", field, one.needs)
			}
		}
	}
	return nil
}

// errNoFile is for flags about files that are not written.
var errNoFile = errors.New("--overwrite is about -o, --sheet or --save, expected one of them")
