package cmd

import (
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

func checkPrecision(p mcllava.Precision) error {
	if err := p.Check(); err != nil {
		return usageError{err}
	}
	return nil
}
