// Package overlay draws on pictures what the model sees of them.
package overlay

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
)

// Grid draws the outlines of the boxes on a copy of the picture and returns it as PNG. Every second box is of another colour,
// so that overlapping neighbours can be told apart.
func Grid(picture *image.RGBA, boxes []image.Rectangle) ([]byte, error) {
	drawn := image.NewRGBA(picture.Bounds())
	draw.Draw(drawn, drawn.Bounds(), picture, picture.Bounds().Min, draw.Src)
	colours := []color.RGBA{{255, 64, 64, 255}, {64, 200, 255, 255}}
	width := max(1, min(drawn.Bounds().Dx(), drawn.Bounds().Dy())/400)
	for i, box := range boxes {
		outline(drawn, box, width, colours[i%len(colours)])
	}
	var out bytes.Buffer
	if err := png.Encode(&out, drawn); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// outline draws the box's edge, width pixels inwards.
func outline(img draw.Image, box image.Rectangle, width int, c color.Color) {
	inner := box.Inset(width)
	for _, side := range []image.Rectangle{
		{box.Min, image.Pt(box.Max.X, inner.Min.Y)},
		{image.Pt(box.Min.X, inner.Max.Y), box.Max},
		{image.Pt(box.Min.X, inner.Min.Y), image.Pt(inner.Min.X, inner.Max.Y)},
		{image.Pt(inner.Max.X, inner.Min.Y), image.Pt(box.Max.X, inner.Max.Y)},
	} {
		draw.Draw(img, side, image.NewUniform(c), image.Point{}, draw.Src)
	}
}
