// Package gaze says where in a picture an answer looked. The decoder's attention tells which crops, the vision tower's where in each.
package gaze

import (
	"image"
	"math"
)

// Crop is a crop of a picture, and what an answer made of it.
type Crop struct {
	Box    image.Rectangle // in pixels of the picture
	Weight float64         // attention on each of the crop's image tokens, as a mean: where more are kept of it, it is no larger
	Map    []float32       // [Side·Side] share of each patch, row by row; nil if it is not known
}

// Picture is the crops of a picture of Width × Height pixels.
type Picture struct {
	Width, Height int
	Side          int     // patches along a side of a crop
	Covered       float64 // share of a crop's side that the patches cover, from its left or top
	Crops         []Crop
}

// Gaze is where in a picture an answer looked.
type Gaze struct {
	Shares        []float64 // [crops] of the attention, as if of each crop one token were kept
	Overview      bool      // the whole picture has more of it than any crop
	OverviewShare float64   // of Shares; 0 if there is no overview
	Entropy       float64   // of Shares, in bits: 0 if one crop has it all, and log2(crops) if all have as much
	Heat          Heat
	Peak          image.Point     // pixel where the heat is
	Box           image.Rectangle // what is to be looked at there; empty if Overview
}

// Look finds where an answer looked. Of crops that are all that is seen, the whole picture or a region of it, no heat is taken unless there
// are no others: they are the overview.
// It panics for a Map that has not Side·Side values.
func Look(p Picture) Gaze {
	g := Gaze{Shares: shares(p.Crops)}
	whole := image.Rectangle{}
	for _, c := range p.Crops {
		whole = whole.Union(c.Box)
	}
	best, overview := -1, -1
	var seen []Crop
	for i, c := range p.Crops {
		if c.Box == whole {
			overview = i
		} else {
			seen = append(seen, c)
		}
		if best < 0 || g.Shares[i] > g.Shares[best] {
			best = i
		}
		if s := g.Shares[i]; s > 0 {
			g.Entropy -= s * math.Log2(s)
		}
	}
	if overview >= 0 {
		g.Overview, g.OverviewShare = best == overview, g.Shares[overview]
	}
	if len(seen) == 0 {
		seen = p.Crops
	}
	g.Heat = heat(p, seen)
	window := g.Heat.best(1)
	g.Peak = g.Heat.centre(window)
	if !g.Overview {
		g.Box = g.Heat.Box(g.Peak)
	}
	return g
}

// shares are the crops' weights over their sum; even ones where that is 0.
func shares(crops []Crop) []float64 {
	all, sum := make([]float64, len(crops)), 0.0
	for _, c := range crops {
		sum += c.Weight
	}
	for i, c := range crops {
		if all[i] = c.Weight / sum; !(sum > 0) {
			all[i] = 1 / float64(len(crops))
		}
	}
	return all
}
