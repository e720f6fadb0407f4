package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/evaluation"
)

type compareOptions struct {
	Runs []string
	JSON bool
	All  bool // flips
}

// flipsShown is how many items that flipped are shown unless all are wanted.
const flipsShown = 20

func newEvalCompare(s Streams, run func(context.Context, Streams, compareOptions) error) *cobra.Command {
	if run == nil {
		run = compareRuns
	}
	var o compareOptions
	c := &cobra.Command{
		Use:   "compare RUN RUN...",
		Short: "Compare evaluations item by item",
		Long: `Compare the outputs of evaluations (RUN, in JSON lines or CSV) of one data set: the first with each of the others, over the items that
both have. An output with several numbers of crops or of image tokens is several.

The difference is of the mean scores, with a 95 % interval by bootstrap over the pictures. McNemar's test is of the items that one has right
and the other wrong: p is how likely it is that they are split as unevenly by chance.`,
		Example: `  mcllava eval compare coarse.jsonl fine.jsonl
  mcllava eval compare grid.jsonl --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("compare takes the RUNs to compare, got none; see %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Runs = args
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&o.JSON, "json", false, "print JSON, with all items that flipped")
	f.BoolVar(&o.All, "all", false, fmt.Sprintf("show all items that flipped, not only %d", flipsShown))
	return c
}

func compareRuns(_ context.Context, s Streams, o compareOptions) error {
	all, err := evaluation.ReadScored(o.Runs)
	if err != nil {
		return err
	}
	comparisons, err := evaluation.Compare(all)
	if err != nil {
		return err
	}
	if o.JSON {
		return printJSON(s, struct {
			Runs        []*evaluation.Scored    `json:"runs"`
			Comparisons []evaluation.Comparison `json:"comparisons"`
		}{all, comparisons})
	}
	most := flipsShown
	if o.All {
		most = -1
	}
	_, err = io.WriteString(s.Out, s.folded(evaluation.Describe(all, comparisons, most)))
	return err
}
