package mcllava

import (
	"fmt"

	"github.com/mcllava/mcllava/crop"
)

// Plan is what a question does with a picture of one size: how it is cut and how many features each crop gives.
type Plan struct {
	crop.Grid
	TokensPerCrop []int // K of each crop, the overview first
	ImageTokens   int   // their sum
	NumTokens     int   // asked for, or the default
}

// PlanFor cuts a picture of width × height pixels for a model of some shape into at most maxCrops crops besides the overview, for numTokens image tokens;
// with numTokens 0 for DefaultNumTokens, or the most that the crops can give if that is less.
func PlanFor(c Config, width, height, maxCrops, numTokens int) (Plan, error) {
	if maxCrops < 0 {
		return Plan{}, fmt.Errorf("max-crops is %d, expected 0 or more", maxCrops)
	}
	if numTokens < 0 {
		return Plan{}, fmt.Errorf("num-tokens is %d, expected 1 or more", numTokens)
	}
	grid, err := crop.NewGrid(width, height, c.Vision.ImageSize, maxCrops)
	if err != nil {
		return Plan{}, err
	}
	each := c.Encoder().Patches() - 1
	most := len(grid.Boxes) * each
	if numTokens > most {
		return Plan{}, fmt.Errorf("num-tokens is %d, but %d crops (the overview included) give %d at most", numTokens, len(grid.Boxes), most)
	}
	if numTokens == 0 {
		numTokens = min(DefaultNumTokens, most)
	}
	if numTokens < len(grid.Boxes) {
		return Plan{}, fmt.Errorf("num-tokens is %d, but %d crops (the overview included) need at least %d", numTokens, len(grid.Boxes), len(grid.Boxes))
	}
	keep, err := crop.TokensPerCrop(len(grid.Boxes), numTokens, each)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Grid: grid, TokensPerCrop: keep, NumTokens: numTokens}
	for _, k := range keep {
		p.ImageTokens += k
	}
	return p, nil
}
