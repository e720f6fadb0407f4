package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/demo/scenes"
)

type scenesOptions struct {
	Folder          string
	Set             scenes.Options
	Overwrite       bool
	Quiet, Progress bool
}

func newScenes(s Streams, run func(context.Context, Streams, scenesOptions) error) *cobra.Command {
	if run == nil {
		run = drawScenes
	}
	var o scenesOptions
	c := &cobra.Command{
		Use:   "scenes DIR",
		Short: "Draw a benchmark of streets, with what is right",
		Long: `Draw a benchmark into the folder DIR: streets of 800x600 to 4000x3000 pixels with a car, an awning and the sign of a shop, and
what is asked about them with what is right. A seed decides all of it, the same on every machine.

The layout is that of V* Bench: a folder for each part, and beside each picture a JSON file with the question and its options, the
first of which is right. All questions are in questions.jsonl too, and more that have free answers.

Parts:
  OCR                what the sign says, legible in 100 crops and not in the whole picture
  direct_attributes  the colour of the car or the awning, which the whole picture shows
  relative_position  whether the car is left or right of the sign
  GPT4V-hard         what the sign says, some of it legible in more than 100 crops or in none

The signs' sizes are meant for an encoder of 96 pixels, as the demo checkpoint's is, which was not taught relative_position.`,
		Example: `  mcllava scenes bench
  mcllava scenes bench --n 40 --seed 7`,
		Args: exactly(1, "a folder DIR"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Folder = args[0]; o.Folder == "" {
				return usageError{errors.New(`DIR is "", expected a folder`)}
			}
			if err := o.Set.Check(); err != nil {
				return usageError{err}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.IntVarP(&o.Set.N, "n", "n", 200, "`NUMBER` of pictures, spread evenly over the parts")
	f.Uint64Var(&o.Set.Seed, "seed", 1, "`NUMBER` that decides what is drawn")
	f.BoolVar(&o.Set.Things, "things", false, "also draw a small thing, such as a balloon, and ask about it; the demo was not taught them")
	f.BoolVar(&o.Overwrite, "overwrite", false, "write into a DIR that is not empty: files of the same names are replaced, all others stay")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	f.BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	addConfig(c)
	onlyHere(c, "n", "seed", "things", "overwrite")
	return c
}

func drawScenes(ctx context.Context, s Streams, o scenesOptions) error {
	bar := newBar(s, o.Quiet, o.Progress)
	total := int64(o.Set.N)
	err := scenes.Write(ctx, o.Folder, o.Set, scenes.WriteOptions{
		Overwrite: o.Overwrite,
		Progress:  func(written int) { bar.report("pictures", "pictures", int64(written), total, false) },
	})
	bar.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted{"; nothing was written"}
	case errors.Is(err, scenes.ErrExists):
		return fmt.Errorf("%w; --overwrite replaces what it would write", err)
	case err != nil || o.Quiet:
		return err
	}
	note(s, "drew %s into %s", number(o.Set.N, "picture"), o.Folder)
	return nil
}
