package draw

import (
	"image/color"
	"math"
	"slices"

	xdraw "golang.org/x/image/draw"
)

// photo paints one kind of ground that is rather like a photograph. unit is about a hundredth of the picture's sides.
type photo struct {
	Canvas
	dice
	w, h int
	unit float64
}

var photos = []struct {
	name  string
	paint func(*photo)
}{
	{"hills", (*photo).hills},
	{"foliage", (*photo).foliage},
	{"bokeh", (*photo).bokeh},
	{"stones", (*photo).stones},
	{"wood", (*photo).wood},
	{"sea", (*photo).sea},
	{"table", (*photo).table},
}

// Photos are the names of the kinds of grounds that are like photographs.
func Photos() []string {
	var names []string
	for _, p := range photos {
		names = append(names, p.name)
	}
	return names
}

func paintPhoto(c Canvas, d dice, name string) {
	w, h := c.Bounds().Dx(), c.Bounds().Dy()
	c.Box(0, 0, float64(w), float64(h), RGB(0, 0, 0))
	p := &photo{c, d, w, h, math.Sqrt(float64(w)*float64(h)) / 100}
	photos[slices.Index(Photos(), name)].paint(p)
	p.lens()
}

// lens darkens the corners and gives one side more light.
func (p *photo) lens() {
	dark, tilt := float32(p.between(0.05, 0.35)), float32(p.between(-0.15, 0.15))
	for y := range p.h {
		v := 2*float32(y)/float32(p.h) - 1
		for x := range p.w {
			u := 2*float32(x)/float32(p.w) - 1
			p.dim(x, y, 1-dark*(u*u+v*v)*0.5+tilt*u)
		}
	}
}

// small is a photo of the same view with so many times fewer pixels a side, for what is out of focus.
func (p *photo) small(times int) *photo {
	w, h := max(4, p.w/times), max(4, p.h/times)
	c := NewCanvas(w, h)
	c.Box(0, 0, float64(w), float64(h), RGB(0, 0, 0))
	return &photo{c, p.dice, w, h, p.unit * float64(w) / float64(p.w)}
}

// enlarge fills the picture with a smaller one.
func (p *photo) enlarge(s *photo) {
	xdraw.ApproxBiLinear.Scale(p.RGBA, p.Bounds(), s.RGBA, s.Bounds(), xdraw.Src, nil)
}

// soften blurs as a lens does that is out of focus: three box blurs are nearly a Gaussian one.
func (p *photo) soften(radius float64) {
	for range 3 {
		blur(p.Canvas, radius)
	}
}

// cover fills the picture with noise in a ramp of colours.
func (p *photo) cover(f *field, table *[256]color.RGBA) {
	for y := range p.h {
		for x, v := range f.row(y) {
			p.set(x, y, look(table, v))
		}
	}
}

// roughen multiplies brightness by noise, from 1-by to 1+by.
func (p *photo) roughen(f *field, by float32) {
	for y := range p.h {
		for x, v := range f.row(y) {
			p.dim(x, y, 1+by*(2*v-1))
		}
	}
}

// near is one of some colours, a little changed.
func (p *photo) near(from ...color.RGBA) color.RGBA { return p.jitter(pick(p.dice, from), 18) }

var (
	greens  = []color.RGBA{RGB(62, 96, 38), RGB(96, 128, 48), RGB(46, 74, 40), RGB(128, 146, 66), RGB(78, 104, 70)}
	earths  = []color.RGBA{RGB(112, 92, 68), RGB(142, 120, 88), RGB(88, 76, 62), RGB(166, 148, 118), RGB(104, 100, 92)}
	skies   = []color.RGBA{RGB(96, 142, 196), RGB(132, 168, 206), RGB(74, 112, 170), RGB(168, 178, 190), RGB(210, 150, 110)}
	brights = []color.RGBA{
		RGB(214, 86, 60), RGB(230, 190, 80), RGB(200, 90, 150), RGB(90, 130, 210), RGB(240, 226, 200), RGB(120, 180, 90),
	}
)

// heaven paints a sky with clouds down to a row.
func (p *photo) heaven(horizon int) {
	horizon = max(1, min(p.h, horizon))
	high := p.near(skies...)
	low := mix(high, RGB(244, 232, 214), p.between(0.4, 0.9))
	white := mix(RGB(250, 248, 244), low, p.between(0, 0.4))
	shade := mix(white, RGB(120, 126, 140), 0.6)
	clouds := p.noise(p.w, horizon, 40*p.unit, 14*p.unit, 7, 0.55)
	thick := float32(p.between(0.42, 0.75))
	for y := range horizon {
		t := float64(y) / float64(horizon)
		back := mix(high, low, t)
		for x, v := range clouds.row(y) {
			p.set(x, y, back)
			if a := smooth(thick, thick+0.3, v); a > 0 {
				p.over(x, y, mix(white, shade, float64(smooth(thick+0.15, thick+0.5, v))*0.7), a*0.95)
			}
		}
	}
}

// hills stand behind each other under a sky, with a meadow before them.
func (p *photo) hills() {
	horizon := p.between(0.35, 0.65) * float64(p.h)
	p.heaven(int(horizon + 12*p.unit))
	rough := p.noise(p.w, p.h, 5*p.unit, 3*p.unit, 7, 0.7)
	haze := mix(p.near(skies...), RGB(220, 220, 220), 0.4)
	ground := p.near(append(greens, earths...)...)
	const ranges = 4
	for i := range ranges {
		nearness := float64(i+1) / ranges
		ridge := p.noise(p.w, 1, p.between(15, 45)*p.unit, 1, 9, 0.5)
		top := horizon + (nearness-0.6)*0.35*(float64(p.h)-horizon)
		tall := p.between(6, 16) * p.unit * (1.3 - 0.8*nearness)
		paint := mix(haze, p.jitter(ground, 24), 0.25+0.7*nearness)
		grain := float32(0.15 + 0.5*nearness)
		for x := range p.w {
			from := top - float64(ridge.v[x])*2*tall + tall
			for y := max(0, int(from)); y < p.h; y++ {
				cover := min(1, float32(float64(y+1)-from))
				p.over(x, y, paint, cover)
				p.dim(x, y, 1+cover*grain*(rough.v[y*p.w+x]-0.5))
			}
		}
	}
	p.scatterLeaves(int(p.scale(100, 1500)), 0.72, 1, greens, 0.6, 2.5)
}

// scatterLeaves draws blades and leaves between two heights, of a size in units, the lower the larger.
func (p *photo) scatterLeaves(count int, from, to float64, colours []color.RGBA, least, most float64) {
	for i := range count {
		t := float64(i) / float64(count)
		x, y := p.between(0, float64(p.w)), (from+(to-from)*math.Pow(t, 0.7))*float64(p.h)
		size := p.between(least, most) * p.unit * (0.5 + t)
		p.leaf(x, y, size, p.between(-0.7, 0.7)-math.Pi/2, scale(p.near(colours...), p.between(0.55, 1)))
	}
}

// leaf is drawn from its foot in a direction.
func (p *photo) leaf(x, y, size, turn float64, paint color.RGBA) {
	s, c := math.Sincos(turn)
	wide := p.between(0.1, 0.35)
	at := matrix{size * c, -size * s, x, size * s, size * c, y}
	half := func(side float64) []Point {
		points := []Point{{0, 0}}
		for i := 1; i <= 8; i++ {
			t := float64(i) / 8
			points = append(points, Point{t, side * wide * math.Sin(math.Pi*math.Pow(t, 0.8))})
		}
		return points
	}
	p.fill(at.of(path{half(1)}), paint)
	p.fill(at.of(path{half(-1)}), mix(paint, RGB(250, 250, 200), 0.12))
}

// foliage is leaves over leaves, the far ones out of focus.
func (p *photo) foliage() {
	palette := greens
	if p.chance(0.25) {
		palette = []color.RGBA{RGB(170, 90, 40), RGB(196, 140, 50), RGB(130, 60, 36), RGB(110, 110, 50)}
	}
	far := p.small(6)
	far.cover(far.noise(far.w, far.h, 12*far.unit, 12*far.unit, 4, 0.6), ramp(RGB(14, 20, 12), scale(pick(p.dice, palette), 0.5), pick(p.dice, palette), RGB(220, 230, 190)))
	for range 500 {
		far.leaf(far.between(0, float64(far.w)), far.between(0, float64(far.h)), far.between(4, 10)*far.unit, far.between(0, 2*math.Pi), scale(far.near(palette...), far.between(0.4, 1)))
	}
	far.soften(far.unit * p.between(0.6, 1.6))
	p.enlarge(far)
	leaves := int(p.scale(60, 1500))
	for i := range leaves {
		light := 0.35 + 0.65*float64(i)/float64(leaves)
		p.leaf(p.between(-0.05, 1)*float64(p.w), p.between(-0.05, 1.05)*float64(p.h), p.between(3, 9)*p.unit, p.between(0, 2*math.Pi), scale(p.near(palette...), light))
	}
	p.roughen(p.noise(p.w, p.h, 4*p.unit, 4*p.unit, 7, 0.75), 0.3)
}

// bokeh is lights far out of focus, at times behind something that is sharp.
func (p *photo) bokeh() {
	far := p.small(8)
	first := pick(p.dice, [][]color.RGBA{greens, earths, skies, brights})
	far.cover(far.noise(far.w, far.h, 45*far.unit, 45*far.unit, 3, 0.5), ramp(scale(far.near(first...), 0.35), far.near(first...), far.near(append(first, brights...)...), mix(far.near(first...), RGB(250, 244, 230), 0.5)))
	for range 15 + p.IntN(60) {
		x, y, r := far.between(0, float64(far.w)), far.between(0, float64(far.h)), far.between(2, 9)*far.unit
		ink := far.near(append(first, brights...)...)
		cover := far.between(0.1, 0.5)
		veil := func(c color.RGBA, a float64) color.NRGBA { return color.NRGBA{c.R, c.G, c.B, uint8(255 * a)} }
		far.fill(path{ellipse(x, y, r, r)}, veil(ink, cover))
		far.fill(ring(ellipse(x, y, r, r), ellipse(x, y, r*0.9, r*0.9)), veil(mix(ink, RGB(255, 255, 255), 0.3), cover))
	}
	far.soften(max(1, far.unit*p.between(0.3, 1.5)))
	p.enlarge(far)
	if p.chance(0.7) {
		x, y := p.between(0.1, 0.9)*float64(p.w), p.between(0.3, 0.9)*float64(p.h)
		r := p.between(12, 30) * p.unit
		fur := p.noise(p.w, p.h, 1.6*p.unit, 4*p.unit, 6, 0.7)
		p.body(x, y, r, r*p.between(0.6, 1.6), p.near(append(earths, brights...)...), fur, float32(p.between(0.2, 0.9)))
		for range p.IntN(14) {
			p.leaf(x+p.between(-r, r), y+p.between(-r, r), p.between(6, 22)*p.unit, p.between(0, 2*math.Pi), p.near(greens...))
		}
	}
}

// body is an ellipse that is lit like a ball, with a rough skin.
func (p *photo) body(x, y, rx, ry float64, paint color.RGBA, skin *field, rough float32) {
	box := p.around(x-rx-1, y-ry-1, x+rx+1, y+ry+1)
	lx, ly := p.between(-0.6, 0.6), -p.between(0.3, 0.8)
	lz := math.Sqrt(max(0.1, 1-lx*lx-ly*ly))
	for py := box.Min.Y; py < box.Max.Y; py++ {
		for px := box.Min.X; px < box.Max.X; px++ {
			u, v := (float64(px)+0.5-x)/rx, (float64(py)+0.5-y)/ry
			texture := skin.v[py*skin.width+px]
			edge := 1 - math.Hypot(u, v)*(1+0.06*float64(rough)*float64(texture-0.5))
			if edge <= 0 {
				continue
			}
			light := max(0, u*lx+v*ly+math.Sqrt(max(0, 1-u*u-v*v))*lz)
			shine := math.Pow(light, 30) * 0.4 * (1 - float64(rough))
			ink := mix(scale(paint, min(1, (0.3+0.8*light)*float64(1+rough*(texture-0.5)))), RGB(255, 255, 255), shine)
			p.over(px, py, ink, float32(min(1, edge*min(rx, ry))))
		}
	}
}

// stones lie beside and over each other: gravel, or a wall.
func (p *photo) stones() {
	palette := append(slices.Clone(earths), RGB(128, 128, 130), RGB(168, 166, 160), RGB(96, 98, 104))
	size := p.scale(2, 12) * p.unit
	p.cover(p.noise(p.w, p.h, size, size, 4, 0.6), ramp(RGB(20, 19, 18), RGB(70, 64, 56)))
	size = max(size, math.Sqrt(float64(p.w)*float64(p.h)/4000))
	for y := -size; y < float64(p.h)+size; y += size * 0.8 {
		for x := -size; x < float64(p.w)+size; x += size * 0.95 {
			p.stone(x+p.between(-0.3, 0.3)*size, y+p.between(-0.3, 0.3)*size, size*p.between(0.4, 0.75), scale(p.near(palette...), p.between(0.5, 1)))
		}
	}
	p.roughen(p.noise(p.w, p.h, 2*size, 2*size, 8, 0.8), 0.5)
}

func (p *photo) stone(x, y, r float64, paint color.RGBA) {
	const corners = 9
	outline := make([]Point, corners)
	turn := p.between(0, 6)
	for i := range outline {
		s, c := math.Sincos(turn + 2*math.Pi*float64(i)/corners)
		k := r * p.between(0.75, 1.1)
		outline[i] = Point{x + k*c*1.15, y + k*s*0.85}
	}
	p.fill(shift(path{outline}, r*0.1, r*0.14), scale(paint, 0.35))
	p.fill(path{outline}, paint)
	lit := matrix{0.72, 0, x*0.28 - r*0.08, 0, 0.72, y*0.28 - r*0.1}
	p.fill(lit.of(path{outline}), mix(paint, RGB(250, 248, 240), 0.12))
}

// wood is boards with grain, along or across.
func (p *photo) wood() {
	dark := pick(p.dice, earths)
	p.boards(0, p.h, ramp(scale(dark, 0.4), scale(p.near(dark), 0.8), p.near(dark), mix(dark, RGB(250, 236, 210), 0.4)))
}

// boards fill the rows from one to another.
func (p *photo) boards(from, to int, table *[256]color.RGBA) {
	h := to - from
	grain := p.noise(p.w, h, 60*p.unit, 1.2*p.unit, 6, 0.7)
	fine := p.noise(p.w, h, 10*p.unit, 0.3*p.unit, 3, 0.8)
	board := max(3, int(p.between(6, 20)*p.unit))
	for y := from; y < to; y++ {
		tone := float32((y/board*7919)%17)/17*0.3 - 0.15
		gap := float32(1)
		if y%board < max(1, board/30) {
			gap = 0.35
		}
		own := grain.row((y + y/board*board*3) % h)
		for x, v := range fine.row(y - from) {
			p.set(x, y, look(table, 0.65*own[x]+0.35*v+tone))
			if gap < 1 {
				p.dim(x, y, gap)
			}
		}
	}
}

// sea lies under a sky. Waves grow towards the viewer.
func (p *photo) sea() {
	horizon := int(p.between(0.3, 0.6) * float64(p.h))
	p.heaven(horizon)
	deep := p.near(RGB(28, 62, 88), RGB(40, 84, 96), RGB(64, 78, 92), RGB(80, 60, 70))
	table := ramp(scale(deep, 0.6), deep, mix(deep, RGB(200, 214, 220), 0.4), RGB(236, 236, 230))
	waves := p.noise(p.w, p.h, 8*p.unit, 2*p.unit, 7, 0.65)
	low := p.RGBAAt(p.w/2, max(0, horizon-1))
	for y := horizon; y < p.h; y++ {
		nearness := float64(y-horizon+1) / float64(p.h-horizon)
		row := waves.row(min(p.h-1, int(math.Log1p(nearness*12)/math.Log(13)*float64(p.h-1))))
		for x := range p.w {
			at := float64(p.w)/2 + (float64(x)-float64(p.w)/2)/(0.35+0.65*nearness)
			v := row[int(math.Abs(at))%p.w]
			p.set(x, y, look(table, v*v*1.3))
			p.over(x, y, low, float32(0.6*(1-nearness)*(1-nearness)))
		}
	}
}

// table holds balls before a wall that is out of focus.
func (p *photo) table() {
	far := p.small(8)
	wall := far.near(append(skies, earths...)...)
	far.cover(far.noise(far.w, far.h, 40*far.unit, 40*far.unit, 4, 0.5), ramp(scale(wall, 0.5), wall, mix(wall, RGB(250, 246, 236), 0.5)))
	far.soften(max(1, 2*far.unit))
	p.enlarge(far)
	edge := int(p.between(0.45, 0.7) * float64(p.h))
	dark := p.near(earths...)
	p.boards(edge, p.h, ramp(scale(dark, 0.45), dark, mix(dark, RGB(250, 236, 210), 0.35)))
	skin := p.noise(p.w, p.h, 6*p.unit, 6*p.unit, 7, 0.7)
	for range 2 + p.IntN(5) {
		r := p.between(5, 15) * p.unit
		x, y := p.between(0.05, 0.95)*float64(p.w), float64(edge)+p.between(-0.3, 0.8)*float64(p.h-edge)
		for k := 8; k > 0; k-- {
			t := float64(k) / 8
			p.fill(path{ellipse(x+0.2*r, y+0.85*r, r*(0.8+0.5*t), r*(0.15+0.15*t))}, color.NRGBA{0, 0, 0, 22})
		}
		p.body(x, y, r*p.between(0.8, 1.1), r, p.near(brights...), skin, float32(p.between(0.05, 0.5)))
	}
}
