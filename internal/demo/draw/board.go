package draw

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"
	"unicode"
)

// board is a sign that is laid out: first with capitals of height 1, then turned and sheared by a matrix.
type board struct {
	text, shop       string
	letters          *lettering
	style            Case
	lines            [][]glyph
	lefts, bases     []float64
	w, h             float64 // before it is turned, in heights of a capital
	caps             float64 // in pixels, before the board is made lower
	turn, lean, tall float64
	back, ink        color.RGBA
	bare             bool
	frame            [2]float64 // distance from the edge and width
	light            [2]float64 // brightness at the left and the right

	m             matrix
	width, height int
}

func newBoard(d dice, o SignOptions) (*board, error) {
	b := &board{text: strings.ToUpper(strings.Join(strings.Fields(o.Text), " ")), shop: o.Shop, caps: o.Caps, style: o.Case, tall: 1}
	for b.text == "" || o.Lines == 2 && !strings.Contains(b.text, " ") {
		b.text = wording(d)
	}
	if b.shop == "" {
		b.shop = ShopOf(b.text)
	}
	name := pick(d, Fonts())
	if o.Font != "" {
		name = o.Font
	}
	style := pick(d, []Case{Upper, Upper, Upper, Upper, Upper, Upper, Title, Title, Title, Lower})
	if b.style == "" {
		b.style = style
	}
	var err error
	if b.letters, err = loadFont(name); err != nil {
		return nil, err
	}
	b.back, b.ink = d.contrast(70, d.anyColour, d.anyColour)
	b.bare = d.chance(0.2)
	if o.Look != "" {
		b.bare = o.Look == Bare
	}
	switch {
	case d.chance(0.3):
		b.frame = [2]float64{0, 0.08}
	case d.chance(0.3):
		b.frame = [2]float64{0.14, 0.06}
	}
	b.light = [2]float64{1, 1}
	if d.chance(0.3) {
		b.light = [2]float64{d.between(0.6, 1), d.between(0.7, 1.1)}
	}
	b.tilt(d, o)
	return b, b.layOut(d, broken(d, b.text, o.Lines))
}

// tilt turns and shears a little.
func (b *board) tilt(d dice, o SignOptions) {
	turn := 0.0
	if d.chance(0.6) {
		turn = 2.2 * d.NormFloat64()
	}
	if d.chance(0.08) {
		turn = d.between(-14, 14)
	}
	if d.chance(0.35) {
		b.lean, b.tall = d.between(-0.18, 0.18), d.between(0.85, 1.15)
	}
	if o.Turn != 0 {
		turn = o.Turn
	}
	if o.Straight {
		turn, b.lean, b.tall = 0, 0, 1
	}
	b.turn = turn * math.Pi / 180
}

// broken is the text in one line or two, as many as wanted unless that is 0.
func broken(d dice, text string, wanted int) []string {
	parts := strings.Split(text, " ")
	two := !d.chance(0.45)
	if wanted != 0 {
		two = wanted == 2
	}
	if len(parts) == 1 || !two {
		return []string{text}
	}
	at := 1 + d.IntN(len(parts)-1)
	return []string{strings.Join(parts[:at], " "), strings.Join(parts[at:], " ")}
}

// layOut sets the lines.
func (b *board) layOut(d dice, lines []string) error {
	space := 0.0
	if d.chance(0.2) {
		space = d.between(0, 0.35)
	}
	gap, padX, padY := d.between(1.45, 2), d.between(0.3, 1.3), d.between(0.3, 1)
	left := d.chance(1.0 / 3)
	longest, lengths := 0.0, make([]float64, len(lines))
	for i, line := range lines {
		shown := b.style.of(line)
		glyphs, err := b.letters.line(shown, space)
		if err != nil {
			return fmt.Errorf("%q: %w", b.text, err)
		}
		if lengths[i], err = b.letters.length(shown, space); err != nil {
			return err
		}
		b.lines, longest = append(b.lines, glyphs), max(longest, lengths[i])
	}
	b.w, b.h = longest+2*padX, 1.25+gap*float64(len(lines)-1)+2*padY
	for i, length := range lengths {
		x := (b.w - length) / 2
		if left {
			x = padX
		}
		b.lefts, b.bases = append(b.lefts, x), append(b.bases, padY+1.02+gap*float64(i))
	}
	return nil
}

// of is a text in capitals in this case.
func (c Case) of(text string) string {
	switch c {
	case Lower:
		return strings.ToLower(text)
	case Title:
		before := ' '
		return strings.Map(func(r rune) rune {
			first := !unicode.IsLetter(before)
			if before = r; first {
				return r
			}
			return unicode.ToLower(r)
		}, text)
	default:
		return text
	}
}

// measure finds the matrix from heights of a capital to pixels, without the place, and the size of the box.
func (b *board) measure() {
	k := b.caps / min(1, b.tall) // the height of capitals is that after the board is made lower
	s, c := math.Sincos(b.turn)
	narrow, low := 1/max(1, b.tall), min(1, b.tall)
	b.m = matrix{
		XX: k * (c*narrow - s*b.lean), XY: -k * s * low,
		YX: k * (s*narrow + c*b.lean), YY: k * c * low,
	}
	x0, y0, x1, y1 := b.m.of(path{rectangle(0, 0, b.w, b.h)}).bounds()
	b.m.X, b.m.Y = -x0, -y0
	b.width, b.height = int(math.Ceil(x1-x0)), int(math.Ceil(y1-y0))
}

// place moves the matrix to a place clear of others.
func (b *board) place(c Canvas, d dice, at *image.Point, others []Sign, top, bottom float64) error {
	w, h := c.Bounds().Dx()-b.width, c.Bounds().Dy()-b.height
	const tries = 200
	for range tries {
		low := top * float64(c.Bounds().Dy())
		x, y := d.IntN(w+1), int(d.between(low, max(low, bottom*float64(c.Bounds().Dy())-float64(b.height))))
		if at != nil {
			x, y = at.X-b.width/2, at.Y-b.height/2
		}
		x, y = max(0, min(w, x)), max(0, min(h, y))
		clear := true
		for _, other := range others {
			clear = clear && !other.Box.Overlaps(image.Rect(x, y, x+b.width, y+b.height))
		}
		if clear {
			b.m.X, b.m.Y = b.m.X+float64(x), b.m.Y+float64(y)
			return nil
		}
	}
	return fmt.Errorf("no place for %q that is clear of other signs", b.text)
}

// sign is the truth.
func (b *board) sign() Sign {
	s := Sign{Text: b.text, Shop: b.shop, Caps: b.caps}
	if b.style != Upper {
		s.Caps *= b.letters.low * 1.22
	}
	x0, y0, _, _ := b.m.of(path{rectangle(0, 0, b.w, b.h)}).bounds()
	corner := image.Pt(int(math.Round(x0)), int(math.Round(y0)))
	s.Box = image.Rectangle{corner, corner.Add(image.Pt(b.width, b.height))}
	for i, line := range b.lines {
		for _, g := range line {
			if g.letter != ' ' {
				p := b.m.at(b.lefts[i]+g.middle, b.bases[i]-0.45)
				s.Letters = append(s.Letters, Letter{p.X, p.Y, unicode.ToUpper(g.letter)})
			}
		}
	}
	return s
}

// draw paints board, frame and letters. Letters without a board have an outline of the board's colour.
func (b *board) draw(c Canvas) {
	edge := func(m float64) []Point { return rectangle(m, m, b.w-m, b.h-m) }
	whole := b.m.of(path{edge(0)})
	if !b.bare {
		c.fill(whole, b.back)
		if at, width := b.frame[0], b.frame[1]; width > 0 {
			c.fill(b.m.of(ring(edge(at), edge(at+max(width, 1/b.caps)))), b.ink)
		}
	}
	for i, line := range b.lines {
		for _, g := range line {
			p := b.m.of(shift(g.outline, b.lefts[i], b.bases[i]))
			if b.bare {
				const around = 12
				for k := range around {
					s, co := math.Sincos(2 * math.Pi * float64(k) / around)
					r := max(1, 0.12*b.caps)
					c.fill(shift(p, r*co, r*s), b.back)
				}
			}
		}
		for _, g := range line {
			c.fill(b.m.of(shift(g.outline, b.lefts[i], b.bases[i])), b.ink)
		}
	}
	if !b.bare && b.light != [2]float64{1, 1} {
		c.shade(whole, b.light[0], b.light[1])
	}
}

// shade multiplies brightness inside a path, from the left to the right of its box.
func (c Canvas) shade(p path, left, right float64) {
	mask := c.mask(p)
	for y := mask.Rect.Min.Y; y < mask.Rect.Max.Y; y++ {
		for x := mask.Rect.Min.X; x < mask.Rect.Max.X; x++ {
			t := left + (right-left)*float64(x-mask.Rect.Min.X)/float64(mask.Rect.Dx())
			t = 1 + (t-1)*float64(mask.AlphaAt(x, y).A)/255
			for i, v := range c.Pix[c.PixOffset(x, y):][:3] {
				c.Pix[c.PixOffset(x, y)+i] = clamp(t * float64(v))
			}
		}
	}
}
