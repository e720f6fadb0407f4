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
	in := o.Inputs
	switch {
	case o.Quiet:
	case slices.Contains(in.Images, inputs.Stdin):
		s.noteTyping("the picture")
	case in.From == inputs.Stdin:
		s.noteTyping("the names of images")
	case in.Jobs == inputs.Stdin:
		s.noteTyping("jobs")
	case in.QuestionsFile == inputs.Stdin:
		s.noteTyping("questions")
	}
}
