package draw

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
)

// Kinds are the kinds of things.
func Kinds() []string {
	return []string{"balloon", "ball", "umbrella", "kite", "flag", "star", "heart", "cup"}
}

// ThingOptions are what a thing is to be. The dice choose what is left empty, and a kind that the picture does not have yet.
type ThingOptions struct {
	Kind, Colour string
	Size         float64      // in pixels; without one, 0.02 to 0.16 of the picture's shorter side
	At           *image.Point // its middle
}

// Thing is what is true of a thing. X and Y are its middle, in pixels of the picture as Size is.
type Thing struct {
	Kind, Colour string
	X, Y, Size   float64
	Box          image.Rectangle // what it may fill
}

// put draws things clear of signs and of each other.
func (c Canvas) put(d dice, wanted []ThingOptions, signs []Sign) ([]Thing, error) {
	kinds := Kinds()
	d.Shuffle(len(kinds), func(i, k int) { kinds[i], kinds[k] = kinds[k], kinds[i] })
	for _, o := range wanted {
		if o.Kind == "" {
			continue
		}
		i := slices.Index(kinds, o.Kind)
		if i < 0 && slices.Contains(Kinds(), o.Kind) {
			return nil, fmt.Errorf("two things are of kind %q", o.Kind)
		} else if i < 0 {
			return nil, fmt.Errorf("unknown kind %q, expected one of %q", o.Kind, Kinds())
		}
		kinds = slices.Delete(kinds, i, i+1)
	}
	// Those with a place come first, so that the others keep clear of them.
	wanted = slices.Clone(wanted)
	slices.SortStableFunc(wanted, func(a, b ThingOptions) int { return unplaced(a) - unplaced(b) })
	var taken []image.Rectangle
	for _, s := range signs {
		taken = append(taken, s.Box)
	}
	var things []Thing
	for _, o := range wanted {
		if o.Kind == "" {
			if len(kinds) == 0 {
				return nil, fmt.Errorf("%d things, expected at most one of each of the %d kinds", len(wanted), len(Kinds()))
			}
			o.Kind, kinds = kinds[0], kinds[1:]
		}
		t, paint, err := c.placeThing(d, o, taken)
		if err != nil {
			return nil, err
		}
		c.paintThing(t.Kind, t.X, t.Y, t.Size, paint)
		taken, things = append(taken, t.Box), append(things, t)
	}
	return things, nil
}

func unplaced(o ThingOptions) int {
	if o.At == nil {
		return 1
	}
	return 0
}

// standOut is how far a thing's colour is from what is behind it, as a distance in RGB, where there is a choice.
const standOut = 60

// placeThing finds a place that is clear and, if it can, one where the thing's colour stands out.
func (c Canvas) placeThing(d dice, o ThingOptions, taken []image.Rectangle) (Thing, color.RGBA, error) {
	w, h := float64(c.Bounds().Dx()), float64(c.Bounds().Dy())
	names := Colours()
	switch {
	case o.Colour != "" && !slices.Contains(names, o.Colour):
		return Thing{}, color.RGBA{}, fmt.Errorf("unknown colour %q, expected one of %q", o.Colour, names)
	case o.Size < 0 || math.IsNaN(o.Size) || o.Size > min(w, h):
		return Thing{}, color.RGBA{}, fmt.Errorf("a %s of %v pixels in a picture of %v × %v", o.Kind, o.Size, w, h)
	}
	const tries, choosy = 300, 150
	for try := range tries {
		t := Thing{Kind: o.Kind, Colour: o.Colour, Size: o.Size}
		if name := pick(d, names); t.Colour == "" {
			t.Colour = name
		}
		if size := d.scale(0.02, 0.16) * min(w, h); t.Size == 0 {
			t.Size = max(3, size)
		}
		t.X, t.Y = d.between(0, w), d.between(0, h)
		if o.At != nil {
			t.X, t.Y = float64(o.At.X), float64(o.At.Y)
		}
		half := t.Size * reach
		t.X, t.Y = max(half, min(w-half, t.X)), max(half, min(h-half, t.Y))
		t.Box = c.around(t.X-half, t.Y-half, t.X+half, t.Y+half)
		if slices.ContainsFunc(taken, t.Box.Overlaps) {
			continue
		}
		paint := d.jitter(colours[slices.Index(names, t.Colour)].RGBA, 12)
		if try >= choosy || distance(paint, c.mean(t.Box)) >= standOut {
			return t, paint, nil
		}
	}
	return Thing{}, color.RGBA{}, fmt.Errorf("no place for a %s that is clear of signs and other things", o.Kind)
}

func distance(a, b color.RGBA) float64 {
	square := func(a, b uint8) float64 { return float64((float64(a) - float64(b)) * (float64(a) - float64(b))) }
	return math.Sqrt(square(a.R, b.R) + square(a.G, b.G) + square(a.B, b.B))
}

// mean is the colour of a box at large, of some of its pixels.
func (c Canvas) mean(box image.Rectangle) color.RGBA {
	const samples = 8
	var r, g, b int
	for i := range samples * samples {
		p := c.RGBAAt(box.Min.X+(2*(i%samples)+1)*box.Dx()/(2*samples), box.Min.Y+(2*(i/samples)+1)*box.Dy()/(2*samples))
		r, g, b = r+int(p.R), g+int(p.G), b+int(p.B)
	}
	return RGB(uint8(r/samples/samples), uint8(g/samples/samples), uint8(b/samples/samples))
}

// reach is how far a thing goes from its middle at most, in its sizes.
const reach = 0.6

// paintThing draws a thing of a size around a place.
func (c Canvas) paintThing(kind string, x, y, size float64, fill color.RGBA) {
	h := size / 2
	edge := scale(fill, 0.6)
	at := matrix{XX: h, X: x, YY: h, Y: y}
	paint := func(ink color.RGBA, outlines ...[]Point) {
		for _, o := range outlines {
			c.fill(at.of(path{o}), ink)
		}
	}
	line := func(ink color.RGBA, width float64, points ...Point) {
		for _, p := range strokes(max(width, 1/h), points...) {
			c.fill(at.of(p), ink)
		}
	}
	edged := func(outline []Point, width float64) {
		paint(fill, outline)
		line(edge, width, append(outline, outline[0])...)
	}
	const thin = 0.02
	switch kind {
	case "balloon":
		line(RGB(90, 90, 90), 1.0/12, Point{0, 0.4}, Point{0.1, 0.75}, Point{-0.05, 1.1})
		edged(ellipse(0, -0.275, 0.62, 0.725), thin)
		paint(fill, []Point{{0, 0.4}, {-0.12, 0.58}, {0.12, 0.58}})
	case "ball":
		paint(edge, ellipse(0, 0, 0.9, 0.9))
		paint(fill, ellipse(0, 0, 0.9-1.0/8, 0.9-1.0/8))
		line(edge, 1.0/7, Point{-0.9, 0}, Point{0.9, 0})
	case "umbrella":
		edged(arc(0, 0.1, 1, 0.9, 180, 360), thin)
		line(RGB(60, 50, 40), 1.0/7, Point{0, 0}, Point{0, 0.9})
	case "kite":
		edged([]Point{{0, -1}, {0.65, -0.2}, {0, 0.6}, {-0.65, -0.2}}, thin)
		line(edge, 1.0/10, Point{0, 0.6}, Point{0.2, 0.8}, Point{0, 1.1})
	case "flag":
		line(RGB(70, 60, 50), 1.0/6, Point{-0.6, -1}, Point{-0.6, 1})
		edged([]Point{{-0.55, -1}, {0.9, -0.65}, {-0.55, -0.1}}, thin)
	case "star":
		var points []Point
		for k := range 10 {
			s, co := math.Sincos(float64(k) * math.Pi / 5)
			r := []float64{1, 0.42}[k%2]
			points = append(points, Point{r * s, -r * co})
		}
		edged(points, thin)
	case "heart":
		paint(fill, arc(-0.47, -0.35, 0.53, 0.55, 150, 360), arc(0.47, -0.35, 0.53, 0.55, 180, 390),
			[]Point{{-0.96, -0.22}, {0.96, -0.22}, {0, 0.95}})
	default:
		const handle = 2.0 / 9
		c.fill(at.of(ring(ellipse(0.65, 0, 0.35, 0.35), ellipse(0.65, 0, 0.35-handle, 0.35-handle))), fill)
		edged([]Point{{-0.75, -0.7}, {0.6, -0.7}, {0.45, 0.75}, {-0.6, 0.75}}, thin)
	}
}
