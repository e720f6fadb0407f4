package cmd

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava"
)

// Where the value of a flag comes from, the stronger behind the weaker.
const (
	byDefault = iota
	fromFile
	fromEnvironment
	fromTheLine
)

// rank says where a flag has the value from that it asks for something with. One that is off, or has the value it has by default anyway,
// asks for nothing.
func rank(c *cobra.Command, name string) int {
	f := c.Flags().Lookup(name)
	switch {
	case f == nil || !f.Changed || f.Value.String() == f.DefValue:
		return byDefault
	case !annotated(f, fromSettings):
		return fromTheLine
	case slices.Contains(f.Annotations[fromSettings], inEnvironment):
		return fromEnvironment
	}
	return fromFile
}

// passOver leaves flags without the value that they have from the environment or the config file.
func passOver(c *cobra.Command, names ...string) error {
	for _, name := range names {
		f := c.Flags().Lookup(name)
		if f == nil || !annotated(f, fromSettings) {
			continue
		}
		if err := byItself(f); err != nil {
			return err
		}
		f.Changed = false
		delete(f.Annotations, fromSettings)
	}
	return nil
}

// byItself gives a flag its default. That of a list is none.
func byItself(f *pflag.Flag) error {
	if several, ok := f.Value.(pflag.SliceValue); ok {
		return several.Replace(nil)
	}
	return f.Value.Set(f.DefValue)
}

// strongest passes over the settings among flags of which but one can be asked for, where another of them is asked for by something stronger.
func strongest(c *cobra.Command, names ...string) error {
	ranks := func(a, b string) int { return cmp.Compare(rank(c, a), rank(c, b)) }
	top := rank(c, slices.MaxFunc(names, ranks))
	return passOver(c, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return rank(c, name) == top })...)
}

// giveWay passes over settings where a flag on the command line asks for what does not go with them.
func giveWay(c *cobra.Command, to string, settings ...string) error {
	if rank(c, to) != fromTheLine {
		return nil
	}
	return passOver(c, settings...)
}

// settleSearch has a search of the settings give way to what is of looks without one.
func settleSearch(c *cobra.Command, k *mcllava.Knobs) error {
	name := func(value any) string { return mcllava.KnobName(k.All(), value) }
	search := name(&k.Search)
	if crops := name(&k.MaxCrops); onTheLine(c, crops) { // also with the number that it has by default
		return passOver(c, search)
	}
	return nil
}

// formatFlags are the flags of which each is a format of the answers, with the names that formats have.
var formatFlags = map[string]string{"json": jsonlFormat, "csv": csvFormat, "template": "template", "files-with-matches": "names"}

// settle has the settings give way to the flags on the command line that they do not go with, and passes over those that would do nothing.
func (f *askFlags) settle(c *cobra.Command, o *askOptions) error {
	choices := mcllava.KnobName(o.Knobs.All(), &o.Knobs.Choices)
	if err := settleSearch(c, &o.Knobs); err != nil {
		return err
	}
	if err := strongest(c, choices, "yes-no"); err != nil {
		return err
	}
	for _, typed := range []string{"resume", "sidecar"} {
		if err := giveWay(c, typed, "files-with-matches"); err != nil {
			return err
		}
	}
	if err := giveWay(c, "resume", "min-confidence"); err != nil {
		return err
	}
	if !f.yesNo {
		if err := passOver(c, "files-with-matches"); err != nil {
			return err
		}
	}
	return f.settleFormat(c, o)
}

// settleFormat is settle for the format of the answers and what is about one.
func (f *askFlags) settleFormat(c *cobra.Command, o *askOptions) error {
	var flags []string
	named := formatOf(o.Output.Path)
	for flag, format := range formatFlags {
		flags = append(flags, flag)
		if o.Converse || named != "" && format != named {
			if err := passOver(c, flag); err != nil {
				return err
			}
		}
	}
	if err := strongest(c, flags...); err != nil {
		return err
	}
	if err := giveWay(c, "with-filename", flags...); err != nil {
		return err
	}
	asked := slices.ContainsFunc(flags, func(flag string) bool { return rank(c, flag) != byDefault })
	if asked || named != "" {
		if err := passOver(c, "with-filename"); err != nil {
			return err
		}
	}
	if !f.csv && (asked || named != csvFormat) {
		return passOver(c, "columns", "no-header", "csv-safe")
	}
	for _, flag := range []string{"no-header", "columns"} {
		format, err := f.format(*o)
		if err == nil && format.CheckResume() != nil && (o.Output.Resume || o.Output.Report != "") {
			if err := passOver(c, flag); err != nil {
				return err
			}
		}
	}
	return nil
}

// formatOf is the format that the name of an output asks for, "" for none.
func formatOf(output string) string {
	switch strings.ToLower(filepath.Ext(output)) {
	case ".csv":
		return csvFormat
	case ".jsonl", ".json", ".ndjson":
		return jsonlFormat
	}
	return ""
}

// The formats that names of outputs ask for.
const (
	jsonlFormat = "jsonl"
	csvFormat   = "csv"
)
