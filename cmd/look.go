package cmd

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

// lookCommand is the name of the command that always draws.
const lookCommand = "look"

func newLook(s Streams, run func(context.Context, Streams, askOptions) error) *cobra.Command {
	if run == nil {
		run = lookAndSay
	}
	c := &cobra.Command{
		Use:   "look IMAGE QUESTION",
		Short: "Draw where in a picture an answer looked",
		Long: `Answer a question about a picture, and draw where in the picture the answer looked: ask with --attention NAME.look.png,
NAME being the picture's, in the folder where you are. With --show it is shown in the terminal, and drawn into that file only where
standard error is no terminal that shows pictures. All flags are those of ask.

The decoder's attention says which crops the answer was taken from, and the vision tower's where in each crop it looked. The box is
what stands out. "Looked at the whole picture" says that no crop had more of it than the overview.`,
		Example: `  mcllava look photo.jpg "what shop is this"
  mcllava look --show photo.jpg "what shop is this"
  mcllava look --attention where.png --attention-word red photo.jpg "what colour is the car?"`,
	}
	asking(c, s, run)
	return c
}

// lookAndSay is ask with a drawing, whose name it says.
func lookAndSay(ctx context.Context, s Streams, o askOptions) error {
	if o.Converse {
		return usageError{errors.New("look needs a QUESTION; at a prompt, as ask opens it, /look draws")}
	}
	if o.Gaze.File == "" && o.Gaze.Folder == "" {
		hidden := o.Show == showOff
		switch {
		case hidden && !o.single():
			return usageError{errors.New("look is about one image and one question; ask --attention-dir draws for many")}
		case o.single() && (hidden || s.noPictures(o.Show) != ""): // where it can be seen
			o.Gaze.File = lookName(o.Inputs.Images[0])
		}
	}
	if err := ask(ctx, s, o); err != nil {
		return err
	}
	if !o.Quiet && o.Gaze.File != "" {
		note(s, "drew where it looked into %s", o.Gaze.File)
	}
	return nil
}

// lookName is the file of a picture's drawing unless another is asked for.
func lookName(picture string) string {
	name := filepath.Base(picture)
	if name = strings.TrimSuffix(name, filepath.Ext(name)); name == "" || name == "-" {
		name = "picture"
	}
	return name + ".look.png"
}
