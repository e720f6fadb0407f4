package cmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/hub"
	"github.com/mcllava/mcllava/internal/inputs"
)

type cropsOptions struct {
	Image         string // or
	Width, Height int    // without a picture
	Model         string
	Precision     mcllava.Precision
	Threads       int
	Estimate      string
	Knobs         mcllava.ViewKnobs
	Pictures      mcllava.PictureOptions
	Offline       bool
	JSON          bool
	Grid          string // files to draw, "" for none
	Sheet         string
	Folder        string
	Overwrite     bool
}

func newCrops(s Streams, run func(context.Context, Streams, cropsOptions) error) *cobra.Command {
	if run == nil {
		run = crops
	}
	var o cropsOptions
	var size string
	c := &cobra.Command{
		Use:   "crops IMAGE | --size WIDTHxHEIGHT",
		Short: "Show how a picture would be cut, without asking anything",
		Example: `  mcllava crops --max-crops 200 photo.jpg
  mcllava crops --size 4240x2832
  mcllava crops photo.jpg -o grid.png
  mcllava crops photo.jpg --sheet sheet.png --save crops/`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkZeros(c, o.Knobs.All()); err != nil {
				return err
			}
			switch {
			case len(args) == 1 && size == "":
				o.Image = args[0]
			case len(args) == 0 && size != "":
				if n, err := fmt.Sscanf(size+"\n", "%dx%d\n", &o.Width, &o.Height); n != 2 || err != nil || o.Width < 1 || o.Height < 1 {
					return usageError{fmt.Errorf("size is %q, expected WIDTHxHEIGHT such as 4240x2832", size)}
				}
				if err := checkSize(o.Width, o.Height, o.Pictures.MaxPixels); err != nil {
					return usageError{err}
				}
			default:
				return usageError{fmt.Errorf("crops takes either an IMAGE or --size; see %s --help", c.CommandPath())}
			}
			if o.Overwrite && o.Grid == "" && o.Sheet == "" && o.Folder == "" {
				return usageError{errNoFile}
			}
			if err := idleClamp(c, &o.Knobs); err != nil {
				return usageError{err}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	o.Knobs = mcllava.DefaultKnobs().ViewKnobs
	f.StringVar(&size, "size", "", "`WIDTHxHEIGHT` to use instead of a picture file")
	addKnobs(c, o.Knobs.All())
	addPictures(c, &o.Pictures)
	f.BoolVar(&o.Offline, "offline", false, "refuse an IMAGE that is an http or https URL, as HF_HUB_OFFLINE does too")
	addModel(c, &o.Model)
	addPrecision(c, &o.Precision, "", ownPrecision)
	f.IntVar(&o.Threads, "threads", 0, "threads that a question would use; 0 for the cores that the process may use")
	addEstimate(c, &o.Estimate)
	f.BoolVar(&o.JSON, "json", false, "print JSON")
	f.StringVarP(&o.Grid, "output", "o", "", "draw the grid on the picture into this PNG `FILE`")
	f.StringVar(&o.Sheet, "sheet", "", "draw all crops as the encoder gets them, with numbers and boxes, into this PNG `FILE`")
	f.StringVar(&o.Folder, "save", "", "write each crop as the encoder gets it into this `FOLDER`, as PNG; the name has its number and box")
	f.BoolVar(&o.Overwrite, "overwrite", false, "overwrite files that exist")
	addConfig(c)
	onlyHere(c, "size", "output", "sheet", "save", "overwrite")
	return c
}

// checkSize refuses a --size whose picture is refused too.
func checkSize(width, height int, maxPixels int64) error {
	switch {
	case width < crop.MinSide || height < crop.MinSide:
		return fmt.Errorf("size is %dx%d, expected at least %dx%d, as of a picture", width, height, crop.MinSide, crop.MinSide)
	case float64(width)*float64(height) > float64(maxPixels):
		return fmt.Errorf("size is %dx%d, expected at most %d pixels, as of a picture (--max-pixels)", width, height, maxPixels)
	}
	return nil
}

func crops(ctx context.Context, s Streams, o cropsOptions) error {
	if err := checkThreads(o.Threads); err != nil {
		return err
	}
	if err := checkEstimate(o.Estimate); err != nil {
		return err
	}
	if err := checkPrecision(o.Precision); err != nil {
		return err
	}
	c := mcllava.PublishedConfig()
	if o.Model != "" || o.Image != "" {
		var err error
		if c, err = mcllava.ReadConfig(o.Model); err != nil {
			return err
		}
	}
	name := fmt.Sprintf("%dx%d", o.Width, o.Height)
	var picture []byte
	if o.Image != "" {
		if inputs.IsURL(o.Image) && (o.Offline || hub.Offline()) {
			return inputs.OfflineError(o.Image)
		}
		if o.Image == inputs.Stdin {
			s.noteTyping("the picture")
		}
		var err error
		if picture, err = inputs.Image(o.Image, s.In, mcllava.MaxPictureBytes).OpenUntil(ctx); err != nil {
			return err
		}
		name = o.Image
		if o.Width, o.Height, _, err = crop.DecodeSize(picture, crop.Limits{MaxPixels: o.Pictures.MaxPixels}); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	p, err := mcllava.PlanFor(c, o.Width, o.Height, o.Knobs)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := drawCrops(ctx, o, c, picture, p); err != nil {
		return err
	}
	t, err := cropsTiming(ctx, s, o, c, p)
	if err != nil {
		return err
	}
	if o.JSON {
		return printPlanJSON(s, o, p, t)
	}
	return printPlan(s, c, p, t)
}

// cropsTiming is nil if --estimate wants none or nothing is known.
func cropsTiming(ctx context.Context, s Streams, o cropsOptions, c mcllava.Config, p mcllava.Plan) (*timing, error) {
	if o.Estimate == estimateNever {
		return nil, nil
	}
	precision, err := o.Precision.Full()
	if o.Model != "" || o.Image != "" {
		precision, err = mcllava.ReadPrecision(o.Model, o.Precision)
	}
	switch {
	case err != nil && o.Estimate == estimateAuto: // a folder without weights still says how a picture is cut
		return nil, nil
	case err != nil:
		return nil, err
	}
	return newTiming(ctx, c, precision, questionOf(p), o.Threads, s.OutTerminal || o.Estimate == estimateAlways)
}

func printPlan(s Streams, c mcllava.Config, p mcllava.Plan, t *timing) error {
	var b strings.Builder
	fmt.Fprintf(&b, "picture %dx%d: %s, the overview included", p.Width, p.Height, number(len(p.Boxes), "crop"))
	if p.Size > 0 {
		fmt.Fprintf(&b, ", of %d pixels seen at %d", p.Size, c.Vision.ImageSize)
	}
	fmt.Fprintf(&b, "; %d image tokens\n", p.ImageTokens)
	columns := s.foldColumns()
	narrow := columns > 0 && columns < planColumns
	if !narrow {
		fmt.Fprintf(&b, "%4s %6s %6s %6s %6s   %-7s %-7s %6s\n", "crop", "x0", "y0", "x1", "y1", "centre", "", "tokens")
	}
	for i, box := range p.Boxes {
		x, y := p.Centre(i)
		if narrow {
			fmt.Fprintf(&b, "crop %d, %d tokens\n  %d,%d to %d,%d\n  centre %.5f %.5f\n", i, p.TokensPerCrop[i], box.Min.X, box.Min.Y, box.Max.X, box.Max.Y, x, y)
			continue
		}
		fmt.Fprintf(&b, "%4d %6d %6d %6d %6d   %.5f %.5f %6d\n", i, box.Min.X, box.Min.Y, box.Max.X, box.Max.Y, x, y, p.TokensPerCrop[i])
	}
	if t != nil {
		fmt.Fprintln(&b, t)
	}
	_, err := fmt.Fprint(s.Out, s.folded(b.String()))
	return err
}

// planColumns is how many columns the table of a plan has.
const planColumns = 57

func printPlanJSON(s Streams, o cropsOptions, p mcllava.Plan, t *timing) error {
	type place struct {
		Box    [4]int     `json:"box"`
		Centre [2]float64 `json:"centre"`
	}
	var places []place
	for i, b := range p.Boxes {
		x, y := p.Centre(i)
		places = append(places, place{[4]int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y}, [2]float64{x, y}})
	}
	return printJSON(s, struct {
		Width         int     `json:"width"`
		Height        int     `json:"height"`
		CropSize      int     `json:"crop_size"`
		MaxCrops      int     `json:"max_crops"`
		NumTokens     int     `json:"num_tokens"`
		TokensPerCrop []int   `json:"tokens_per_crop"`
		Crops         []place `json:"crops"`
		Estimate      *timing `json:"estimate,omitempty"`
	}{p.Width, p.Height, p.Size, o.Knobs.MaxCrops, p.NumTokens, p.TokensPerCrop, places, t})
}
