package draw

import (
	"image"
	"image/color"
	"math"
)

// Street is what is true of a street. The boxes are in pixels of the picture; a sign or a thing may hang before them.
type Street struct {
	Day               bool
	Awning, Car       string // names of colours
	AwningBox, CarBox image.Rectangle
}

// streetPainter draws a street as training does: a hundredth of the height is the measure of what stands on it, or less
// where a picture is far taller than wide.
type streetPainter struct {
	Canvas
	dice
	facts                       Street
	width, height, unit, ground float64
}

// paintStreet fills a canvas. Of wanted, what is not empty is drawn instead of what the dice say.
func paintStreet(c Canvas, d dice, wanted StreetOptions) Street {
	s := &streetPainter{Canvas: c, dice: d, width: float64(c.Bounds().Dx()), height: float64(c.Bounds().Dy())}
	s.unit = min(s.height, 1.5*s.width) / 100
	s.facts.Day = s.Float64() >= 0.35
	if wanted.Light != "" {
		s.facts.Day = wanted.Light == Day
	}
	s.ground = s.between(0.72, 0.86) * s.height
	s.sky()
	left, right := s.houses()
	s.shopFront(left, right, wanted.Awning)
	s.car(wanted.Car)
	s.lamps()
	return s.facts
}

// either is the first by day and the second by night.
func either[T any](s *streetPainter, day, night T) T {
	if s.facts.Day {
		return day
	}
	return night
}

// shade is one of the named colours: the wanted one, if there is one.
func (s *streetPainter) shade(wanted string) colour {
	c := pick(s.dice, colours)
	for _, other := range colours {
		if other.name == wanted {
			return other
		}
	}
	return c
}

// around is the part of the picture from corner to corner, cut to whole pixels.
func (c Canvas) around(x0, y0, x1, y1 float64) image.Rectangle {
	box := image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1)), int(math.Ceil(y1)))
	return box.Intersect(c.Bounds())
}

func (s *streetPainter) sky() {
	top, low := either(s, RGB(120, 170, 226), RGB(18, 22, 48)), either(s, RGB(206, 222, 238), RGB(52, 52, 84))
	s.Sky(s.ground, s.jitter(top, 18), s.jitter(low, 18))
	if !s.facts.Day {
		for range 40 {
			x, y := s.between(0, s.width), s.between(0, 0.3*s.height)
			s.Box(x, y, x+s.unit/4, y+s.unit/4, RGB(230, 230, 210))
		}
	}
	s.Box(0, s.ground, s.width, s.height, s.jitter(either(s, RGB(122, 120, 116), RGB(62, 62, 68)), 14))
}

// houses draws two to five fronts, or more in a panorama, and returns the left and right edge of the one with the shop.
func (s *streetPainter) houses() (left, right float64) {
	n := (2 + s.IntN(4)) * max(1, int(s.width/(3*s.height)))
	cuts := make([]float64, n+1)
	for i := 1; i < n; i++ {
		cuts[i] = s.width * (float64(i) + s.between(-0.25, 0.25)) / float64(n)
	}
	cuts[n] = s.width
	for i := range n {
		roof, wall := s.between(0.05, 0.35)*s.height, scale(s.jitter(pick(s.dice, walls).RGBA, 20), either(s, 1, 0.55))
		s.Box(cuts[i], roof, cuts[i+1], s.ground, wall)
		if s.chance(0.4) {
			mortar, step := RGB(wall.R-min(wall.R, 18), wall.G-min(wall.G, 18), wall.B-min(wall.B, 18)), s.between(1.6, 3)*s.unit
			for y := roof; y < s.ground; y += step {
				s.Box(cuts[i], y, cuts[i+1], y+1, mortar)
			}
		}
		s.windows(cuts[i], cuts[i+1], roof)
	}
	shop := s.IntN(n)
	return cuts[shop], cuts[shop+1]
}

func (s *streetPainter) windows(left, right, roof float64) {
	bottom := s.ground - float64(34*s.unit)
	columns, rows := max(1, int((right-left)/(s.between(14, 22)*s.unit))), 1+s.IntN(3)
	panes := either(s, []color.RGBA{RGB(88, 108, 128), RGB(120, 144, 168)}, []color.RGBA{RGB(244, 222, 140), RGB(40, 46, 60)})
	frame := either(s, RGB(226, 224, 218), RGB(90, 90, 92))
	for column := range columns {
		for row := range rows {
			x := left + (float64(column)+0.5)*(right-left)/float64(columns)
			y := roof + (float64(row)+0.5)*(bottom-roof)/float64(rows)
			w := s.between(2.5, 4) * s.unit
			h := w * s.between(1, 1.6)
			if y+h < bottom {
				s.Box(x-w, y-h, x+w, y+h, frame)
				s.Box(x-float64(w*0.88), y-float64(h*0.9), x+float64(w*0.88), y+float64(h*0.9), pick(s.dice, panes))
			}
		}
	}
}

func (s *streetPainter) shopFront(left, right float64, wanted string) {
	awning := s.shade(wanted)
	s.facts.Awning = awning.name
	cloth := s.jitter(awning.RGBA, 10)
	pale := RGB(128+cloth.R/2, 128+cloth.G/2, 128+cloth.B/2)
	if s.facts.Awning == "white" {
		pale = RGB(210, 210, 206)
	}
	top := s.ground - float64(s.between(26, 30)*s.unit)
	front := ShopFront{
		Middle: (left + right) / 2, Half: min((right-left)*0.46, s.between(16, 26)*s.unit),
		Top: top, Low: top + float64(s.between(6, 9)*s.unit), Ground: s.ground, Sill: 4 * s.unit,
		Glass: s.jitter(either(s, RGB(150, 176, 190), RGB(250, 232, 170)), 14), Door: s.jitter(RGB(92, 60, 40), 25),
		Cloth: cloth, Pale: pale, Striped: s.chance(0.5),
	}
	s.ShopFront(front)
	s.facts.AwningBox = s.around(front.Middle-float64(front.Half*1.12), front.Top, front.Middle+float64(front.Half*1.12), front.Low)
}

func (s *streetPainter) car(wanted string) {
	paint := s.shade(wanted)
	s.facts.Car = paint.name
	length := s.between(24, 34) * s.unit
	x := s.between(0.02*s.width, max(0.03*s.width, float64(0.98*s.width)-length))
	y := s.height - float64(s.between(3, 6)*s.unit)
	s.Car(x, y, length, s.jitter(paint.RGBA, 10))
	s.facts.CarBox = s.around(x, y-float64(0.2*1.9*length), x+length, y+float64(0.2*0.45*length))
}

func (s *streetPainter) lamps() {
	for range s.IntN(4) {
		x := s.between(0, s.width)
		s.Box(x, s.ground-float64(45*s.unit), x+float64(0.7*s.unit), s.ground+float64(2*s.unit), RGB(40, 42, 44))
		s.Disc(x+float64(0.35*s.unit), s.ground-float64(46.5*s.unit), 1.5*s.unit, RGB(250, 240, 200))
	}
}
