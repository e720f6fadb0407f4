package overlay

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// lettering writes texts that can be read on any ground: white with a black outline.
type lettering struct {
	face    font.Face
	height  int // of a line, pixels
	outline int // pixels
}

// newLettering is of letters so many pixels high.
func newLettering(size int) (*lettering, error) {
	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("the font of numbers: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("the font of numbers: %w", err)
	}
	return &lettering{face, size, max(1, size/8)}, nil
}

// bounds is where a text is drawn whose middle is at a point.
func (l *lettering) bounds(text string, middle image.Point) image.Rectangle {
	box, _ := font.BoundString(l.face, text)
	width, height := (box.Max.X - box.Min.X).Ceil(), (box.Max.Y - box.Min.Y).Ceil()
	corner := middle.Sub(image.Pt(width/2, height/2))
	return image.Rectangle{corner, corner.Add(image.Pt(width, height))}
}

// write draws a text with its middle at a point.
func (l *lettering) write(img *image.RGBA, text string, middle image.Point) {
	box, _ := font.BoundString(l.face, text)
	dot := fixed.P(l.bounds(text, middle).Min.X, l.bounds(text, middle).Min.Y).Sub(box.Min)
	d := font.Drawer{Dst: img, Src: image.NewUniform(color.Black), Face: l.face}
	for y := -l.outline; y <= l.outline; y++ {
		for x := -l.outline; x <= l.outline; x++ {
			if x*x+y*y <= l.outline*l.outline {
				d.Dot = dot.Add(fixed.P(x, y))
				d.DrawString(text)
			}
		}
	}
	d.Src, d.Dot = image.NewUniform(color.White), dot
	d.DrawString(text)
}

// left draws a text in a colour from a point of its base line on.
func (l *lettering) left(img *image.RGBA, text string, at image.Point, c color.Color) {
	d := font.Drawer{Dst: img, Src: image.NewUniform(c), Face: l.face, Dot: fixed.P(at.X, at.Y)}
	d.DrawString(text)
}
