package draw

import (
	"fmt"
	"slices"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomediumitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/gomonobolditalic"
	"golang.org/x/image/font/gofont/gomonoitalic"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/gofont/gosmallcapsitalic"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// typeface is a font with its measures, of which all are multiples of the height of its capitals.
type typeface struct {
	name string
	load func() (*lettering, error)
}

func face(name string, data []byte) typeface {
	return typeface{name, sync.OnceValues(func() (*lettering, error) { return newLettering(data) })}
}

var typefaces = []typeface{
	face("bold", gobold.TTF), face("bold italic", gobolditalic.TTF),
	face("regular", goregular.TTF), face("italic", goitalic.TTF),
	face("medium", gomedium.TTF), face("medium italic", gomediumitalic.TTF),
	face("mono", gomono.TTF), face("mono italic", gomonoitalic.TTF),
	face("mono bold", gomonobold.TTF), face("mono bold italic", gomonobolditalic.TTF),
	face("smallcaps", gosmallcaps.TTF), face("smallcaps italic", gosmallcapsitalic.TTF),
}

// Fonts are the names of the fonts that a sign can have.
func Fonts() []string {
	var names []string
	for _, f := range typefaces {
		names = append(names, f.name)
	}
	return names
}

func loadFont(name string) (*lettering, error) {
	i := slices.IndexFunc(typefaces, func(f typeface) bool { return f.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown font %q, expected one of %q", name, Fonts())
	}
	return typefaces[i].load()
}

type lettering struct {
	font *sfnt.Font
	caps float64 // height of a capital in the font's units
	low  float64 // height of an x over that of a capital
}

func newLettering(data []byte) (*lettering, error) {
	f, err := sfnt.Parse(data)
	if err != nil {
		return nil, err
	}
	l := &lettering{font: f, caps: 1}
	height := func(letter rune) float64 {
		glyphs, e := l.line(string(letter), 0)
		if e != nil {
			err = e
			return 1
		}
		_, top, _, _ := glyphs[0].outline.bounds()
		return -top
	}
	l.caps = height('H')
	l.low = height('x')
	return l, err
}

// glyph is a letter of a line that begins at 0 and stands on 0. Lengths are in heights of a capital.
type glyph struct {
	letter  rune
	outline path
	middle  float64 // of its width
}

// line sets a line, with space added between letters, and fails for a letter that the font lacks.
func (l *lettering) line(text string, space float64) ([]glyph, error) {
	var b sfnt.Buffer
	units := fixed.I(int(l.font.UnitsPerEm()))
	unit := 1 / (64 * l.caps)
	var all []glyph
	x, before := 0.0, sfnt.GlyphIndex(0)
	for _, letter := range text {
		index, err := l.font.GlyphIndex(&b, letter)
		if err != nil {
			return nil, err
		}
		if index == 0 {
			return nil, fmt.Errorf("the font has no letter %q", letter)
		}
		if kern, err := l.font.Kern(&b, before, index, units, font.HintingNone); err == nil && before != 0 && space == 0 {
			x += float64(float64(kern) * unit)
		}
		advance, err := l.font.GlyphAdvance(&b, index, units, font.HintingNone)
		if err != nil {
			return nil, err
		}
		segments, err := l.font.LoadGlyph(&b, index, units, nil)
		if err != nil {
			return nil, err
		}
		width := float64(advance) * unit
		all = append(all, glyph{letter, shift(flatten(segments, unit), x, 0), x + width/2})
		x, before = x+width+space, index
	}
	return all, nil
}

// length is that of a line with the space after its last letter.
func (l *lettering) length(text string, space float64) (float64, error) {
	glyphs, err := l.line(text+" ", space)
	if err != nil {
		return 0, err
	}
	blank, err := l.line(" ", 0)
	if err != nil {
		return 0, err
	}
	return glyphs[len(glyphs)-1].middle - blank[0].middle, nil
}

// flatten turns curves into short straight pieces.
func flatten(segments sfnt.Segments, unit float64) (out path) {
	at := func(p fixed.Point26_6) Point { return Point{float64(p.X) * unit, float64(p.Y) * unit} }
	add := func(p Point) { out[len(out)-1] = append(out[len(out)-1], p) }
	var last Point
	for _, s := range segments {
		a := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			out = append(out, nil)
			add(a)
			last = a
		case sfnt.SegmentOpLineTo:
			add(a)
			last = a
		default: // the fonts have quadratic curves alone
			const pieces = 6
			b := at(s.Args[1])
			for i := 1; i <= pieces; i++ {
				t := float64(i) / pieces
				u := 1 - t
				add(Point{float64(u*u*last.X) + float64(2*u*t*a.X) + float64(t*t*b.X), float64(u*u*last.Y) + float64(2*u*t*a.Y) + float64(t*t*b.Y)})
			}
			last = b
		}
	}
	return out
}
