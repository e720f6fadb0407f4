package cmd

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// mostSuggestions is how many names a message offers.
const mostSuggestions = 3

// didYouMean ends a message about a name: with those that are like it or, if there are none, with where help is.
func didYouMean(names []string, c *cobra.Command) string {
	if len(names) == 0 {
		return "; see " + c.CommandPath() + " --help"
	}
	return "; did you mean " + listed(names[:min(len(names), mostSuggestions)], "or") + "?"
}

// unknownCommand is the error about a name that is no command.
func unknownCommand(root *cobra.Command, args []string) error {
	names := commandsLike(root, args[0])
	if _, err := os.Stat(args[0]); err == nil && len(names) == 0 {
		names = []string{fmt.Sprintf("%s ask %s", root.Name(), args[0])}
	}
	return usageError{fmt.Errorf("unknown command %q%s", args[0], didYouMean(names, root))}
}

// commandsLike are the commands below c whose names are like a name.
func commandsLike(c *cobra.Command, name string) []string {
	var names []string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return like(name, names)
}

// unknownFlag is the error about a flag that a command does not have.
func unknownFlag(c *cobra.Command, err *pflag.NotExistError) error {
	dashes, name := "--", err.GetSpecifiedName()
	if short := err.GetSpecifiedShortnames(); short != "" {
		dashes = "-"
		name, _, _ = strings.Cut(short, "=")
	}
	var names []string
	if len(name) > 1 {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				names = append(names, f.Name)
			}
		})
	}
	names = like(name, names)
	for i := range names {
		names[i] = "--" + names[i]
	}
	return usageError{fmt.Errorf("unknown flag %s%s%s", dashes, name, didYouMean(names, c))}
}

// like are the names that a misspelt one may stand for, the most like it first: those that begin or, behind a dash, end with it, and
// those that few edits lead to.
func like(misspelt string, names []string) (likely []string) {
	misspelt = strings.ToLower(misspelt)
	far := map[string]int{}
	for _, name := range names {
		far[name] = edits(misspelt, name)
		close := far[name] <= min(2, len(misspelt)-1)
		if close || misspelt != "" && (strings.HasPrefix(name, misspelt) || strings.HasSuffix(name, "-"+misspelt)) {
			likely = append(likely, name)
		}
	}
	slices.SortStableFunc(likely, func(a, b string) int { return cmp.Compare(far[a], far[b]) })
	return likely
}

// edits is the Levenshtein distance: the smallest number of bytes to insert, remove or replace that makes b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := before
			if a[i] != b[j] {
				replace++
			}
			before = row[j+1]
			row[j+1] = min(replace, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// noHelp is the error about a topic that help does not have.
func noHelp(root *cobra.Command, args []string) error {
	c, rest, _ := root.Find(args)
	var names []string
	if c == nil || !c.HasParent() {
		c, rest = root, args
	}
	if len(rest) == 1 {
		names = commandsLike(c, rest[0])
	}
	return usageError{fmt.Errorf("no help about %q, expected a command%s", strings.Join(args, " "), didYouMean(names, root))}
}
