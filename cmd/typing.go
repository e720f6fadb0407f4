package cmd

import (
	"fmt"
	"runtime"
	"slices"

	"github.com/mcllava/mcllava/internal/inputs"
)

// noteTyping says on a terminal that standard input is being read, and how that ends.
func (s Streams) noteTyping(what string) {
	if !s.InTerminal {
		return
	}
	end := "Ctrl-D"
	if runtime.GOOS == "windows" {
		end = "Ctrl-Z and Enter"
	}
	fmt.Fprintf(s.Err, "mcllava: reading %s from standard input; %s ends\n", what, end)
}

// noteTyping says what of the input is read from a terminal, if anything is.
func (o askOptions) noteTyping(s Streams) {
	if what := o.typed(); what != "" && !o.Quiet {
		s.noteTyping(what)
	}
}

// typed is what of the input comes from standard input; "" for nothing.
func (o askOptions) typed() string {
	in := o.Inputs
	switch {
	case slices.Contains(in.Images, inputs.Stdin):
		return "the picture"
	case in.From == inputs.Stdin:
		return "the names of images"
	case in.Jobs == inputs.Stdin:
		return "jobs"
	case in.QuestionsFile == inputs.Stdin:
		return "questions"
	}
	return ""
}
