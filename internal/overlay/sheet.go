package overlay

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
)

var (
	groundColour = color.RGBA{R: 30, G: 30, B: 34, A: 255}
	textColour   = color.RGBA{235, 235, 235, 255}
)

// Tile is a crop as the encoder gets it, and where in the picture it comes from.
type Tile struct {
	Box    image.Rectangle
	Pixels *image.RGBA // [S, S]
}

// Sheet sets crops of one size side by side, in rows that make a sheet about half as wide again as high, each under its number and its
// box. The first is the overview, which has a frame.
func Sheet(tiles []Tile) (*image.RGBA, error) {
	if len(tiles) == 0 {
		return nil, fmt.Errorf("a sheet of no crops")
	}
	size := tiles[0].Pixels.Rect.Dx()
	height := max(smallest, size/16) // of a line
	l, err := newLettering(height)
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.face.Close() }()
	gap := max(4, size/24)
	width := size
	for i, t := range tiles {
		for _, line := range caption(i, t.Box) {
			width = max(width, l.bounds(line, image.Point{}).Dx())
		}
	}
	lines := len(caption(0, tiles[0].Box))
	columns := int(math.Ceil(math.Sqrt(1.5 * float64(len(tiles)))))
	rows := (len(tiles) + columns - 1) / columns
	columns = (len(tiles) + rows - 1) / rows
	cell := image.Pt(width+gap, size+lines*height*4/3+gap)
	sheet := image.NewRGBA(image.Rect(0, 0, columns*cell.X+gap, rows*cell.Y+gap))
	draw.Draw(sheet, sheet.Rect, image.NewUniform(groundColour), image.Point{}, draw.Src)
	for i, t := range tiles {
		at := image.Pt(gap+i%columns*cell.X, gap+i/columns*cell.Y)
		for n, line := range caption(i, t.Box) {
			l.left(sheet, line, at.Add(image.Pt(0, (n+1)*height*4/3-height/3)), textColour)
		}
		place := image.Rectangle{at.Add(image.Pt(0, lines*height*4/3)), at.Add(image.Pt(size, lines*height*4/3+size))}
		draw.Draw(sheet, place, t.Pixels, t.Pixels.Rect.Min, draw.Src)
		if i == 0 {
			frame := max(1, gap/3)
			outline(sheet, place.Inset(-frame), frame, overviewColour)
		}
	}
	return sheet, nil
}

// caption is what stands over a crop.
func caption(i int, box image.Rectangle) []string {
	name := fmt.Sprint(i)
	if i == 0 {
		name = "0: the whole"
	}
	return []string{name, fmt.Sprintf("%d,%d", box.Min.X, box.Min.Y), fmt.Sprintf("%d,%d", box.Max.X, box.Max.Y)}
}
