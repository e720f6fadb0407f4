// Package draw draws pictures as the demo checkpoint's training does, and says what is true of each: streets, plain grounds and
// grounds like photographs; a sign with any text; small things in eight colours. All comes from a seed and from what the caller
// asks for. NewScene draws the streets that accuracy is measured on.
package draw

import (
	"fmt"
	"image"
	"slices"
)

// Ground is what a picture is of, besides its sign and things.
type Ground string

// Grounds.
const (
	StreetGround Ground = "street"
	PlainGround  Ground = "plain" // blends, stripes and shapes
	PhotoGround  Ground = "photo" // rather like a photograph, see Photos
)

// Light is the time of a street.
type Light string

// Lights.
const (
	Day   Light = "day"
	Night Light = "night"
)

// StreetOptions are what a street is to be. The dice choose what is left empty.
type StreetOptions struct {
	Light       Light
	Awning, Car string // of Colours
}

// Options are what a picture is to be. The dice choose a ground, a street's facts, a kind of photograph and a camera that are
// left empty; there are no signs and things but those that are listed, each of which may be empty for the dice to choose.
type Options struct {
	Width, Height int // 2400 × 1600 where both are 0
	Ground        Ground
	Street        StreetOptions
	Photo         string // of Photos
	Signs         []SignOptions
	Things        []ThingOptions
	Camera        *Camera // nil: as in training. An empty one leaves the picture as it is drawn
}

// Picture is drawn, with what is true of it. Places are pixels.
type Picture struct {
	Street *Street // nil: no street
	Signs  []Sign
	Things []Thing

	canvas Canvas
}

// Image is the picture, opaque.
func (p *Picture) Image() *image.RGBA { return p.canvas.RGBA }

// Bounds of sides that New draws.
const (
	leastSide, largestSide = 16, 30_000
	largestArea            = 100_000_000
)

// The parts of a picture that have dice of their own.
const (
	partGround = 1 + iota
	partSigns
	partThings
	partCamera
	partChoice
)

// New draws the picture of a seed. It fails where what is asked for cannot be: a name that is unknown, a letter that the font
// lacks, a sign that does not fit.
func New(seed uint64, o Options) (*Picture, error) {
	if o.Width == 0 && o.Height == 0 {
		o.Width, o.Height = Width, Height
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("draw: %w", err)
	}
	p := &Picture{canvas: NewCanvas(o.Width, o.Height)}
	p.ground(seed, o)
	top, bottom := 0.0, 1.0
	if p.Street != nil {
		top, bottom = 0.08, 0.78
	}
	for i, wanted := range o.Signs {
		sign, err := p.canvas.hang(newDice(seed, uint64(partSigns+i<<8)), wanted, p.Signs, top, bottom)
		if err != nil {
			return nil, fmt.Errorf("draw: sign %d: %w", i+1, err)
		}
		p.Signs = append(p.Signs, sign)
	}
	var err error
	if p.Things, err = p.canvas.put(newDice(seed, partThings), o.Things, p.Signs); err != nil {
		return nil, fmt.Errorf("draw: things: %w", err)
	}
	d := newDice(seed, partCamera)
	camera := anyCamera(d)
	if o.Camera != nil {
		camera = *o.Camera
	}
	if err := camera.take(p.canvas, d); err != nil {
		return nil, fmt.Errorf("draw: camera: %w", err)
	}
	return p, nil
}

func (p *Picture) ground(seed uint64, o Options) {
	d := newDice(seed, partGround)
	choice := newDice(seed, partChoice)
	ground, photo := pick(choice, []Ground{
		StreetGround, StreetGround, StreetGround, StreetGround, StreetGround, PhotoGround, PhotoGround, PhotoGround, PhotoGround, PlainGround,
	}), pick(choice, Photos())
	switch {
	case o.Ground != "":
		ground = o.Ground
	case o.Street != StreetOptions{}:
		ground = StreetGround
	case o.Photo != "":
		ground = PhotoGround
	}
	if o.Photo != "" {
		photo = o.Photo
	}
	switch ground {
	case StreetGround:
		street := paintStreet(p.canvas, d, o.Street)
		p.Street = &street
	case PlainGround:
		paintPlain(p.canvas, d)
	default:
		paintPhoto(p.canvas, d, photo)
	}
}

func (o Options) check() error {
	one := func(what, name string, of []string) error {
		if name != "" && !slices.Contains(of, name) {
			return fmt.Errorf("unknown %s %q, expected one of %q", what, name, of)
		}
		return nil
	}
	if o.Width < leastSide || o.Height < leastSide || o.Width > largestSide || o.Height > largestSide || o.Width*o.Height > largestArea {
		return fmt.Errorf("%d × %d pixels, expected sides of %d to %d and at most %d in all", o.Width, o.Height, leastSide, largestSide, largestArea)
	}
	if c := o.Camera; c != nil && !(0 <= c.Blur && c.Blur <= 100 && 0 <= c.Grain && c.Grain <= 255 && 0 <= c.JPEG && c.JPEG <= 100) {
		return fmt.Errorf("camera %+v, expected blur and JPEG from 0 to 100 and grain from 0 to 255", *c)
	}
	for _, err := range []error{
		one("ground", string(o.Ground), []string{string(StreetGround), string(PlainGround), string(PhotoGround)}),
		one("light", string(o.Street.Light), []string{string(Day), string(Night)}),
		one("awning", o.Street.Awning, Colours()),
		one("car", o.Street.Car, Colours()),
		one("photo", o.Photo, Photos()),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}
