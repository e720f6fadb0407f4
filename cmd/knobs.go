package cmd

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
)

// knobHelp is what --help says of each knob. A test compares the names with mcllava.Knobs.
var knobHelp = map[string]string{
	"max-crops":      "maximum `NUMBER` of crops, not counting the whole picture",
	"num-tokens":     "`NUMBER` of image tokens; by default 728, or fewer if the crops give fewer",
	"clamp":          "where the crops cannot give --num-tokens, take the nearest number that they can",
	"max-new-tokens": "maximum `NUMBER` of tokens of the answer",
	"temperature":    "randomness of the answer; 0 takes the likeliest token each time",
	"top-p":          "share of probability that tokens are drawn from",
	"seed":           "seed of the randomness",
	"system":         "`TEXT` of a system message",
	"prompt":         "prompt `TEMPLATE` to use instead of the model's own, with <image> and {question}",
	"choices":        "answer with the likeliest of these `ANSWERS`, comma-separated; quote one that contains a comma",
	"logprobs":       "also say how likely the answer is",
}

// addKnobs adds a flag for each of some knobs, with the default that it has.
func addKnobs(c *cobra.Command, k *mcllava.Knobs, names ...string) {
	defaults := mcllava.DefaultKnobs()
	for knob := range defaults.All() {
		if slices.Contains(names, knob.Name) {
			copyKnob(k, knob)
		}
	}
	f := c.Flags()
	for _, name := range names {
		for knob := range k.All() {
			if knob.Name != name {
				continue
			}
			help := knobHelp[name]
			switch v := knob.Value.(type) {
			case *int:
				f.IntVar(v, name, *v, help)
			case *uint64:
				f.Uint64Var(v, name, *v, help)
			case *float64:
				f.Float64Var(v, name, *v, help)
			case *bool:
				f.BoolVar(v, name, *v, help)
			case *string:
				f.StringVar(v, name, *v, help)
			case *[]string:
				f.StringSliceVar(v, name, *v, help)
			default:
				panic(fmt.Sprintf("no flag for the knob %s, a %T", name, v))
			}
		}
	}
}

// copyKnob gives a knob of k the value of another.
func copyKnob(k *mcllava.Knobs, from mcllava.Knob) {
	for to := range k.All() {
		if to.Name == from.Name {
			to.Set(from)
		}
	}
}

// checkTokens refuses a --num-tokens of 0, which stands for the default only where the flag is not given.
func checkTokens(c *cobra.Command, k *mcllava.Knobs) error {
	if c.Flags().Changed("num-tokens") && k.NumTokens < 1 {
		return usageError{fmt.Errorf("num-tokens is %d, expected 1 or more", k.NumTokens)}
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
