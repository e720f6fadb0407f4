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

// like are the names that a misspelt one may stand for: those that begin with it, then those that few edits lead to, then those that
// end with it behind a dash.
func like(misspelt string, names []string) (likely []string) {
	misspelt = strings.ToLower(misspelt)
	most := 2
	if len(misspelt) <= 4 {
		most = 1
	}
	far := map[string]int{}
	for _, name := range names {
		n := edits(misspelt, name)
		switch {
		case len(misspelt) == 0:
			continue
		case strings.HasPrefix(name, misspelt):
			far[name] = 0
		case n <= most && n < len(misspelt):
			far[name] = n
		case strings.HasSuffix(name, "-"+misspelt):
			far[name] = most + 1
		default:
			continue
		}
		likely = append(likely, name)
	}
	slices.SortStableFunc(likely, func(a, b string) int { return cmp.Compare(far[a], far[b]) })
	return likely
}

// edits is the distance of Levenshtein and Damerau: how many bytes have to be inserted, removed, replaced or swapped with the next
// to make b of a, none of them twice.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	var above, twoAbove []int
	for i := range len(a) {
		twoAbove, above, row = above, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replace := above[j]
			if a[i] != b[j] {
				replace++
			}
			row[j+1] = min(replace, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], twoAbove[j-1]+1)
			}
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
