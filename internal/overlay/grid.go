// Package overlay draws on pictures what the model sees of them.
package overlay

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

var (
	overviewColour = color.RGBA{255, 210, 40, 255}
	cropColour     = color.RGBA{255, 255, 255, 255}
	edgeColour     = color.RGBA{0, 0, 0, 255}
	exampleColour  = color.RGBA{0, 150, 255, 255}
	shade          = color.NRGBA{0, 150, 255, 90}
)

// Grid draws on a copy of the picture how it is cut: a frame around the overview, which is boxes[0], the edges of the crops, and at
// the centre of each its number. Crops overlap by half, so that an edge of one runs through the middle of others; one of them is shaded
// whole, as an example.
func Grid(picture *image.RGBA, boxes []image.Rectangle) (*image.RGBA, error) {
	drawn := image.NewRGBA(picture.Bounds())
	draw.Draw(drawn, drawn.Bounds(), picture, picture.Bounds().Min, draw.Src)
	if len(boxes) == 0 {
		return drawn, nil
	}
	least := min(drawn.Bounds().Dx(), drawn.Bounds().Dy())
	width := max(1, least/500)
	example := Example(boxes)
	if example > 0 {
		draw.Draw(drawn, boxes[example], image.NewUniform(shade), image.Point{}, draw.Over)
	}
	for _, box := range boxes[1:] {
		outline(drawn, box, width, cropColour)
		outline(drawn, box.Inset(width), max(1, width/2), edgeColour)
	}
	if example > 0 {
		outline(drawn, boxes[example], 2*width, exampleColour)
	}
	outline(drawn, boxes[0], 2*width, overviewColour)
	return drawn, number(drawn, boxes)
}

// Example is the crop that Grid shades: the one nearest the picture's middle, 0 if the overview is alone.
func Example(boxes []image.Rectangle) (nearest int) {
	best := 0
	for i, box := range boxes {
		d := middleOf(box).Sub(middleOf(boxes[0]))
		if away := d.X*d.X + d.Y*d.Y; i > 0 && (nearest == 0 || away < best) {
			nearest, best = i, away
		}
	}
	return nearest
}

func middleOf(box image.Rectangle) image.Point { return box.Min.Add(box.Max).Div(2) }

// number writes the numbers of all crops, as large as the space between two centres lets them be, and below the frame's upper edge
// what the overview is.
func number(drawn *image.RGBA, boxes []image.Rectangle) error {
	size := boxes[0].Dy() / 12
	for _, box := range boxes[1:] {
		size = min(size, box.Dx()/6, box.Dy()/6) // half a crop has two digits and room
	}
	l, err := newLettering(max(smallest, min(size, largest)))
	if err != nil {
		return err
	}
	defer func() { _ = l.face.Close() }()
	for i, box := range boxes[1:] {
		l.write(drawn, fmt.Sprint(i+1), middleOf(box))
	}
	overview := "0: the whole picture"
	if boxes[0] != drawn.Rect {
		overview = "0: the region"
	}
	width := l.bounds(overview, image.Point{}).Dx()
	l.write(drawn, overview, boxes[0].Min.Add(image.Pt(width/2+l.height/2, l.height)))
	return nil
}

// The letters' height, pixels.
const (
	smallest = 8
	largest  = 96
)

// outline draws the box's edge, width pixels inwards.
func outline(img draw.Image, box image.Rectangle, width int, c color.Color) {
	edge(img, box, width, c, draw.Src)
}

// blended draws the box's edge in a colour that lets what is there through.
func blended(img draw.Image, box image.Rectangle, width int, c color.Color) {
	edge(img, box, width, c, draw.Over)
}

func edge(img draw.Image, box image.Rectangle, width int, c color.Color, op draw.Op) {
	inner := box.Inset(width)
	for _, side := range []image.Rectangle{
		{box.Min, image.Pt(box.Max.X, inner.Min.Y)},
		{image.Pt(box.Min.X, inner.Max.Y), box.Max},
		{image.Pt(box.Min.X, inner.Min.Y), image.Pt(inner.Min.X, inner.Max.Y)},
		{image.Pt(inner.Max.X, inner.Min.Y), image.Pt(box.Max.X, inner.Max.Y)},
	} {
		draw.Draw(img, side, image.NewUniform(c), image.Point{}, op)
	}
}
