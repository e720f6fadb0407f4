package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

// addPrecision adds --precision, with a default, and its two companions.
func addPrecision(c *cobra.Command, p *mcllava.Precision, form, otherwise string) {
	c.Flags().StringVar(&p.Form, "precision", form, "`FORM` of the weights: f32, f16, bf16, q8 or q4 (with vision in q8)"+otherwise)
	c.Flags().StringVar(&p.Vision, "vision", "", "`FORM` of the vision tower, if different")
	c.Flags().StringVar(&p.Text, "text", "", "`FORM` of the decoder, if different")
}

// ownPrecision is what an empty --precision means.
const ownPrecision = " (default: the checkpoint's own)"

// threadsFault is what is wrong with a number of threads.
func threadsFault(n int) error {
	switch {
	case n < 0:
		return fmt.Errorf("threads is %d, expected 0 or more", n)
	case n > mcllava.MaxThreads:
		return fmt.Errorf("threads is %d, expected at most %d", n, mcllava.MaxThreads)
	}
	return nil
}

func checkThreads(n int) error {
	if err := threadsFault(n); err != nil {
		return usageError{err}
	}
	return nil
}

func checkPrecision(p mcllava.Precision) error {
	if err := p.Check(); err != nil {
		return usageError{err}
	}
	return nil
}
