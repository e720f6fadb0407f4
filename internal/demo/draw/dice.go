package draw

import (
	"image/color"
	"math"
	"math/rand/v2"
)

// dice are the chances of one part of a picture. Each part has its own, so that another sign leaves the ground as it was.
//
// Here and in what streets, signs and things are drawn by, products that are added to something are converted: some processors would
// round them only once with the sum, and a seed would give other pixels there.
type dice struct{ *rand.Rand }

func newDice(seed, part uint64) dice { return dice{rand.New(rand.NewPCG(seed, part))} }

func (d dice) between(low, high float64) float64 { return low + float64(d.Float64()*(high-low)) }

// scale is between low and high, each doubling as likely as another.
func (d dice) scale(low, high float64) float64 { return low * math.Pow(high/low, d.Float64()) }

func (d dice) chance(p float64) bool { return d.Float64() < p }

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// jitter is a colour near c.
func (d dice) jitter(c color.RGBA, most int) color.RGBA {
	near := func(v uint8) uint8 { return clamp(float64(int(v) + d.IntN(2*most+1) - most)) }
	return RGB(near(c.R), near(c.G), near(c.B))
}

// anyColour is near a named colour or a wall's, or any at all.
func (d dice) anyColour() color.RGBA {
	if d.chance(0.5) {
		return d.jitter(pick(d, surfaces).RGBA, 24)
	}
	return RGB(uint8(d.IntN(256)), uint8(d.IntN(256)), uint8(d.IntN(256)))
}

// contrast is a ground and a colour to write on it, so different in brightness.
func (d dice) contrast(least float64, ground, ink func() color.RGBA) (color.RGBA, color.RGBA) {
	for {
		a, b := ground(), ink()
		if math.Abs(luma(a)-luma(b)) > least {
			return a, b
		}
	}
}
