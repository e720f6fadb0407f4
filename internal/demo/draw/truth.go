package draw

import (
	"image"
	"math"
)

// Bounds of what counts as read and seen, in pixels of a crop as the encoder takes it. What lies between two of them is
// unclear and was not trained.
const (
	LegibleCaps, HopelessCaps = 6.3, 4.0 // height of a sign's capitals
	SeenSize, UnseenSize      = 6.5, 2.5 // size of a thing
)

// Verdict says if something can be seen.
type Verdict int

// Verdicts.
const (
	Unclear Verdict = iota
	Yes
	No
)

func (v Verdict) String() string { return [...]string{"unclear", "yes", "no"}[v] }

// scales are the pixels of the encoder, whose side is given, for one of a box, across and down.
func scales(box image.Rectangle, side int) (sx, sy float64) {
	return float64(side) / float64(box.Dx()), float64(side) / float64(box.Dy())
}

// within says if a point lies in a box and as far as margin from its edges.
func within(box image.Rectangle, x, y, margin float64) bool {
	return float64(box.Min.X)+margin <= x && x <= float64(box.Max.X)-margin &&
		float64(box.Min.Y)+margin <= y && y <= float64(box.Max.Y)-margin
}

// Legible says if a sign can be read through any of the crops that boxes are, or through all of them together, by an encoder
// that sees each as a square of side pixels. No sign is not legible.
func Legible(sign *Sign, boxes []image.Rectangle, side int) Verdict {
	if sign == nil {
		return No
	}
	best, covered := 0.0, map[int]bool{}
	for _, box := range boxes {
		if box.Min.X > sign.Box.Max.X || box.Max.X < sign.Box.Min.X || box.Min.Y > sign.Box.Max.Y || box.Max.Y < sign.Box.Min.Y {
			continue
		}
		sx, sy := scales(box, side)
		best = max(best, sign.Caps*max(sx, sy))
		if sign.Caps*min(sx, sy) < LegibleCaps {
			continue
		}
		var inside []int
		for i, l := range sign.Letters {
			if within(box, l.X, l.Y, 0.55*sign.Caps) {
				inside = append(inside, i)
			}
		}
		if len(inside) == len(sign.Letters) {
			return Yes
		}
		const fewest = 3 // letters that a crop must show to help
		if len(inside) >= fewest {
			for _, i := range inside {
				covered[i] = true
			}
		}
	}
	switch {
	case best <= HopelessCaps:
		return No
	case len(covered) == len(sign.Letters):
		return Yes
	}
	return Unclear
}

// Visible says if a thing can be seen through any of the crops, as Legible does for signs.
func Visible(t Thing, boxes []image.Rectangle, side int) Verdict {
	best := 0.0
	for _, box := range boxes {
		sx, sy := scales(box, side)
		if within(box, t.X, t.Y, 0.5*t.Size) && t.Size*min(sx, sy) >= SeenSize {
			return Yes
		}
		if within(box, t.X, t.Y, -0.5*t.Size) {
			best = max(best, t.Size*max(sx, sy))
		}
	}
	if best <= UnseenSize {
		return No
	}
	return Unclear
}

// Place is where a point of a picture is among nine places, "at the top left" to "at the bottom right", for coordinates from
// 0 to 1; "" near a border between two of them.
func Place(u, v float64) string {
	third := func(t float64) int {
		const border = 0.035
		if math.Min(math.Abs(t-1.0/3), math.Abs(t-2.0/3)) < border {
			return -1
		}
		return min(2, int(t*3))
	}
	x, y := third(u), third(v)
	if x < 0 || y < 0 {
		return ""
	}
	switch {
	case x == 1 && y == 1:
		return "in the middle"
	case y == 1:
		return "on the " + [...]string{"left", "", "right"}[x]
	}
	return "at the " + [...]string{"top", "", "bottom"}[y] + [...]string{" left", "", " right"}[x]
}

// Side is on which side of a point at x2 one at x1 is, in a picture of a width; "" where they are too near to tell.
func Side(x1, x2, width float64) string {
	const least = 0.04
	switch apart := (x1 - x2) / width; {
	case apart < -least:
		return "left"
	case apart > least:
		return "right"
	}
	return ""
}
