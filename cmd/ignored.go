package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// onTheLine says whether a flag stands on the command line, and has its value neither by default nor from the environment or the config file.
func onTheLine(c *cobra.Command, name string) bool {
	f := c.Flags().Lookup(name)
	return f != nil && f.Changed && !annotated(f, fromSettings)
}

// idle refuses flags on the command line that do nothing, and are not off. why begins with without or with. Settings of the environment and
// the config file, which are for many calls, are no reason to refuse one.
func idle(c *cobra.Command, why string, names ...string) error {
	for _, name := range names {
		if onTheLine(c, name) && c.Flags().Lookup(name).Value.String() != "false" {
			return fmt.Errorf("--%s does nothing %s", name, why)
		}
	}
	return nil
}

// idleKnobs refuses knobs on the command line that do nothing beside the others.
func idleKnobs(c *cobra.Command, k *mcllava.Knobs) error {
	name := func(value any) string { return mcllava.KnobName(k.All(), value) }
	search, crops := name(&k.Search), name(&k.MaxCrops)
	if err := idleAnswering(c, k); err != nil {
		return err
	}
	if !k.Search {
		return idle(c, "without --"+search, name(&k.SearchCrops), name(&k.Coarse), name(&k.Sure), name(&k.Abstentions))
	}
	if onTheLine(c, crops) {
		return fmt.Errorf("--%s is of one look; how many crops a --%s looks at, --%s says", crops, search, name(&k.SearchCrops))
	}
	return idle(c, "with --"+search+", which always takes the nearest number", name(&k.Clamp))
}

// idleAnswering is idleKnobs for those of how a question is answered.
func idleAnswering(c *cobra.Command, k *mcllava.Knobs) error {
	name := func(value any) string { return mcllava.KnobName(k.All(), value) }
	chance := []string{name(&k.TopP), name(&k.Seed)}
	if k.Temperature > 0 {
		chance = append(chance, name(&k.Temperature))
	}
	if k.Choices != nil {
		return idle(c, "with "+choiceFlag(c, name(&k.Choices))+", of which the likeliest is the answer", append(chance, name(&k.MaxNewTokens))...)
	}
	if k.Temperature == 0 {
		return idle(c, "without a --"+name(&k.Temperature)+" above 0", chance...)
	}
	return nil
}

// choiceFlag is the flag that says what is chosen from.
func choiceFlag(c *cobra.Command, choices string) string {
	if f := c.Flags().Lookup(choices); f == nil || !f.Changed {
		return "--yes-no"
	}
	return "--" + choices
}

// idleClamp refuses a --clamp on the command line where no number of image tokens is asked for.
func idleClamp(c *cobra.Command, k *mcllava.ViewKnobs) error {
	tokens := mcllava.KnobName(k.All(), &k.NumTokens)
	if f := c.Flags().Lookup(tokens); f == nil || f.Changed || c.Name() == sweepCommand {
		return nil
	}
	return idle(c, "without --"+tokens, mcllava.KnobName(k.All(), &k.Clamp))
}

// idleCache refuses what is of a cache that is off.
func idleCache(c *cobra.Command, o cacheOptions) error {
	if o.Folder != cacheOff {
		return nil
	}
	return idle(c, "with --cache "+cacheOff, "cache-size", "cache-rows", "cache-prompt")
}

// idleAtPrompt refuses flags on the command line that choose among printed answers, where a prompt prints each.
func (o askOptions) idleAtPrompt(c *cobra.Command) error {
	if !o.Converse {
		return nil
	}
	return idle(c, "without a QUESTION", "min-confidence", "with-filename")
}

// provide has answers come with what the format prints of them, where that costs nothing, and refuses a template that prints what no answer of
// this call has.
func (f *askFlags) provide(c *cobra.Command, o *askOptions) error {
	k := &o.Knobs
	logProbs, choices := mcllava.KnobName(k.All(), &k.LogProbs), mcllava.KnobName(k.All(), &k.Choices)
	either := func(has func(field, column string) bool) bool {
		return has("Confidence", "confidence") || has("LogProb", "logprob")
	}
	if k.Choices == nil && either(o.Format.Mentions) {
		off := onTheLine(c, logProbs) && !k.LogProbs
		if off && either(o.Format.Prints) {
			return fmt.Errorf("the confidence is to be printed, and needs --%s", logProbs)
		}
		k.LogProbs = !off
	}
	if f.template == "" && !onTheLine(c, "columns") {
		return nil
	}
	chosen := k.Choices != nil || o.Inputs.Jobs != ""
	drawn := o.Gaze != nil
	swept := f.command == sweepCommand
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
			column := records.ColumnOf(field)
			switch {
			case one.there || !o.Format.Prints(field, column):
			case f.template == "":
				return fmt.Errorf("--columns: %s is empty without %s", column, one.needs)
			default:
				return fmt.Errorf("--template: .%s needs %s; {{if .%[1]s}} asks whether it is there", field, one.needs)
			}
		}
	}
	return nil
}

// idleEverywhere refuses on the command line, for all commands, what does nothing: a name that is empty, as a shell makes it of a variable
// that is not set, and --progress beside --quiet. An empty setting is another's absence, and is no such name.
func idleEverywhere(c *cobra.Command) error {
	var err error
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if err == nil && annotated(f, notASetting) && f.Value.Type() == "string" && f.Value.String() == "" && onTheLine(c, f.Name) {
			what, _ := pflag.UnquoteUsage(f)
			err = fmt.Errorf("--%s is empty, expected %s", f.Name, what)
		}
	})
	const quiet, progress = "quiet", "progress"
	if err != nil || c.Flags().Lookup(progress) == nil {
		return err
	}
	if err := strongest(c, quiet, progress); err != nil {
		return err
	}
	if rank(c, quiet) != byDefault && rank(c, progress) != byDefault {
		return fmt.Errorf("both --%s and --%s are given, expected one", quiet, progress)
	}
	return nil
}

// errNoFile is for flags about files that are not written.
var errNoFile = errors.New("--overwrite is about -o, --sheet or --save, expected one of them")
