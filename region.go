package mcllava

import (
	"fmt"
	"image"
	"strconv"
	"strings"
)

// Region is a part of a picture, x0 ≤ x < x1 and y0 ≤ y < y1 in pixels of the upright picture: [x0, y0, x1, y1]. The zero Region stands
// for all of it.
type Region [4]int

// RegionOf is the region of a rectangle.
func RegionOf(r image.Rectangle) Region { return Region{r.Min.X, r.Min.Y, r.Max.X, r.Max.Y} }

// Rectangle is the region, empty for the zero Region.
func (r Region) Rectangle() image.Rectangle {
	return image.Rectangle{image.Pt(r[0], r[1]), image.Pt(r[2], r[3])}
}

// String is "x0,y0,x1,y1", and empty for the zero Region.
func (r Region) String() string {
	if r == (Region{}) {
		return ""
	}
	return fmt.Sprintf("%d,%d,%d,%d", r[0], r[1], r[2], r[3])
}

// Set takes a text as String gives it.
func (r *Region) Set(text string) error {
	if text == "" {
		*r = Region{}
		return nil
	}
	var read Region
	parts := strings.Split(text, ",")
	if len(parts) != len(read) {
		return fmt.Errorf("expected X0,Y0,X1,Y1, four numbers of pixels")
	}
	for i, part := range parts {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("expected X0,Y0,X1,Y1, four whole numbers of pixels, not %q", part)
		}
		read[i] = n
	}
	if read == (Region{}) {
		return fmt.Errorf("expected a part of the picture, got %s, which is none", text)
	}
	if err := read.check(); err != nil {
		return err
	}
	*r = read
	return nil
}

// Type is how help calls a value.
func (r *Region) Type() string { return "X0,Y0,X1,Y1" }

// check returns an error unless the region is zero or can be a part of a picture.
func (r Region) check() error {
	if r != (Region{}) && (r[0] < 0 || r[1] < 0 || r[0] >= r[2] || r[1] >= r[3]) {
		return fmt.Errorf("expected 0 ≤ X0 < X1 and 0 ≤ Y0 < Y1, got %v", r)
	}
	return nil
}

// within is the region of a picture of width × height pixels. An error says how large the picture is.
func (r Region) within(width, height int) (image.Rectangle, error) {
	whole := image.Rect(0, 0, width, height)
	if r == (Region{}) {
		return whole, nil
	}
	if err := r.check(); err != nil {
		return image.Rectangle{}, err
	}
	if !r.Rectangle().In(whole) {
		return image.Rectangle{}, fmt.Errorf("region %v is not within the picture's %d×%d pixels", r, width, height)
	}
	return r.Rectangle(), nil
}
