package scenes

import (
	"errors"
	"fmt"
	"image"
	"math/rand/v2"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/demo/draw"
)

const (
	side        = 96  // of the pictures that the encoder takes for which the sizes of signs and things are meant
	coarseCrops = 25  // at which signs are legible that are easy to find,
	fineCrops   = 100 // most of the others,
	finestCrops = 200 // and no hopeless ones
)

// level is how hard a sign is to read.
type level struct {
	crops, not     int     // numbers of crops at which it is legible, and at which it is not
	unclear        bool    // at the latter it may be unclear whether it is
	least, largest float64 // height of capitals, as shares of the least that is legible in the first of the crops
}

// hopeless is the number of crops at which a sign is legible that is not.
const hopeless = -1

var (
	coarse  = level{crops: coarseCrops, not: 0, least: 1.05, largest: 1.6}
	fine    = level{crops: fineCrops, not: 0, least: 1.05, largest: 1.5}
	finest  = level{crops: finestCrops, not: fineCrops, unclear: true, least: 1.02, largest: 1.25}
	never   = level{crops: hopeless, not: finestCrops, least: 0.2, largest: 0.6}
	ofOCR   = []level{fine, coarse, fine, coarse, fine}
	ofHard  = []level{fine, fine, never, fine, fine, fine, never, fine, finest, fine}
	ofOther = []level{fine, coarse}
)

// caps is a height of capitals in a picture of a size.
func (l level) caps(d dice, size image.Point) (float64, error) {
	pixels, err := cropSide(size, max(l.crops, l.not))
	return draw.LegibleCaps * pixels / side * d.between(l.least, l.largest), err
}

// fits says whether a sign is as hard to read as the level. Of large capitals a small crop may have too few.
func (l level) fits(s *draw.Sign, size image.Point) bool {
	if l.crops != hopeless && (verdict(s, size, l.crops) != draw.Yes || verdict(s, size, max(l.crops, fineCrops)) != draw.Yes) {
		return false
	}
	before := verdict(s, size, l.not)
	return before == draw.No || l.unclear && before == draw.Unclear
}

func verdict(s *draw.Sign, size image.Point, crops int) draw.Verdict {
	boxes, err := view(size, crops)
	if err != nil {
		return draw.Unclear
	}
	return draw.Legible(s, boxes, side)
}

// view is a picture as it is seen in at most so many crops.
func view(size image.Point, crops int) ([]image.Rectangle, error) {
	g, err := crop.NewGrid(size.X, size.Y, side, crops)
	return g.Boxes, err
}

// cropSide is the side of a crop in pixels of the picture.
func cropSide(size image.Point, crops int) (float64, error) {
	g, err := crop.NewGrid(size.X, size.Y, side, crops)
	return float64(g.Size), err
}

// dice are the chances of one scene.
type dice struct{ *rand.Rand }

func (d dice) between(low, high float64) float64 { return low + float64(d.Float64()*(high-low)) }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// plan is a scene that is to be drawn.
type plan struct {
	part   string
	number int // within the part
	things bool
	dice   dice
}

// level is that of the scene's sign: they take turns.
func (p *plan) level() level {
	of := ofOther
	switch p.part {
	case OCR:
		of = ofOCR
	case Hard:
		of = ofHard
	}
	return of[p.number%len(of)]
}

// sizes of pictures.
var sizes = []image.Point{
	{800, 600}, {1024, 768}, {1600, 1200}, {1920, 1080}, {2400, 1600}, {2400, 1600}, {3000, 2000}, {4000, 3000}, {1200, 1600}, {1600, 2400},
}

const (
	jpegEvery = 4 // of a part's pictures, one is a JPEG
	jpegGrain = 2
)

// errUnfit says that a picture has not what is asked about.
var errUnfit = errors.New("the picture is not fit for its question")

// draw draws the scene. It fails with errUnfit, draw.ErrNoPlace or draw.ErrTooLarge where other chances may do better.
func (p *plan) draw() (*Scene, error) {
	size, l := pick(p.dice, sizes), p.level()
	caps, err := l.caps(p.dice, size)
	if err != nil {
		return nil, err
	}
	s := &Scene{Part: p.part, Name: fmt.Sprintf("%04d", p.number), JPEG: p.number%jpegEvery == jpegEvery-1}
	o := draw.SceneOptions{Width: size.X, Height: size.Y, Shop: pick(p.dice, draw.SceneShops()), Caps: caps}
	if s.JPEG {
		o.Grain = jpegGrain
	}
	if p.things {
		pixels, err := cropSide(size, fineCrops)
		if err != nil {
			return nil, err
		}
		o.Things = []draw.ThingOptions{{Size: draw.SeenSize * pixels / side * p.dice.between(1.1, 1.5)}}
	}
	o.Fits = func(street *draw.Street, sign *draw.Sign) bool {
		return !sign.Box.Overlaps(street.AwningBox) && !sign.Box.Overlaps(street.CarBox) && l.fits(sign, size) &&
			(p.part != RelativePosition || sideOf(street, sign, size.X) == p.wanted())
	}
	if s.Picture, err = draw.NewSceneOf(p.dice.Uint64(), o); err != nil {
		return nil, err
	}
	question, ok := p.ask(s.Picture)
	if !ok {
		return nil, errUnfit
	}
	s.fill(question, pick(p.dice, []string{"day", "awning", "car"}))
	return s, nil
}
