package heif

import (
	"errors"
	"fmt"
	"image"
	"math"
)

// transformations reads how the stored picture is cropped, turned and mirrored, in the order of the item's properties.
func (f *file) transformations(p *Picture) error {
	const most = 3 // cropped, turned and mirrored once each
	for _, a := range f.of[p.id] {
		if a.property >= len(f.properties) {
			return errors.New("the picture has a property that is not there")
		}
		box := f.properties[a.property]
		c := &cursor{data: f.data, at: box.from, to: box.to}
		switch box.kind {
		default:
			continue
		case "irot":
			p.Turns = append(p.Turns, [4]int{1, 8, 3, 6}[c.uint(1)&3])
		case "imir":
			p.Turns = append(p.Turns, [2]int{4, 2}[c.uint(1)&1])
		case "clap":
			if len(p.Turns) > 0 {
				return errors.New("cropped after it is turned, expected before")
			}
			p.Visible = p.Visible.Intersect(aperture(c, p.Width, p.Height))
		}
		for i := range a.size {
			p.zeros = append(p.zeros, a.at+i)
		}
		if c.err != nil {
			return fmt.Errorf("box %s %w", box.kind, c.err)
		}
		if len(p.Turns) > most {
			return errors.New("turned more than three times")
		}
	}
	if p.Visible.Empty() {
		return errors.New("the visible part of the picture is empty")
	}
	return nil
}

// aperture is the rectangle of a clean aperture box: width, height and the offsets of its centre from the picture's, each
// a fraction.
func aperture(c *cursor, width, height int) image.Rectangle {
	var v [4]float64
	for i := range v {
		n, d := float64(int32(c.uint(4))), float64(int32(c.uint(4)))
		v[i] = n / d
		if !(math.Abs(v[i]) <= math.MaxInt32) {
			c.fail()
			return image.Rectangle{}
		}
	}
	w, h := int(math.Round(v[0])), int(math.Round(v[1]))
	x := int(math.Floor(v[2] + float64(width-w)/2 + 0.5)) // halves upwards, as libheif rounds them
	y := int(math.Floor(v[3] + float64(height-h)/2 + 0.5))
	return image.Rect(x, y, x+max(w, 0), y+max(h, 0))
}
