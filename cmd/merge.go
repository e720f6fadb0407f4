package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/terminal"
)

type mergeOptions struct {
	Files       []string
	Output      string // "" for standard output
	Overwrite   bool
	Pairs       int // 0 for what the records say
	AllowFailed bool
	Quiet       bool
}

func newMerge(s Streams, run func(context.Context, Streams, mergeOptions) error) *cobra.Command {
	if run == nil {
		run = merge
	}
	var o mergeOptions
	c := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Join the outputs of a sharded run",
		Long: `Join the outputs of a sharded run (ask --shard), in JSON lines or CSV, in the order of the input. With one
FILE it puts that into order, after a run that was resumed.

Nothing is written unless every pair of an image and a question is there once, answered with the same knobs by the same
checkpoint, and no line is cut off. Each record has its number n in the whole input, from 0, and how many pairs the input has
(of), so that no list of the input is needed; where the input was a stream, --pairs says how many it had. A failed record gives
way to the answer of the same pair in another FILE. Records are not changed.`,
		Example: `  mcllava merge shard-*.jsonl -o all.jsonl
  mcllava merge all.csv > ordered.csv`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("merge takes the FILEs to join, got none; see %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("pairs") && o.Pairs < 1 {
				return usageError{fmt.Errorf("pairs is %d, expected 1 or more", o.Pairs)}
			}
			if o.Overwrite && (o.Output == "" || o.Output == "-") {
				return usageError{errors.New("--overwrite is about an --output, which is missing")}
			}
			o.Files = args
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Output, "output", "o", "", "write to this `FILE`, all of it or nothing (default: standard output)")
	f.BoolVar(&o.Overwrite, "overwrite", false, "overwrite the --output file if it exists")
	f.IntVar(&o.Pairs, "pairs", 0, "pairs of the whole input, where the records do not say it")
	f.BoolVar(&o.AllowFailed, "allow-failed", false, "keep the records of pairs that failed")
	f.BoolVar(&o.Quiet, "quiet", false, "no note of what was written")
	return c
}

func merge(ctx context.Context, s Streams, o mergeOptions) error {
	m, err := records.OpenMerge(ctx, o.Files, records.MergeOptions{Pairs: o.Pairs, AllowFailed: o.AllowFailed})
	if err != nil {
		return err
	}
	defer m.Close()
	if o.Output != "" && o.Output != "-" {
		if err := records.WriteFile(ctx, o.Output, o.Overwrite, func(w io.Writer) error { return m.Write(ctx, w) }); err != nil {
			return err
		}
		if !o.Quiet {
			fmt.Fprintf(s.Err, "mcllava: merged %s, %s, into %s\n", number(len(o.Files), "file"), number(m.Records(), "record"), terminal.Escape(o.Output))
		}
		return nil
	}
	out := bufio.NewWriterSize(s.Out, 1<<16)
	if err := m.Write(ctx, out); err != nil {
		return err
	}
	return out.Flush()
}
