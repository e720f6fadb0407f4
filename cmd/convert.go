package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

type convertOptions struct {
	From, To        string
	Precision       mcllava.Precision
	Threads         int
	Quiet, Progress bool
}

func newConvert(s Streams, run func(context.Context, Streams, convertOptions) error) *cobra.Command {
	if run == nil {
		run = convert
	}
	var o convertOptions
	c := &cobra.Command{
		Use:   "convert SRC DST",
		Short: "Convert a checkpoint for a faster start and less memory",
		Long: `Convert a published checkpoint into the folder DST: its weights as the program computes with them, so that every
command starts at once. SRC is a folder, the OWNER/NAME of a checkpoint that was pulled, or demo.

The weights are rounded to the FORM of --precision: f32 is exact, and so is f16 for a checkpoint that is published in it; bf16
keeps fewer digits; q8 keeps 8 bits and takes half the memory of f16; q4 keeps 4 bits of the decoder and takes a third.
An interrupted convert resumes where it ended when it is run again.`,
		Example: `  mcllava convert visheratin/MC-LLaVA-3b mc-llava-q8
  mcllava convert --precision q4 --vision bf16 MC-LLaVA-3b mc-llava-small
  mcllava ask --model mc-llava-q8 photo.jpg "what shop is this"`,
		Args: exactly(2, "a checkpoint SRC and a folder DST"),
		RunE: func(c *cobra.Command, args []string) error {
			o.From, o.To = args[0], args[1]
			if o.From == "" || o.To == "" {
				return usageError{fmt.Errorf("SRC is %q and DST %q, expected a checkpoint and a folder", o.From, o.To)}
			}
			return run(c.Context(), s, o)
		},
	}
	c.Flags().SortFlags = false
	addPrecision(c, &o.Precision, "q8", "")
	c.Flags().IntVar(&o.Threads, "threads", 0, "threads to use; 0 for the cores that the process may use")
	c.Flags().BoolVar(&o.Quiet, "quiet", false, "no progress and no notes")
	c.Flags().BoolVar(&o.Progress, "progress", false, "progress also where standard error is no terminal")
	addConfig(c)
	return c
}

func convert(ctx context.Context, s Streams, o convertOptions) error {
	if err := checkPrecision(o.Precision); err != nil {
		return err
	}
	if err := checkThreads(o.Threads); err != nil {
		return err
	}
	bar := newBar(s, o.Quiet, o.Progress)
	options := mcllava.ConvertOptions{
		From: o.From, To: o.To, Precision: o.Precision, Threads: o.Threads,
		Progress: func(done, total int64) { bar.file("weights", done, total) },
	}
	start := time.Now()
	already, err := mcllava.Convert(ctx, options)
	bar.clear()
	switch {
	case errors.Is(err, context.Canceled):
		return interrupted{"; run the same command again to continue"}
	case err != nil || o.Quiet:
		return err
	case already:
		note(s, "%s has been converted to %s already", o.From, o.To)
		return nil
	}
	return converted(s, o, time.Since(start))
}

// converted says what a conversion has written.
func converted(s Streams, o convertOptions, took time.Duration) error {
	i, err := mcllava.Inspect(o.To, mcllava.Precision{})
	if err != nil {
		return err
	}
	note(s, "converted %s to %s: %s in %s, %.1f s", o.From, o.To, size(i.FileBytes), i.Precision, took.Seconds())
	return err
}
