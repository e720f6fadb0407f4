package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
)

// input says which arguments are images and which one is a question.
func (f *askFlags) input(s Streams, args []string, o *askOptions) error {
	in := &o.Inputs
	in.Images, in.Stdin, in.MaxBytes = args, s.In, mcllava.MaxPictureBytes
	asked := len(in.Questions) > 0 || in.QuestionsFile != ""
	switch {
	case in.Jobs != "" || asked:
	case len(args) == 1 && in.From == "" && s.InTerminal && s.ErrTerminal:
		o.Converse = true
		in.Questions = []string{"?"} // whatever is typed
	case in.From != "" && len(args) == 0:
		return errors.New("--from names the images, expected a QUESTION about them; see mcllava ask --help")
	case len(args) == 0 || len(args) == 1 && in.From == "":
		return fmt.Errorf("ask takes an IMAGE and a QUESTION, got %s; see mcllava ask --help", counted(args))
	default:
		if err := misplaced(args); err != nil {
			return err
		}
		last := len(args) - 1
		in.Images, in.Questions = args[:last], args[last:]
	}
	return in.Check()
}

// misplaced is what is wrong with arguments whose last is no question, or of which only the first can be an image.
func misplaced(args []string) error {
	last := args[len(args)-1]
	there := func(name string) bool {
		_, err := os.Stat(name)
		return err == nil
	}
	switch {
	case there(last) && !there(args[0]) && args[0] != inputs.Stdin && strings.ContainsAny(args[0], " ?"):
		return fmt.Errorf("the last argument, %s, is a file, expected the QUESTION there and the images before it", last)
	case there(last):
		return fmt.Errorf("the last argument, %s, is a file, expected a QUESTION, in quotes, behind the images", last)
	case len(args) > 2 && there(args[0]) && !slices.ContainsFunc(args[1:], func(a string) bool {
		return there(a) || a == inputs.Stdin || strings.ContainsAny(a, "*[/.")
	}):
		return fmt.Errorf("%q is no image; quote the question: mcllava ask %s %q", args[1], args[0], strings.Join(args[1:], " "))
	}
	return nil
}

// single says whether there can be but one image and one question.
func (o askOptions) single() bool {
	in := o.Inputs
	if len(in.Images) != 1 || in.From != "" || in.Jobs != "" || len(in.Questions) != 1 {
		return false
	}
	info, err := os.Stat(in.Images[0])
	return in.Images[0] == inputs.Stdin || inputs.IsURL(in.Images[0]) || err == nil && !info.IsDir() || err != nil && !strings.ContainsAny(in.Images[0], "*?[")
}

// many says whether there may be several images, so that an answer needs its image's name.
func (o askOptions) many() bool {
	one := o.Inputs
	one.Questions, one.QuestionsFile = []string{"?"}, ""
	o.Inputs = one
	return !o.single()
}
