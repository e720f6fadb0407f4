package cmd

import (
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

func newMan(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:    "man FOLDER",
		Short:  "Write a man page for every command",
		Hidden: true,
		Args:   exactly(1, "a FOLDER"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := newRoot(s)
			forMan(root)
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "mcllava", Manual: "mcllava"}, args[0])
		},
	}
}

// forMan writes the texts of commands as the Markdown that man pages are made of.
func forMan(c *cobra.Command) {
	c.DisableAutoGenTag = true
	c.InitDefaultHelpFlag()
	c.Long = markdown(c.Long)
	if text := settingsHelp(c); text != "" {
		c.Long = strings.TrimLeft(c.Long+"\n\n"+markdown(text), "\n")
	}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		_, help := valueName(f)
		f.Usage = escape(help)
	})
	for _, below := range c.Commands() {
		forMan(below)
	}
}

var special = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~&]")

// markdown is a long text as Markdown.
func markdown(text string) string {
	var out strings.Builder
	for _, b := range blocksOf(text) {
		escaped := escape(b.text)
		switch b.kind {
		case commandBlock:
			out.WriteString("\n    " + b.text + "\n")
		case itemBlock:
			out.WriteString("\n**" + escape(b.name) + "**\n: " + escaped + "\n")
		default:
			out.WriteString("\n" + escaped + "\n")
		}
	}
	return strings.Trim(out.String(), "\n")
}

// escape has Markdown take text as it is.
func escape(text string) string { return special.ReplaceAllString(text, `\$0`) }
