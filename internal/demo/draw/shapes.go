package draw

import (
	"image"
	"image/color"
	"math"

	imagedraw "image/draw"

	"golang.org/x/image/vector"
)

// path is a set of closed outlines. One that turns against another cuts a hole in it.
type path [][]Point

// matrix maps (x, y) to (XX·x + XY·y + X, YX·x + YY·y + Y).
type matrix struct{ XX, XY, X, YX, YY, Y float64 }

func (m matrix) at(x, y float64) Point {
	return Point{float64(m.XX*x) + float64(m.XY*y) + m.X, float64(m.YX*x) + float64(m.YY*y) + m.Y}
}

func (m matrix) of(p path) path {
	out := make(path, len(p))
	for i, outline := range p {
		out[i] = make([]Point, len(outline))
		for k, q := range outline {
			out[i][k] = m.at(q.X, q.Y)
		}
	}
	return out
}

// shift moves a path.
func shift(p path, x, y float64) path { return matrix{1, 0, x, 0, 1, y}.of(p) }

// arc is the slice of an ellipse between two angles in degrees, clockwise from its right.
func arc(x, y, rx, ry, from, to float64) []Point {
	points := []Point{{x, y}}
	for a := from; ; a = min(to, a+6) {
		s, c := math.Sincos(a * math.Pi / 180)
		points = append(points, Point{x + float64(rx*c), y + float64(ry*s)})
		if a >= to {
			return points
		}
	}
}

func ellipse(x, y, rx, ry float64) []Point { return arc(x, y, rx, ry, 0, 360)[1:] }

func rectangle(x0, y0, x1, y1 float64) []Point {
	return []Point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}
}

// ring is the outline with a hole of another outline.
func ring(outer, inner []Point) path {
	hole := make([]Point, len(inner))
	for i, p := range inner {
		hole[len(inner)-1-i] = p
	}
	return path{outer, hole}
}

// strokes are the straight pieces of a line of some width.
func strokes(width float64, points ...Point) []path {
	var all []path
	for i, b := range points[1:] {
		a := points[i]
		length := max(1e-9, math.Hypot(b.X-a.X, b.Y-a.Y))
		x, y := (b.X-a.X)/length*width/2, (b.Y-a.Y)/length*width/2
		all = append(all, path{{
			{a.X - float64(x*0.5) - y, a.Y - float64(y*0.5) + x},
			{a.X - float64(x*0.5) + y, a.Y - float64(y*0.5) - x},
			{b.X + float64(x*0.5) + y, b.Y + float64(y*0.5) - x},
			{b.X + float64(x*0.5) - y, b.Y + float64(y*0.5) + x},
		}})
	}
	return all
}

// Line draws a line of some width from point to point.
func (c Canvas) Line(ink color.Color, width float64, points ...Point) {
	for _, p := range strokes(width, points...) {
		c.fill(p, ink)
	}
}

// fill paints a path with smooth edges. A colour that is not opaque is laid over what is there.
func (c Canvas) fill(p path, ink color.Color) {
	r, box := c.raster(p)
	if r != nil {
		r.Draw(c.RGBA, box, image.NewUniform(ink), image.Point{})
	}
}

// mask is how much of each pixel a path covers.
func (c Canvas) mask(p path) *image.Alpha {
	r, box := c.raster(p)
	mask := image.NewAlpha(box)
	if r != nil {
		r.DrawOp = imagedraw.Src
		r.Draw(mask, box, image.Opaque, image.Point{})
	}
	return mask
}

// raster is ready to draw a path into the box around it. It is nil where the path lies outside the canvas.
func (c Canvas) raster(p path) (*vector.Rasterizer, image.Rectangle) {
	x0, y0, x1, y1 := p.bounds()
	box := c.around(x0, y0, x1, y1)
	if box.Empty() {
		return nil, box
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for _, outline := range p {
		for i, q := range outline {
			x, y := float32(q.X-float64(box.Min.X)), float32(q.Y-float64(box.Min.Y))
			if i == 0 {
				r.MoveTo(x, y)
			} else {
				r.LineTo(x, y)
			}
		}
		r.ClosePath()
	}
	return r, box
}

func (p path) bounds() (x0, y0, x1, y1 float64) {
	x0, y0, x1, y1 = math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, outline := range p {
		for _, q := range outline {
			x0, y0, x1, y1 = min(x0, q.X), min(y0, q.Y), max(x1, q.X), max(y1, q.Y)
		}
	}
	return x0, y0, x1, y1
}
