// Package scenes draws a benchmark of streets in the layout of V* Bench: pictures about each of which something is asked that is easy or
// hard to see, with what is right. All is decided by a seed. What can be seen is meant for an encoder as the demo checkpoint's.
package scenes

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/demo/draw"
)

// The parts of a set, which are folders, and the categories of questions with options. They are called as V*'s.
const (
	OCR              = "OCR"
	DirectAttributes = "direct_attributes"
	RelativePosition = "relative_position"
	Hard             = "GPT4V-hard"
)

// Parts are the parts of a set, in the order in which its scenes take turns.
func Parts() []string { return []string{OCR, DirectAttributes, RelativePosition, Hard} }

// The categories of questions with free answers.
const (
	Sign     = "sign"      // about the pictures of OCR
	HardSign = "sign-hard" // about those of Hard
	Whole    = "whole"     // of which the answer is seen in a whole picture of one crop's size
)

// Most is the largest number of scenes in a set.
const Most = 100_000

// Options are what a set is to be.
type Options struct {
	N      int    // of scenes
	Seed   uint64 // of everything
	Things bool   // ask about small things too
}

// Check returns an error that names the option which no set can be drawn with.
func (o Options) Check() error {
	if o.N < 1 || o.N > Most {
		return fmt.Errorf("n is %d, expected 1 to %d", o.N, Most)
	}
	return nil
}

// Scene is a picture and what is asked about it.
type Scene struct {
	Part, Name string // its folder, and its name there without a suffix
	JPEG       bool   // how it is written, else as PNG
	Picture    *draw.Picture
	Truth      dataset.SceneFile       // the question with options
	Questions  []dataset.SceneQuestion // that one first, then those with free answers
}

// ID is that of the question with options, such as "OCR/0007".
func (s *Scene) ID() string { return s.Part + "/" + s.Name }

// Image is the path of the picture below the set's folder.
func (s *Scene) Image() string {
	if s.JPEG {
		return s.ID() + ".jpg"
	}
	return s.ID() + ".png"
}

// attempts is how often a scene is drawn until it is fit.
const attempts = 100

// New draws scene i of a set, from 0. It is the same in a longer set of the same seed.
func New(o Options, i int) (*Scene, error) {
	parts := Parts()
	p := plan{part: parts[i%len(parts)], number: i / len(parts), things: o.Things}
	for attempt := range uint64(attempts) {
		p.dice = dice{rand.New(rand.NewPCG(o.Seed, uint64(i)<<8|attempt))}
		s, err := p.draw()
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errUnfit) && !errors.Is(err, draw.ErrNoPlace) && !errors.Is(err, draw.ErrTooLarge) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("scene %d of seed %d: no picture is fit in %d attempts", i, o.Seed, attempts)
}
