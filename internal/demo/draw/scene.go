package draw

import (
	"image/color"
	"strings"
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
	sign, err := hangBoard(c, d, shop, d.between(leastCaps, largestCaps))
	if err != nil {
		return nil, err
	}
	addGrain(c, d, pick(d, []float64{0, 0, 2, 4, 7}))
	return &Picture{canvas: c, Street: &street, Signs: []Sign{sign}}, nil
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

// hangBoard hangs a board with a shop in one or two lines, framed or not.
func hangBoard(c Canvas, d dice, shop string, caps float64) (Sign, error) {
	face, err := BoldFace(caps)
	if err != nil {
		return Sign{}, err
	}
	defer func() { _ = face.Close() }()
	sign := Sign{Text: strings.ToUpper(shop), Shop: shop, Caps: caps}
	lines := []string{sign.Text}
	if d.chance(0.4) {
		lines = strings.Fields(sign.Text)
	}
	longest := 0.0
	for _, line := range lines {
		longest = max(longest, Length(face, line))
	}
	gap, padX, padY := caps*d.between(1.5, 1.8), caps*d.between(0.4, 1.2), caps*d.between(0.35, 0.9)
	w, h := longest+2*padX, caps+gap*float64(len(lines)-1)+2*padY
	x, y := d.between(0.01*Width, 0.99*Width-w), d.between(0.12*Height, 0.74*Height-h)
	back, ink := d.contrast(85, func() color.RGBA { return d.jitter(pick(d, surfaces).RGBA, 24) },
		func() color.RGBA { return d.jitter(pick(d, colours).RGBA, 24) })
	c.Box(x, y, x+w, y+h, back)
	if d.chance(0.5) {
		margin, line := caps*0.12, max(1, caps*0.06)
		c.Box(x+margin, y+margin, x+w-margin, y+h-margin, ink)
		c.Box(x+margin+line, y+margin+line, x+w-margin-line, y+h-margin-line, back)
	}
	sign.Box = c.around(x, y, x+w, y+h)
	for i, line := range lines {
		base := y + padY + caps + gap*float64(i)
		c.Text(face, x+w/2, base, line, ink)
		left := x + w/2 - Length(face, line)/2
		for k, letter := range line {
			if letter != ' ' {
				middle := left + (Length(face, line[:k])+Length(face, line[:k+1]))/2
				sign.Letters = append(sign.Letters, Letter{middle, base - caps/2, letter})
			}
		}
	}
	return sign, nil
}
