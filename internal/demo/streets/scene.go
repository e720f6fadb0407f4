// Package streets draws street scenes as train/scenes.py does, from seeds of its own and with one of its fonts, Go Bold:
// pictures to measure the demo checkpoint with that it was not trained on.
package streets

import (
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
)

// Width and Height are those of a scene, as in the demo's evaluation.
const (
	Width, Height = 2400, 1600

	unit                   = Height / 100.0
	leastCaps, largestCaps = 24, 44 // height of the sign's capitals
)

var shops = strings.Split("bakery,pharmacy,florist,butcher,barber,bookshop,cafe,bank,hotel,cinema,gallery,optician,dentist,"+
	"clinic,laundry,tailor,jeweller,grocer,museum,library,theatre,gym,yoga studio,pizzeria,sushi bar,burger bar,toy shop,"+
	"pet shop,shoe shop,music shop,garage,school", ",")

type colour struct {
	name string
	color.RGBA
}

var colours = []colour{
	{"red", RGB(196, 40, 38)},
	{"orange", RGB(232, 128, 30)},
	{"yellow", RGB(236, 206, 52)},
	{"green", RGB(40, 132, 62)},
	{"blue", RGB(36, 82, 176)},
	{"purple", RGB(118, 52, 148)},
	{"white", RGB(238, 238, 234)},
	{"black", RGB(26, 26, 28)},
}

var walls = []colour{
	{"", RGB(186, 150, 120)},
	{"", RGB(160, 92, 74)},
	{"", RGB(206, 196, 178)},
	{"", RGB(140, 140, 146)},
	{"", RGB(120, 104, 92)},
	{"", RGB(214, 178, 140)},
	{"", RGB(98, 112, 120)},
	{"", RGB(172, 172, 160)},
}

// Scene is a picture and what is true of it.
type Scene struct {
	Canvas
	Day               bool
	Shop, Awning, Car string
	Sign              image.Rectangle // board with the shop's name

	random *rand.Rand
	ground float64
}

// NewScene draws the scene of a seed.
func NewScene(seed uint64) (*Scene, error) {
	s := &Scene{Canvas: NewCanvas(Width, Height), random: rand.New(rand.NewPCG(seed, 0))}
	s.Day = s.random.Float64() >= 0.35
	s.ground = s.between(0.72, 0.86) * Height
	s.sky()
	left, right := s.houses()
	s.shopFront(left, right)
	s.car()
	s.lamps()
	s.Shop = pick(s, shops)
	if err := s.sign(s.between(leastCaps, largestCaps)); err != nil {
		return nil, err
	}
	s.grain(pick(s, []float64{0, 0, 2, 4, 7}))
	return s, nil
}

// Question is something to ask of a scene, and the right answer to it where the sign can be read.
type Question struct{ Text, Answer string }

// Questions are those of the demo's evaluation.
func (s *Scene) Questions() []Question {
	article, time := "a ", "night"
	if strings.ContainsRune("aeiou", rune(s.Shop[0])) {
		article = "an "
	}
	if s.Day {
		time = "day"
	}
	return []Question{
		{"what shop is this", "It is " + article + s.Shop + "."},
		{"what does the sign say?", "The sign says " + strings.ToUpper(s.Shop) + "."},
		{"is it day or night?", "It is " + time + "."},
		{"what colour is the awning?", "The awning is " + s.Awning + "."},
		{"what colour is the car?", "The car is " + s.Car + "."},
	}
}

func (s *Scene) between(low, high float64) float64 { return low + s.random.Float64()*(high-low) }

func (s *Scene) chance(p float64) bool { return s.random.Float64() < p }

func pick[T any](s *Scene, from []T) T { return from[s.random.IntN(len(from))] }

// jitter is a colour near c.
func (s *Scene) jitter(c color.RGBA, most int) color.RGBA {
	near := func(v uint8) uint8 { return clamp(float64(int(v) + s.random.IntN(2*most+1) - most)) }
	return RGB(near(c.R), near(c.G), near(c.B))
}

// either is the first by day and the second by night.
func either[T any](s *Scene, day, night T) T {
	if s.Day {
		return day
	}
	return night
}

func (s *Scene) sky() {
	top, low := either(s, RGB(120, 170, 226), RGB(18, 22, 48)), either(s, RGB(206, 222, 238), RGB(52, 52, 84))
	s.Sky(s.ground, s.jitter(top, 18), s.jitter(low, 18))
	if !s.Day {
		for range 40 {
			x, y := s.between(0, Width), s.between(0, 0.3*Height)
			s.Box(x, y, x+unit/4, y+unit/4, RGB(230, 230, 210))
		}
	}
	s.Box(0, s.ground, Width, Height, s.jitter(either(s, RGB(122, 120, 116), RGB(62, 62, 68)), 14))
}

// houses draws two to five fronts and returns the left and right edge of the one with the shop.
func (s *Scene) houses() (left, right float64) {
	n := 2 + s.random.IntN(4)
	cuts := make([]float64, n+1)
	for i := 1; i < n; i++ {
		cuts[i] = Width * (float64(i) + s.between(-0.25, 0.25)) / float64(n)
	}
	cuts[n] = Width
	for i := range n {
		roof, wall := s.between(0.05, 0.35)*Height, scale(s.jitter(pick(s, walls).RGBA, 20), either(s, 1, 0.55))
		s.Box(cuts[i], roof, cuts[i+1], s.ground, wall)
		if s.chance(0.4) {
			mortar, step := RGB(wall.R-min(wall.R, 18), wall.G-min(wall.G, 18), wall.B-min(wall.B, 18)), s.between(1.6, 3)*unit
			for y := roof; y < s.ground; y += step {
				s.Box(cuts[i], y, cuts[i+1], y+1, mortar)
			}
		}
		s.windows(cuts[i], cuts[i+1], roof)
	}
	shop := s.random.IntN(n)
	return cuts[shop], cuts[shop+1]
}

func (s *Scene) windows(left, right, roof float64) {
	bottom := s.ground - 34*unit
	columns, rows := max(1, int((right-left)/(s.between(14, 22)*unit))), 1+s.random.IntN(3)
	panes := either(s, []color.RGBA{RGB(88, 108, 128), RGB(120, 144, 168)}, []color.RGBA{RGB(244, 222, 140), RGB(40, 46, 60)})
	frame := either(s, RGB(226, 224, 218), RGB(90, 90, 92))
	for column := range columns {
		for row := range rows {
			x := left + (float64(column)+0.5)*(right-left)/float64(columns)
			y := roof + (float64(row)+0.5)*(bottom-roof)/float64(rows)
			w := s.between(2.5, 4) * unit
			h := w * s.between(1, 1.6)
			if y+h < bottom {
				s.Box(x-w, y-h, x+w, y+h, frame)
				s.Box(x-w*0.88, y-h*0.9, x+w*0.88, y+h*0.9, pick(s, panes))
			}
		}
	}
}

func (s *Scene) shopFront(left, right float64) {
	awning := pick(s, colours)
	s.Awning = awning.name
	cloth := s.jitter(awning.RGBA, 10)
	pale := RGB(128+cloth.R/2, 128+cloth.G/2, 128+cloth.B/2)
	if s.Awning == "white" {
		pale = RGB(210, 210, 206)
	}
	top := s.ground - s.between(26, 30)*unit
	s.ShopFront(ShopFront{
		Middle: (left + right) / 2, Half: min((right-left)*0.46, s.between(16, 26)*unit),
		Top: top, Low: top + s.between(6, 9)*unit, Ground: s.ground, Sill: 4 * unit,
		Glass: s.jitter(either(s, RGB(150, 176, 190), RGB(250, 232, 170)), 14), Door: s.jitter(RGB(92, 60, 40), 25),
		Cloth: cloth, Pale: pale, Striped: s.chance(0.5),
	})
}

func (s *Scene) car() {
	paint := pick(s, colours)
	s.Car = paint.name
	length := s.between(24, 34) * unit
	x := s.between(0.02*Width, 0.98*Width-length)
	s.Canvas.Car(x, Height-s.between(3, 6)*unit, length, s.jitter(paint.RGBA, 10))
}

func (s *Scene) lamps() {
	for range s.random.IntN(4) {
		x := s.between(0, Width)
		s.Box(x, s.ground-45*unit, x+0.7*unit, s.ground+2*unit, RGB(40, 42, 44))
		s.Disc(x+0.35*unit, s.ground-46.5*unit, 1.5*unit, RGB(250, 240, 200))
	}
}

// sign hangs a board with the shop in one or two lines, framed or not.
func (s *Scene) sign(caps float64) error {
	face, err := BoldFace(caps)
	if err != nil {
		return err
	}
	defer func() { _ = face.Close() }()
	lines := []string{strings.ToUpper(s.Shop)}
	if s.chance(0.4) {
		lines = strings.Fields(lines[0])
	}
	longest := 0.0
	for _, line := range lines {
		longest = max(longest, Length(face, line))
	}
	gap, padX, padY := caps*s.between(1.5, 1.8), caps*s.between(0.4, 1.2), caps*s.between(0.35, 0.9)
	w, h := longest+2*padX, caps+gap*float64(len(lines)-1)+2*padY
	x, y := s.between(0.01*Width, 0.99*Width-w), s.between(0.12*Height, 0.74*Height-h)
	s.Sign = image.Rect(round(x), round(y), round(x+w), round(y+h))
	back, ink := s.boardColours()
	s.Box(x, y, x+w, y+h, back)
	if s.chance(0.5) {
		margin, line := caps*0.12, max(1, caps*0.06)
		s.Box(x+margin, y+margin, x+w-margin, y+h-margin, ink)
		s.Box(x+margin+line, y+margin+line, x+w-margin-line, y+h-margin-line, back)
	}
	for i, line := range lines {
		s.Text(face, x+w/2, y+padY+caps+gap*float64(i), line, ink)
	}
	return nil
}

// boardColours are two that stand out from each other.
func (s *Scene) boardColours() (back, ink color.RGBA) {
	luma := func(c color.RGBA) float64 { return 0.299*float64(c.R) + 0.587*float64(c.G) + 0.114*float64(c.B) }
	for {
		back = s.jitter(pick(s, append(colours[:len(colours):len(colours)], walls...)).RGBA, 24)
		ink = s.jitter(pick(s, colours).RGBA, 24)
		if d := luma(back) - luma(ink); d > 85 || d < -85 {
			return back, ink
		}
	}
}

// grain adds grey noise of a deviation to the picture, the same in every tile of a side.
func (s *Scene) grain(deviation float64) {
	if deviation == 0 {
		return
	}
	const side = 512
	var tile [side * side]float64
	for i := range tile {
		tile[i] = deviation * s.random.NormFloat64()
	}
	for y := range Height {
		for x := range Width {
			p := s.Pix[s.PixOffset(x, y):][:3]
			for i, v := range p {
				p[i] = clamp(float64(v) + tile[y%side*side+x%side])
			}
		}
	}
}

func scale(c color.RGBA, f float64) color.RGBA {
	return RGB(uint8(float64(c.R)*f), uint8(float64(c.G)*f), uint8(float64(c.B)*f))
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, v+0.5))) }
