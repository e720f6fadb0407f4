package draw

import (
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"golang.org/x/image/font"
)

// Width and Height are those of a scene, as in the demo's evaluation.
const (
	Width, Height = 2400, 1600

	leastCaps, largestCaps = 24, 44 // height of the sign's capitals
)

var sceneShops = strings.Split("bakery,pharmacy,florist,butcher,barber,bookshop,cafe,bank,hotel,cinema,gallery,optician,dentist,"+
	"clinic,laundry,tailor,jeweller,grocer,museum,library,theatre,gym,yoga studio,pizzeria,sushi bar,burger bar,toy shop,"+
	"pet shop,shoe shop,music shop,garage,school", ",")

// NewScene draws the street of a seed that accuracy is measured on: 2400 × 1600 pixels, and over it a board in Go Bold with
// the name of a shop, in capitals of 24 to 44 pixels.
func NewScene(seed uint64) (*Picture, error) {
	c, d := NewCanvas(Width, Height), newDice(seed, 0)
	street := paintStreet(c, d, StreetOptions{})
	shop := pick(d, sceneShops)
	write := func(face font.Face, x, y float64, text string, ink color.RGBA) error {
		c.Text(face, x, y, text, ink)
		return nil
	}
	sign, err := hangBoard(c, d, shop, d.between(leastCaps, largestCaps), write, func(*Sign) bool { return true })
	if err != nil {
		return nil, err
	}
	addGrain(c, d, pick(d, []float64{0, 0, 2, 4, 7}))
	return &Picture{canvas: c, Street: &street, Signs: []Sign{sign}}, nil
}

// SceneShops are the shops that the boards of scenes tell.
func SceneShops() []string { return slices.Clone(sceneShops) }

// ErrNoPlace says that a board fits nowhere that was tried.
var ErrNoPlace = errors.New("no place is fit for it")

// SceneOptions are what a scene of any size is to be.
type SceneOptions struct {
	Width, Height int
	Shop          string  // of SceneShops
	Caps          float64 // height of the board's capitals in pixels
	Grain         float64 // deviation of grey noise
	Things        []ThingOptions
	// Fits says whether the board may hang at a place of the street; nil is anywhere.
	Fits func(*Street, *Sign) bool
}

// NewSceneOf draws a street and a board as NewScene does, at another size and with what is asked for; its pixels are the same on every
// processor, which those of NewScene's letters are not to the last bit. It fails with ErrNoPlace where no
// place fits, and with another error where the board is larger than the picture or an option is none.
func NewSceneOf(seed uint64, o SceneOptions) (*Picture, error) {
	if err := (Options{Width: o.Width, Height: o.Height, Camera: &Camera{Grain: o.Grain}}).check(); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	if !slices.Contains(sceneShops, o.Shop) || !(o.Caps > 0) {
		return nil, fmt.Errorf("draw: the shop %q in capitals of %v pixels, expected one of %q and a height above 0", o.Shop, o.Caps, sceneShops)
	}
	c, d := NewCanvas(o.Width, o.Height), newDice(seed, 0)
	street := paintStreet(c, d, StreetOptions{})
	fits := func(s *Sign) bool { return o.Fits == nil || o.Fits(&street, s) }
	write := func(_ font.Face, x, y float64, text string, ink color.RGBA) error {
		return c.write(x, y, o.Caps, text, ink)
	}
	sign, err := hangBoard(c, d, o.Shop, o.Caps, write, fits)
	if err != nil {
		return nil, err
	}
	p := &Picture{canvas: c, Street: &street, Signs: []Sign{sign}}
	if p.Things, err = c.put(newDice(seed, partThings), o.Things, p.Signs); err != nil {
		return nil, fmt.Errorf("draw: things: %w", err)
	}
	addGrain(c, newDice(seed, partCamera), o.Grain)
	return p, nil
}

// SceneQuestions are those that the demo's evaluation asks about a scene, with the answers that are right where its sign can
// be read.
func SceneQuestions(p *Picture) []Answer {
	sign := &p.Signs[0]
	return []Answer{
		{Kind: "shop", Question: "what shop is this", Answer: sign.tellsShop()},
		{Kind: "sign", Question: "what does the sign say?", Answer: sign.says()},
		{Kind: "day", Question: "is it day or night?", Answer: p.Street.tellsTime()},
		{Kind: "awning", Question: "what colour is the awning?", Answer: p.Street.tellsAwning()},
		{Kind: "car", Question: "what colour is the car?", Answer: p.Street.tellsCar()},
	}
}

// writer writes a line with its middle at x, standing on y.
type writer func(face font.Face, x, y float64, text string, ink color.RGBA) error

// write writes a line in Go Bold with its middle at x, standing on y. Text has a library round the letters' curves as the processor can.
func (c Canvas) write(x, y, caps float64, text string, ink color.RGBA) error {
	bold, err := loadFont("bold")
	if err != nil {
		return err
	}
	glyphs, err := bold.line(text, 0)
	if err != nil {
		return err
	}
	length, err := bold.length(text, 0)
	if err != nil {
		return err
	}
	at := matrix{XX: caps, X: x - float64(caps*length/2), YY: caps, Y: y}
	for _, g := range glyphs {
		c.fill(at.of(g.outline), ink)
	}
	return nil
}

// hangBoard hangs a board with a shop in one or two lines, framed or not, where it is fit to hang.
func hangBoard(c Canvas, d dice, shop string, caps float64, write writer, fits func(*Sign) bool) (Sign, error) {
	face, err := BoldFace(caps)
	if err != nil {
		return Sign{}, err
	}
	defer func() { _ = face.Close() }()
	width, height := float64(c.Bounds().Dx()), float64(c.Bounds().Dy())
	lines := []string{strings.ToUpper(shop)}
	if d.chance(0.4) {
		lines = strings.Fields(lines[0])
	}
	longest := 0.0
	for _, line := range lines {
		longest = max(longest, Length(face, line))
	}
	gap, padX, padY := caps*d.between(1.5, 1.8), caps*d.between(0.4, 1.2), caps*d.between(0.35, 0.9)
	w, h := longest+float64(2*padX), caps+float64(gap*float64(len(lines)-1))+float64(2*padY)
	if w > 0.98*width || h > 0.62*height {
		return Sign{}, fmt.Errorf("draw: %q in capitals of %.1f pixels: %w", shop, caps, ErrTooLarge)
	}
	var x, y float64
	var sign Sign
	const tries = 200
	for try := 0; ; try++ {
		if try == tries {
			return Sign{}, fmt.Errorf("draw: %q in capitals of %.1f pixels: %w", shop, caps, ErrNoPlace)
		}
		x, y = d.between(0.01*width, float64(0.99*width)-w), d.between(0.12*height, float64(0.74*height)-h)
		sign = Sign{Text: strings.ToUpper(shop), Shop: shop, Caps: caps, Box: c.around(x, y, x+w, y+h)}
		for i, line := range lines {
			base, left := y+padY+caps+float64(gap*float64(i)), x+w/2-Length(face, line)/2
			for k, letter := range line {
				if letter != ' ' {
					middle := left + (Length(face, line[:k])+Length(face, line[:k+1]))/2
					sign.Letters = append(sign.Letters, Letter{middle, base - caps/2, letter})
				}
			}
		}
		if fits(&sign) {
			break
		}
	}
	back, ink := d.contrast(85, func() color.RGBA { return d.jitter(pick(d, surfaces).RGBA, 24) },
		func() color.RGBA { return d.jitter(pick(d, colours).RGBA, 24) })
	c.Box(x, y, x+w, y+h, back)
	if d.chance(0.5) {
		margin, line := caps*0.12, max(1, caps*0.06)
		c.Box(x+margin, y+margin, x+w-margin, y+h-margin, ink)
		c.Box(x+margin+line, y+margin+line, x+w-margin-line, y+h-margin-line, back)
	}
	for i, line := range lines {
		if err := write(face, x+w/2, y+padY+caps+float64(gap*float64(i)), line, ink); err != nil {
			return Sign{}, err
		}
	}
	return sign, nil
}
