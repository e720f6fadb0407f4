package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/tensor"
)

type infoOptions struct {
	Model        string
	Why          string // how the model was chosen
	Precision    mcllava.Precision
	JSON, Verify bool
}

func newInfo(s Streams, run func(context.Context, Streams, infoOptions) error) *cobra.Command {
	if run == nil {
		run = info
	}
	var o infoOptions
	c := &cobra.Command{
		Use:   "info",
		Short: "Show the checkpoint that would be used, and why",
		Args:  exactly(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case annotated(c.Flags().Lookup("model"), fromSettings):
				o.Why = "set by " + settingOf(c.Flags().Lookup("model"))
			case o.Model != "":
				o.Why = "given by --model"
			default:
				o.Why = "the embedded demo, since neither --model nor MCLLAVA_MODEL nor a config file names another"
			}
			return run(c.Context(), s, o)
		},
	}
	c.Flags().SortFlags = false
	addModel(c, &o.Model)
	addPrecision(c, &o.Precision, "", ownPrecision)
	c.Flags().BoolVar(&o.Verify, "verify", false, "compare the weights with their checksums, which a converted checkpoint has")
	c.Flags().BoolVar(&o.JSON, "json", false, "print JSON")
	addConfig(c)
	return c
}

func info(ctx context.Context, s Streams, o infoOptions) error {
	if err := checkPrecision(o.Precision); err != nil {
		return err
	}
	i, err := mcllava.Inspect(o.Model, o.Precision)
	if err != nil {
		return err
	}
	if o.Verify {
		if err := verify(ctx, s, o.Model); err != nil {
			return err
		}
	}
	if o.JSON {
		return printJSON(s, struct {
			*mcllava.Info
			Why string `json:"why"`
		}{i, o.Why})
	}
	v, t := i.Config.Vision, i.Config.Text
	var b table
	line := b.line
	line("checkpoint", "%s (%s)", i.Name, o.Why)
	line("vision", "%d layers, %d wide, %d heads, crops of %d pixels in patches of %d", v.Layers, v.Hidden, v.Heads, v.ImageSize, v.PatchSize)
	line("decoder", "%d layers, %d wide, %d heads, %d tokens, context of %d", t.Layers, t.Hidden, t.Heads, t.Vocab, t.Context)
	for _, p := range i.Parts {
		line("parameters", "%13d  %-12s  %9s in %s", p.Parameters, p.Name, size(p.Bytes), strings.Join(p.Forms, ", "))
	}
	line("parameters", "%13d  %-12s  %9s", i.Parameters, "together", size(i.MemoryBytes))
	stored, held := strings.Join(i.StorageTypes, " and "), ""
	if i.Converted {
		stored, held = "converted to "+i.Precision, ", mapped from the file"
	}
	line("stored as", "%s, %s", stored, size(i.FileBytes))
	line("precision", "%s", i.Precision)
	line("in memory", "%s of weights%s, and %s for each 1000 tokens of a question", size(i.MemoryBytes), held, size(1000*i.CacheBytes))
	if o.Verify {
		line("checksums", "all as written")
	}
	line("CPU kernels", "%s", i.Kernels)
	for _, m := range i.Measured {
		line("", "%s", measuredText(m))
	}
	_, err = fmt.Fprint(s.Out, b.text(s.foldColumns()))
	return err
}

// measuredText says how fast the ways of a choice were, and which is in use.
func measuredText(m tensor.Measured) string {
	var ways []string
	for _, w := range m.Ways {
		ways = append(ways, fmt.Sprintf("%s %.0f", w.Name, w.Rate/1e9))
	}
	return fmt.Sprintf("%s by %s: %s GFLOP/s on a thread, as measured", m.Choice, m.Used, strings.Join(ways, ", "))
}

func verify(ctx context.Context, s Streams, model string) error {
	bar := newBar(s, false, false)
	err := mcllava.Verify(ctx, model, 0, func(done, total int64) { bar.file("weights", done, total) })
	bar.clear()
	return err
}
