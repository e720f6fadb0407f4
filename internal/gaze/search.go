package gaze

import (
	"image"
	"math"
)

// Search is how a picture is looked at closer and closer. The sizes are parts of the side of a coarse crop: they were found on drawn
// streets, where one look at the place that the heat is at finds more than going down crop by crop.
type Search struct {
	Within image.Rectangle // what may be looked at
	Side   int             // of a coarse crop, pixels
}

// standing is how many times an even share of the heat a window must have to stand out.
const standing = 1.5

// Next is where the most heat is, and whether it stands out from the rest of the picture.
func (h *Heat) Next() (at image.Point, ok bool) {
	window := h.best(1)
	cells := window.Dx() * window.Dy()
	even := h.sums[len(h.sums)-1] * float64(cells) / float64(h.Cols*h.Rows)
	return h.centre(window), h.sum(window) >= standing*even && even > 0
}

// OnePlace says whether much of the heat is about its peak: an answer about something small looked there. About the picture as a whole,
// such as whether it is day, it looks here and there.
func (s Search) OnePlace(h *Heat, peak image.Point) bool {
	const much = 0.2
	return h.Share(s.Glance(peak)) >= much
}

// Forget takes the heat away around a place that was looked at.
func (s Search) Forget(h *Heat, at image.Point) {
	const across, down = 0.18, 0.12
	dx, dy := int(math.Round(across*float64(s.Side))), int(math.Round(down*float64(s.Side)))
	from := image.Pt((at.X-dx)*h.Cols/h.Width, (at.Y-dy)*h.Rows/h.Height)
	to := image.Pt((at.X+dx)*h.Cols/h.Width+1, (at.Y+dy)*h.Rows/h.Height+1)
	for y := max(0, from.Y); y < min(h.Rows, to.Y); y++ {
		for x := max(0, from.X); x < min(h.Cols, to.X); x++ {
			h.Values[y*h.Cols+x] = 0
		}
	}
	h.add()
}

// Closer is what is to be looked at of a place: half of a coarse crop, and three crops of a third side by side.
func (s Search) Closer(at image.Point) []image.Rectangle {
	return s.boxes(at, [][2]float64{{0.50, 0}, {0.36, 0}, {0.36, -0.15}, {0.36, 0.15}})
}

// Glance is what is to be looked at of one place among several: half of a coarse crop.
func (s Search) Glance(at image.Point) image.Rectangle {
	return s.boxes(at, [][2]float64{{0.50, 0}})[0]
}

// Again is what is to be looked at where the answer about Closer looked elsewhere.
func (s Search) Again(at image.Point) []image.Rectangle {
	return s.boxes(at, [][2]float64{{0.36, 0}, {0.32, -0.14}, {0.32, 0.14}})
}

// Elsewhere says whether two places are too far apart to be the same.
func (s Search) Elsewhere(a, b image.Point) bool {
	const near = 0.06
	return math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y)) > near*float64(s.Side)
}

// boxes are squares around a place, of each its side and how far to the right it is, kept within what may be looked at.
func (s Search) boxes(at image.Point, all [][2]float64) (boxes []image.Rectangle) {
	for _, b := range all {
		side := max(1, int(math.Round(b[0]*float64(s.Side))))
		size := image.Pt(min(side, s.Within.Dx()), min(side, s.Within.Dy()))
		corner := image.Pt(at.X+int(math.Round(b[1]*float64(s.Side)))-size.X/2, at.Y-size.Y/2)
		corner.X = max(s.Within.Min.X, min(s.Within.Max.X-size.X, corner.X))
		corner.Y = max(s.Within.Min.Y, min(s.Within.Max.Y-size.Y, corner.Y))
		boxes = append(boxes, image.Rectangle{corner, corner.Add(size)})
	}
	return boxes
}
