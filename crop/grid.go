package crop

import (
	"fmt"
	"image"
)

const (
	growth       = 10      // pixels by which a crop's side grows until the grid fits its limit
	maxGridSide  = 1 << 24 // pixels
	maxGridBoxes = 1 << 20
)

// Grid is the way a picture is cut: Boxes[0] is the whole picture (the overview), then come the crops,
// x outer, y inner.
//
// The rule is MC-LLaVA's (visheratin/MC-LLaVA-3b, processing_mcllava.py): crops of side c overlap by half, stride
// s = ⌊c/2⌋; along an axis there are n = ⌊(length - c)/s⌋ + 1 of them and the last one is stretched to the edge;
// c starts at the base size and grows by 10 pixels until nx·ny is within the limit. The published rule lets n
// fall to zero or below where a picture is thinner than c, and then exceeds its own limit; here n is at least 1.
type Grid struct {
	Width, Height int               // of the picture, pixels
	Size          int               // side of a crop in pixels of the picture (the grown c), 0 if the overview is alone
	Boxes         []image.Rectangle // [1 + crops], within (0, 0)-(Width, Height)
}

// NewGrid cuts a picture of width × height pixels into the overview and at most maxCrops crops of side base
// pixels or more. With maxCrops 0, or a picture that one crop nearly covers, the overview is alone.
func NewGrid(width, height, base, maxCrops int) (Grid, error) {
	switch {
	case width < 1 || height < 1:
		return Grid{}, fmt.Errorf("picture is %d×%d pixels, expected at least 1×1", width, height)
	case width > maxGridSide || height > maxGridSide:
		return Grid{}, fmt.Errorf("picture is %d×%d pixels, expected sides of at most %d", width, height, maxGridSide)
	case base < 2:
		return Grid{}, fmt.Errorf("crop size is %d pixels, expected at least 2", base)
	case maxCrops < 0:
		return Grid{}, fmt.Errorf("limit is %d crops, expected 0 or more", maxCrops)
	}
	g := Grid{Width: width, Height: height, Boxes: []image.Rectangle{image.Rect(0, 0, width, height)}}
	if longest := max(width, height); maxCrops == 0 || base >= longest || longest-base <= base/2 {
		return g, nil
	}
	c := base
	nx, ny := cropsAlong(width, c), cropsAlong(height, c)
	for int64(nx)*int64(ny) > int64(maxCrops) {
		c += growth
		nx, ny = cropsAlong(width, c), cropsAlong(height, c)
	}
	if nx == 1 && ny == 1 {
		return g, nil
	}
	if int64(nx)*int64(ny) > maxGridBoxes {
		return Grid{}, fmt.Errorf("grid has %d×%d crops, expected at most %d: lower the limit of crops", nx, ny, maxGridBoxes)
	}
	g.Size = c
	for i := range nx {
		x0, x1 := span(i, nx, c, width)
		for j := range ny {
			y0, y1 := span(j, ny, c, height)
			g.Boxes = append(g.Boxes, image.Rect(x0, y0, x1, y1))
		}
	}
	return g, nil
}

// cropsAlong is n, the number of crops of side c along an axis of the given length.
func cropsAlong(length, c int) int {
	if length < c {
		return 1
	}
	return (length-c)/(c/2) + 1
}

// span is the part of an axis that crop i of n covers.
func span(i, n, c, length int) (from, to int) {
	from = i * (c / 2)
	if i == n-1 {
		return from, length
	}
	return from, from + c
}

// Centre is the centre of box i as fractions of the picture's width and height, each within 0…1; the overview's
// is (0.5, 0.5).
func (g Grid) Centre(i int) (x, y float64) {
	b := g.Boxes[i]
	return float64(b.Min.X+b.Max.X) / 2 / float64(g.Width), float64(b.Min.Y+b.Max.Y) / 2 / float64(g.Height)
}

// TokensPerCrop shares n image tokens between the crops (the overview counts as one): each gives K = ⌊n/crops⌋
// and the last one what is left, n - K·(crops-1). A crop cannot give more than most (its features less one), so
// the sum can be below n. The result is [crops].
func TokensPerCrop(crops, n, most int) ([]int, error) {
	switch {
	case crops < 1:
		return nil, fmt.Errorf("%d crops, expected at least 1", crops)
	case most < 1:
		return nil, fmt.Errorf("a crop gives at most %d image tokens, expected at least 1", most)
	case n < crops:
		return nil, fmt.Errorf("%d image tokens for %d crops, expected at least %d", n, crops, crops)
	}
	k := n / crops
	counts := make([]int, crops)
	for i := range counts {
		counts[i] = min(k, most)
	}
	counts[crops-1] = min(n-k*(crops-1), most)
	return counts, nil
}
