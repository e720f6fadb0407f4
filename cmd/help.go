package cmd

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/mcllava/mcllava/internal/terminal"
)

// Columns of help.
const (
	usualColumns  = 80
	mostColumns   = 100 // longer lines are hard to read
	leastColumns  = 20
	narrowColumns = 60 // below which a description stands under what it describes
	mostNameWidth = 30 // of names with a description beside them
	leastText     = 24 // columns of a description beside a name
)

// otherFlags is the heading of flags without a group.
const otherFlags = "Flags"

// showHelp has every command of root print helpText.
func showHelp(root *cobra.Command, s Streams) {
	show := func(c *cobra.Command) error {
		_, err := io.WriteString(c.OutOrStdout(), helpText(c, s.helpColumns()))
		return err
	}
	root.SetUsageFunc(show)
	root.SetHelpFunc(func(c *cobra.Command, _ []string) { _ = show(c) })
}

// helpColumns is how wide help is: COLUMNS, or as wide as the terminal.
func (s Streams) helpColumns() int {
	columns, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || columns < 1 {
		columns = s.outColumns()
	}
	return min(max(columns, leastColumns), mostColumns)
}

// outColumns is how many columns standard output has, usualColumns if that is unknown.
func (s Streams) outColumns() int {
	w := s.Out
	if shown, ok := w.(*terminal.Writer); ok {
		w = shown.Under()
	}
	if keeper, ok := w.(*faultKeeper); ok {
		w = keeper.Writer
	}
	if f, ok := w.(*os.File); ok && s.OutTerminal {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return usualColumns
}

// helpText is the help of a command: usage and examples, then the commands below it and its flags by group, then its long text.
func helpText(c *cobra.Command, columns int) string {
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	p := page{columns: columns}
	p.prose(c.Short, 0)
	p.heading("Usage")
	if c.Runnable() {
		p.command(c.UseLine(), 2)
	}
	if c.HasAvailableSubCommands() {
		p.command(c.CommandPath()+" COMMAND", 2)
	}
	if c.HasExample() {
		p.heading("Examples")
		for line := range strings.Lines(c.Example) {
			p.command(line, 2)
		}
	}
	var commands [][2]string
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() || below.Name() == "help" {
			commands = append(commands, [2]string{"  " + below.Name(), below.Short})
		}
	}
	if len(commands) > 0 {
		p.heading("Commands")
		p.items(commands)
	}
	flags := groupsOf(c)
	width := 0
	for _, g := range flags {
		for _, item := range g.items {
			if n := utf8.RuneCountInString(item[0]); n <= mostNameWidth {
				width = max(width, n)
			}
		}
	}
	for _, g := range flags {
		p.heading(g.heading)
		p.itemsBeside(g.items, width)
	}
	if text := settingsHelp(c); text != "" {
		p.blank()
		p.prose(text, 0)
	}
	if c.Long != "" {
		p.blank()
		p.long(c.Long)
	}
	return p.String()
}

// flagItems are the flags of a group: how each is written, and what it does.
type flagItems struct {
	heading string
	items   [][2]string
}

// groupsOf are the flags of a command by their groups, in the order of their definition, those without a group last.
func groupsOf(c *cobra.Command) (groups []flagItems) {
	var rest flagItems
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		item := flagItem(f)
		heading := f.Annotations[flagGroup]
		if len(heading) == 0 {
			rest.items = append(rest.items, item)
			return
		}
		i := slices.IndexFunc(groups, func(g flagItems) bool { return g.heading == heading[0] })
		if i < 0 {
			i = len(groups)
			groups = append(groups, flagItems{heading: heading[0]})
		}
		groups[i].items = append(groups[i].items, item)
	})
	if len(rest.items) > 0 {
		rest.heading = otherFlags
		groups = append(groups, rest)
	}
	return groups
}

// valueNames are how the values of flags are called that do not name their own, by the flag's type.
var valueNames = map[string]string{
	"string": "TEXT", "strings": "LIST", "stringArray": "TEXT", "duration": "TIME",
	"int": "NUMBER", "uint": "NUMBER", "float": "NUMBER",
}

// valueName is how the value of a flag is called, "" if it has none; and its help without back-quotes.
func valueName(f *pflag.Flag) (name, help string) {
	name, help = pflag.UnquoteUsage(f)
	if other, ok := valueNames[name]; ok {
		name = other
	}
	return name, help
}

func flagItem(f *pflag.Flag) [2]string {
	value, help := valueName(f)
	name := "      --" + f.Name
	if f.Shorthand != "" {
		name = "  -" + f.Shorthand + ", --" + f.Name
	}
	switch {
	case value == "":
	case f.NoOptDefVal != "":
		name += "[=" + value + "]"
	default:
		name += " " + value
	}
	if text := defaultOf(f, help); text != "" {
		help += " (default " + text + ")"
	}
	return [2]string{name, help}
}

var aboutZero = regexp.MustCompile(`\b0\b`)

// defaultOf is the default of a flag whose help does not say it. A zero is one where the help says what 0 does.
func defaultOf(f *pflag.Flag, help string) string {
	value := f.DefValue
	if _, several := f.Value.(pflag.SliceValue); several {
		value = strings.Trim(value, "[]")
	}
	switch {
	case strings.Contains(help, "default"), value == "", value == "false":
		return ""
	case value == "0", value == "0s":
		if !aboutZero.MatchString(help) {
			return ""
		}
		return "0"
	}
	return value
}

// settingsHelp says which flags of a command can be set elsewhere.
func settingsHelp(c *cobra.Command) string {
	if c.Flags().Lookup(configFlag) == nil {
		return ""
	}
	example := ""
	var not []string
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		switch {
		case f.Hidden || f.Name == "help":
		case !settable(f):
			not = append(not, "--"+f.Name)
		case example == "" || strings.Contains(f.Name, "-") && !strings.Contains(example, "-"):
			example = f.Name
		}
	})
	if example == "" {
		return ""
	}
	text := fmt.Sprintf("Flags can also be set in the environment, --%s as %s, or in the config file", example, variable(example))
	if len(not) > 0 {
		text += ", except " + listed(not, "and")
	}
	return text + "."
}

// listed joins names with commas, and the last two with a word.
func listed(names []string, word string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
