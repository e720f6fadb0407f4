package draw

import (
	"errors"
	"fmt"
	"image"
	"math"
	"strings"
)

// SignOptions are what a sign is to be. The dice choose what is left empty.
type SignOptions struct {
	Text     string       // any words of one or two lines; truth and answers have them in capitals
	Shop     string       // what shop it tells; empty: what its words tell, see ShopOf
	Font     string       // one of Fonts
	Case     Case         // of the letters
	Lines    int          // 1 or 2
	Look     Look         // on a board or not
	Caps     float64      // height of the font's capitals in pixels
	At       *image.Point // where its middle is to be; it is moved as far as it must to lie in the picture
	Turn     float64      // degrees clockwise, unless 0
	Straight bool         // neither turned nor sheared
}

// Case is that of a sign's letters.
type Case string

// Cases of letters.
const (
	Upper Case = "upper"
	Title Case = "title"
	Lower Case = "lower"
)

// Look is what a sign's letters stand on.
type Look string

// Looks of signs.
const (
	Board Look = "board"
	Bare  Look = "bare"
)

// Sign is what is true of a sign. Lengths and places are pixels of the picture.
type Sign struct {
	Text    string  // in capitals
	Shop    string  // that it tells, or empty
	Caps    float64 // height of its capitals; without any, somewhat more than that of an x
	Box     image.Rectangle
	Letters []Letter
}

// Letter is one of a sign's, in capitals, and the middle of its place.
type Letter struct {
	X, Y   float64
	Letter rune
}

// Middle is the middle of its box.
func (s *Sign) Middle() (x, y float64) { return middle(s.Box) }

func middle(b image.Rectangle) (x, y float64) {
	return float64(b.Min.X+b.Max.X) / 2, float64(b.Min.Y+b.Max.Y) / 2
}

func (o SignOptions) check() error {
	switch {
	case o.Case != "" && o.Case != Upper && o.Case != Title && o.Case != Lower:
		return fmt.Errorf("unknown case %q, expected upper, title or lower", o.Case)
	case o.Look != "" && o.Look != Board && o.Look != Bare:
		return fmt.Errorf("unknown look %q, expected board or bare", o.Look)
	case o.Lines < 0 || o.Lines > 2:
		return fmt.Errorf("%d lines, expected 1 or 2", o.Lines)
	case o.Caps < 0 || math.IsNaN(o.Caps) || math.IsInf(o.Caps, 0):
		return fmt.Errorf("capitals of %v pixels, expected a height above 0", o.Caps)
	case math.IsNaN(o.Turn) || math.IsInf(o.Turn, 0):
		return fmt.Errorf("turned by %v degrees", o.Turn)
	case o.Lines == 2 && o.Text != "" && len(strings.Fields(o.Text)) < 2:
		return fmt.Errorf("%q has no space to break it at into 2 lines", o.Text)
	}
	return nil
}

// ErrTooLarge is of a sign that the picture cannot hold.
var ErrTooLarge = errors.New("it is larger than the picture")

// leastSign is the height of capitals, in pixels, that a sign without a given one never goes below.
const leastSign = 4

// hang draws a sign clear of others. top and bottom bound its place.
func (c Canvas) hang(d dice, o SignOptions, others []Sign, top, bottom float64) (Sign, error) {
	if err := o.check(); err != nil {
		return Sign{}, err
	}
	free := o.Caps == 0
	if free {
		least := float64(min(c.Bounds().Dx(), c.Bounds().Dy()))
		o.Caps = max(leastSign, d.scale(0.015, 0.05)*least)
	}
	b, err := newBoard(d, o)
	if err != nil {
		return Sign{}, err
	}
	for {
		b.measure()
		if float64(b.width) < 0.99*float64(c.Bounds().Dx()) && float64(b.height) < 0.99*float64(c.Bounds().Dy()) {
			break
		}
		if !free || b.caps*0.8 < leastSign {
			return Sign{}, fmt.Errorf("%q in capitals of %.1f pixels: %w", b.text, b.caps, ErrTooLarge)
		}
		b.caps *= 0.8
	}
	if err := b.place(c, d, o.At, others, top, bottom); err != nil {
		return Sign{}, err
	}
	b.draw(c)
	return b.sign(), nil
}
