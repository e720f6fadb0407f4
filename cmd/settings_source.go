package cmd

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava/internal/terminal"
)

// sourcedError is an error about a setting that says where the setting is.
type sourcedError struct {
	error
	text string
}

func (e sourcedError) Error() string { return e.text }

func (e sourcedError) Unwrap() error { return e.error }

// sourced is an error of a command that calls settings, which no flag on the command line has, by where they are: a variable of the
// environment, or a key of a config file. An error that begins with the name of a flag, also behind that of a picture, is about it, and so
// is one that begins with the path that is its value. Within an error a flag is one that is given where something does nothing with it, both
// are given, or it is in brackets; elsewhere it is one that could be given.
func sourced(c *cobra.Command, err error) error {
	if err == nil || c == nil {
		return err
	}
	text := terminal.Plain(err)
	before := text
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Changed || !annotated(f, fromSettings) || strings.Contains(text, settingOf(f)) {
			return
		}
		name, setting := regexp.QuoteMeta(f.Name), strings.ReplaceAll(settingOf(f), "$", "$$")
		about := `(?:--` + name + `([ ,:]|$)|` + name + `( (?:is|are|has)\b|:| ` + regexp.QuoteMeta(f.Value.String()) + ` ))`
		text = regexp.MustCompile(`(?m)(^|: )`+about).ReplaceAllString(text, "${1}"+setting+"${2}${3}")
		text = regexp.MustCompile(`(does nothing with |\(|both |both .* and )--`+name+`([ ,)]|$)`).ReplaceAllString(text, "${1}"+setting+"${2}")
		if path := f.Value.String(); isPathFlag(f.Name) && path != "" && strings.HasPrefix(text, path) {
			text = settingOf(f) + ": " + text
		}
	})
	if text == before {
		return err
	}
	return sourcedError{err, text}
}

// settingOf is what a setting that a flag has its value from is called.
func settingOf(f *pflag.Flag) string {
	if whence := f.Annotations[fromSettings]; len(whence) == 2 {
		return whence[1]
	}
	return "--" + f.Name
}
