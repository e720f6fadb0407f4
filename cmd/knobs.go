package cmd

import (
	"fmt"
	"iter"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

// addKnobs adds a flag for each of some knobs, whose values are the defaults.
func addKnobs(c *cobra.Command, knobs iter.Seq[mcllava.Knob]) {
	for knob := range knobs {
		addKnob(c, knob)
	}
}

// addKnob adds the flag of a knob.
func addKnob(c *cobra.Command, knob mcllava.Knob) {
	f := c.Flags()
	switch v := knob.Value.(type) {
	case *int:
		f.IntVar(v, knob.Name, *v, knob.Help)
	case *uint64:
		f.Uint64Var(v, knob.Name, *v, knob.Help)
	case *float64:
		f.Float64Var(v, knob.Name, *v, knob.Help)
	case *bool:
		f.BoolVar(v, knob.Name, *v, knob.Help)
	case *string:
		f.StringVar(v, knob.Name, *v, knob.Help)
	case *mcllava.Region:
		f.Var(v, knob.Name, knob.Help)
	case *[]string:
		f.StringSliceVar(v, knob.Name, *v, knob.Help)
	default:
		panic(fmt.Sprintf("no flag for the knob %s, a %T", knob.Name, v))
	}
}

// checkZeros refuses a zero, and what is below it, of a knob or of --max-pixels where it stands for the default, since who gives one does
// not mean that.
func checkZeros(c *cobra.Command, knobs iter.Seq[mcllava.Knob]) error {
	for knob := range knobs {
		if knob.Range == "" || !c.Flags().Changed(knob.Name) {
			continue
		}
		if n, whole := knob.Value.(*int); knob.IsZero() || whole && *n < 0 {
			return usageError{fmt.Errorf("%s is %s, expected %s", knob.Name, c.Flags().Lookup(knob.Name).Value, knob.Range)}
		}
	}
	const pixels = "max-pixels"
	if n, err := c.Flags().GetInt64(pixels); err == nil && n < 1 {
		return usageError{fmt.Errorf("%s is %d, expected 1 or more", pixels, n)}
	}
	return nil
}

// addPictures adds --max-pixels and --icc.
func addPictures(c *cobra.Command, o *mcllava.PictureOptions) {
	c.Flags().Int64Var(&o.MaxPixels, "max-pixels", mcllava.DefaultMaxPixels, "refuse pictures of more `PIXELS` before they are decoded")
	c.Flags().Var((*iccFlag)(&o.IgnoreICC), "icc", "convert colours from a picture's ICC profile to sRGB: `on|off`; the published preprocessor does not")
}

// iccFlag is on or off, and true for off.
type iccFlag bool

// Set takes on or off.
func (i *iccFlag) Set(text string) error {
	switch text {
	case "on", "off":
		*i = text == "off"
		return nil
	}
	return fmt.Errorf("expected on or off")
}

// String is a text that Set takes.
func (i *iccFlag) String() string {
	if *i {
		return "off"
	}
	return "on"
}

// Type is how help calls a value.
func (i *iccFlag) Type() string { return "on|off" }
