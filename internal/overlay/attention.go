package overlay

import (
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	xdraw "golang.org/x/image/draw"
)

// Attention is where in a picture an answer looked.
type Attention struct {
	Cols, Rows int       // cells of one size over the whole picture
	Values     []float64 // [Rows·Cols] how much each was looked at, 0 or more, row by row from the top
	Peak       image.Point
	Box        image.Rectangle // in pixels of the picture; empty if there is none
	Overview   bool            // the answer looked at the picture as a whole
	Steps      []Step          // of a search, in their order
	Question   string
	Answer     string
}

// Step is the boxes that a search looked at together. The steps that the answer is not of are drawn fainter.
type Step struct {
	Boxes  []image.Rectangle
	Answer bool // the answer is of this step
}

const (
	mostSide = 1600 // pixels of what is drawn, along the longer side
	lessSide = 480  // to which a smaller picture is enlarged
)

// glow has the colours of heat, from none to the most: dark violet, red, yellow. Lightness rises evenly, so that it can be read without
// colours too.
var glow = [...]color.RGBA{
	{0, 0, 4, 255},
	{27, 12, 65, 255},
	{74, 12, 107, 255},
	{120, 28, 109, 255},
	{165, 44, 96, 255},
	{207, 68, 70, 255},
	{237, 105, 37, 255},
	{251, 155, 6, 255},
	{247, 209, 61, 255},
	{252, 255, 164, 255},
}

// glowAt is the colour of a heat from 0 to 1.
func glowAt(t float64) color.RGBA {
	at := max(0, min(1, t)) * float64(len(glow)-1)
	i := min(int(at), len(glow)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (at-float64(i))*(float64(b)-float64(a)))) }
	a, b := glow[i], glow[i+1]
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// Draw shows on a copy of the picture, at most 1600 pixels wide and high, where an answer looked: heat, with the box and a cross at the
// peak, and below it a scale, the question and the answer.
func (a Attention) Draw(picture *image.RGBA) (*image.RGBA, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	size := picture.Rect.Size()
	k := float64(mostSide) / float64(max(size.X, size.Y))
	if least := float64(lessSide) / float64(max(size.X, size.Y)); least > 1 {
		k = least
	} else {
		k = min(1, k)
	}
	w, h := max(1, int(math.Round(k*float64(size.X)))), max(1, int(math.Round(k*float64(size.Y))))
	width := max(w, lessSide)
	l, err := newLettering(max(13, width/60))
	if err != nil {
		return nil, err
	}
	defer func() { _ = l.face.Close() }()
	lines := append(l.wrapped("Q  "+a.Question, width-2*l.height), l.wrapped("A  "+a.Answer, width-2*l.height)...)
	pitch := l.height * 3 / 2
	drawn := image.NewRGBA(image.Rect(0, 0, width, h+(len(lines)+2)*pitch))
	draw.Draw(drawn, drawn.Rect, image.NewUniform(groundColour), image.Point{}, draw.Src)
	place := image.Rect((width-w)/2, 0, (width-w)/2+w, h)
	xdraw.ApproxBiLinear.Scale(drawn, place, picture, picture.Rect, xdraw.Src, nil)
	a.heat(drawn, place)

	line := max(2, width/500)
	at := a.mark(drawn, place, size, line)
	for i, s := range a.Steps {
		if len(s.Boxes) > 0 && i > 0 {
			l.write(drawn, fmt.Sprint(i+1), at(s.Boxes[0].Min).Add(image.Pt(l.height, l.height)))
		}
	}
	if a.Overview && a.Box.Empty() {
		text := "looked at the whole picture"
		box := l.bounds(text, image.Point{})
		l.write(drawn, text, place.Min.Add(image.Pt(box.Dx()/2+l.height, l.height)))
	}
	a.scale(drawn, l, image.Pt(l.height, h+pitch))
	for i, text := range lines {
		l.left(drawn, text, image.Pt(l.height, h+(i+2)*pitch+l.height/2), textColour)
	}
	return drawn, nil
}

// Over shows the same on a copy of the picture with a size of its own, without texts: a terminal has little room.
func (a Attention) Over(picture *image.RGBA, size image.Point) (*image.RGBA, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	drawn := image.NewRGBA(image.Rectangle{Max: size})
	xdraw.BiLinear.Scale(drawn, drawn.Rect, picture, picture.Rect, xdraw.Src, nil) // of all pixels, so that no thin line is lost
	a.heat(drawn, drawn.Rect)
	a.mark(drawn, drawn.Rect, picture.Rect.Size(), min(size.X, size.Y)/coarsest)
	return drawn, nil
}

// coarsest is the pixels of a side from which on a line has more than one, with black along it.
const coarsest = 250

func (a Attention) check() error {
	if a.Cols < 1 || a.Rows < 1 || len(a.Values) != a.Cols*a.Rows {
		return fmt.Errorf("%d values of heat, expected %d × %d", len(a.Values), a.Rows, a.Cols)
	}
	return nil
}

// mark draws the steps, the box and the peak of a picture of some size that is drawn at a place, and says where a pixel of it is. A line of
// no width is one of a pixel, with which there are but the box and no black.
func (a Attention) mark(drawn *image.RGBA, place image.Rectangle, size image.Point, line int) (at func(image.Point) image.Point) {
	along := func(v, size, length int) int { return int(float64(v) * float64(length) / float64(size)) }
	at = func(p image.Point) image.Point {
		return place.Min.Add(image.Pt(along(p.X, size.X, place.Dx()), along(p.Y, size.Y, place.Dy())))
	}
	framed := func(b image.Rectangle) image.Rectangle { return image.Rectangle{at(b.Min), at(b.Max)} }
	if line == 0 {
		frame := framed(a.Box)
		frame.Max = image.Pt(max(frame.Max.X, frame.Min.X+1), max(frame.Max.Y, frame.Min.Y+1))
		if !a.Box.Empty() {
			outline(drawn, frame.Inset(-1).Intersect(place), 1, overviewColour)
		}
		return at
	}
	for _, answer := range []bool{false, true} {
		for _, s := range a.Steps {
			if s.Answer != answer {
				continue
			}
			for _, b := range s.Boxes {
				step(drawn, framed(b), line, s.Answer)
			}
		}
	}
	if !a.Box.Empty() {
		frame := framed(a.Box)
		outline(drawn, frame.Inset(-2*line).Intersect(place), line, edgeColour)
		outline(drawn, frame.Inset(-line).Intersect(place), line, overviewColour)
		outline(drawn, frame.Intersect(place), line, edgeColour)
	}
	cross(drawn, at(a.Peak), 4*line, line)
	return at
}

// step draws a box that a search looked at.
func step(drawn *image.RGBA, frame image.Rectangle, line int, answer bool) {
	if !answer {
		blended(drawn, frame, max(1, line/2), faintColour)
		return
	}
	outline(drawn, frame, line, edgeColour)
	outline(drawn, frame.Inset(line/2), max(1, line/2), cropColour)
}

// faintColour is white that lets the picture through.
var faintColour = color.NRGBA{255, 255, 255, 70}

// heat lays the values over the picture at a place: what was not looked at is darkened, what was looked at glows.
func (a Attention) heat(drawn *image.RGBA, place image.Rectangle) {
	most := 0.0
	for _, v := range a.Values {
		most = max(most, v)
	}
	for y := place.Min.Y; y < place.Max.Y; y++ {
		row := (y - place.Min.Y) * a.Rows / place.Dy()
		for x := place.Min.X; x < place.Max.X; x++ {
			t := 0.0
			if most > 0 {
				t = math.Sqrt(a.Values[row*a.Cols+(x-place.Min.X)*a.Cols/place.Dx()] / most)
			}
			p := drawn.Pix[drawn.PixOffset(x, y):][:3]
			c, share := glowAt(t), 0.25+0.4*t
			for i, v := range []uint8{c.R, c.G, c.B} {
				p[i] = uint8(float64(p[i])*(1-share) + float64(v)*share)
			}
		}
	}
}

// scale draws what the colours mean, with its left end at a point.
func (a Attention) scale(drawn *image.RGBA, l *lettering, at image.Point) {
	long, high := drawn.Rect.Dx()/5, l.height*2/3
	l.left(drawn, "looked at: least", at.Add(image.Pt(0, high)), textColour)
	begin := at.X + l.bounds("looked at: least", image.Point{}).Dx() + l.height/2
	for x := range long {
		t := float64(x) / float64(long-1)
		draw.Draw(drawn, image.Rect(begin+x, at.Y, begin+x+1, at.Y+high), image.NewUniform(glowAt(t)), image.Point{}, draw.Src)
	}
	outline(drawn, image.Rect(begin-1, at.Y-1, begin+long+1, at.Y+high+1), 1, textColour)
	l.left(drawn, "most", image.Pt(begin+long+l.height/2, at.Y+high), textColour)
}

// cross marks a point in white on black.
func cross(drawn *image.RGBA, at image.Point, arm, line int) {
	for _, c := range []struct {
		colour color.RGBA
		wider  int
	}{{edgeColour, max(1, line/2)}, {cropColour, 0}} {
		half := line/2 + c.wider
		for _, r := range []image.Rectangle{
			image.Rect(at.X-arm-c.wider, at.Y-half, at.X+arm+c.wider+1, at.Y+half+1),
			image.Rect(at.X-half, at.Y-arm-c.wider, at.X+half+1, at.Y+arm+c.wider+1),
		} {
			draw.Draw(drawn, r, image.NewUniform(c.colour), image.Point{}, draw.Src)
		}
	}
}

// mostLines is how much of a text is drawn.
const mostLines = 8

// wrapped breaks a text into lines that are at most so many pixels wide, also within a word that is wider. What is left of a long text
// is an ellipsis.
func (l *lettering) wrapped(text string, width int) (lines []string) {
	fits := func(s string) bool { return l.bounds(s, image.Point{}).Dx() <= width }
	line := ""
	for word := range strings.FieldsSeq(text) {
		for _, part := range l.broken(word, fits) {
			joined := strings.TrimPrefix(line+" "+part, " ")
			if line != "" && !fits(joined) {
				lines = append(lines, line)
				joined = part
			}
			line = joined
		}
	}
	if lines = append(lines, line); len(lines) > mostLines {
		lines = append(lines[:mostLines-1], "…")
	}
	return lines
}

// broken cuts a word into parts that fit.
func (l *lettering) broken(word string, fits func(string) bool) (parts []string) {
	part := ""
	for _, r := range word {
		if part != "" && !fits(part+string(r)) {
			parts, part = append(parts, part), ""
		}
		part += string(r)
	}
	return append(parts, part)
}
