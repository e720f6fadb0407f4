package mcllava

import (
	"fmt"
	"image"
	"slices"

	"github.com/mcllava/mcllava/crop"
)

// Plan is what a question does with a picture of one size: which boxes of it are seen and how many features each gives.
type Plan struct {
	crop.Grid
	TokensPerCrop []int // K of each crop, the overview first
	ImageTokens   int   // their sum
	NumTokens     int   // asked for, or the default
	Maps          bool  // each crop's map is wanted too, without which there is no Answer.Attention

	knobs ViewKnobs
	most  int // features that a crop can give, T-1
}

// Plan is how the model would cut a picture.
func (m *Model) Plan(p *Picture, k ViewKnobs) (Plan, error) {
	return PlanFor(m.config, p.Width, p.Height, k)
}

// PlanFor cuts a picture of width × height pixels, for a model of the shape c, into the overview and at most k.MaxCrops crops, for
// k.NumTokens image tokens; with 0 of them for DefaultNumTokens, or the most that the crops can give if that is less.
// Of k.Region nothing else is seen: it takes the overview's place and is cut into the crops, whose centres are those in the whole picture.
// Too many image tokens, or fewer than one a crop, are an error, or with k.Clamp the nearest number that is none.
func PlanFor(c Config, width, height int, k ViewKnobs) (Plan, error) {
	if err := k.Check(); err != nil {
		return Plan{}, err
	}
	region, err := k.Region.within(width, height)
	if err != nil {
		return Plan{}, err
	}
	grid, err := crop.NewGrid(region.Dx(), region.Dy(), c.Vision.ImageSize, k.MaxCrops)
	if err != nil {
		return Plan{}, err
	}
	grid.Width, grid.Height = width, height
	for i := range grid.Boxes {
		grid.Boxes[i] = grid.Boxes[i].Add(region.Min)
	}
	return newPlan(c, grid, k)
}

// PlanOf is a plan of any boxes of a picture of width × height pixels, in this order; of k it takes the image tokens, as PlanFor does.
// An error names a box that is empty, outside the picture or there twice.
func PlanOf(c Config, width, height int, boxes []image.Rectangle, k ViewKnobs) (Plan, error) {
	picture := image.Rect(0, 0, width, height)
	seen := map[image.Rectangle]bool{}
	for i, b := range boxes {
		switch {
		case b.Empty() || !b.In(picture):
			return Plan{}, fmt.Errorf("box %d is (%d,%d)-(%d,%d), expected a part of the picture's %d×%d pixels", i, b.Min.X, b.Min.Y, b.Max.X, b.Max.Y, width, height)
		case seen[b]:
			return Plan{}, fmt.Errorf("box %d is (%d,%d)-(%d,%d), which is there already", i, b.Min.X, b.Min.Y, b.Max.X, b.Max.Y)
		}
		seen[b] = true
	}
	if len(boxes) == 0 {
		return Plan{}, fmt.Errorf("no box, expected at least one")
	}
	return newPlan(c, crop.Grid{Width: width, Height: height, Boxes: slices.Clone(boxes)}, k)
}

func newPlan(c Config, grid crop.Grid, k ViewKnobs) (Plan, error) {
	p := Plan{Grid: grid, NumTokens: k.NumTokens, knobs: k, most: c.Encoder().Patches() - 1}
	return p.share()
}

// share gives each box its number of image tokens.
func (p Plan) share() (Plan, error) {
	crops := len(p.Boxes)
	most := crops * p.most
	n, knob := p.knobs.NumTokens, KnobName(p.knobs.All(), &p.knobs.NumTokens)
	switch {
	case n < 0:
		return Plan{}, refused(p.knobs.All(), &p.knobs.NumTokens, "1 or more")
	case n == 0:
		n = min(DefaultNumTokens, most)
	}
	if p.knobs.Clamp {
		n = max(crops, min(n, most))
	}
	if n > most {
		return Plan{}, fmt.Errorf("%s is %d, but %s %d at most", knob, n, counted(crops, "gives", "give"), most)
	}
	if n < crops {
		return Plan{}, fmt.Errorf("%s is %d, but %s at least %d", knob, n, counted(crops, "needs", "need"), crops)
	}
	keep, err := crop.TokensPerCrop(crops, n, p.most)
	if err != nil {
		return Plan{}, err
	}
	p.TokensPerCrop, p.NumTokens, p.ImageTokens = keep, n, 0
	for _, k := range keep {
		p.ImageTokens += k
	}
	return p, nil
}

// counted is a number of crops and a verb.
func counted(crops int, one, many string) string {
	if crops == 1 {
		return "the overview alone " + one
	}
	return fmt.Sprintf("%d crops (the overview included) %s", crops, many)
}

// With is the plan with more boxes behind its own, all of which share the plan's image tokens anew. Boxes that it has are left out.
func (p Plan) With(boxes ...image.Rectangle) (Plan, error) {
	p.Boxes = slices.Clone(p.Boxes)
	for _, b := range boxes {
		if b.Empty() || !b.In(image.Rect(0, 0, p.Width, p.Height)) {
			return Plan{}, fmt.Errorf("box (%d,%d)-(%d,%d), expected a part of the picture's %d×%d pixels", b.Min.X, b.Min.Y, b.Max.X, b.Max.Y, p.Width, p.Height)
		}
		if !slices.Contains(p.Boxes, b) {
			p.Boxes = append(p.Boxes, b)
		}
	}
	return p.share()
}
