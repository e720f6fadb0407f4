package mcllava

import (
	"context"
	"image"
	"slices"
	"time"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/encoder"
)

// cut is a picture's crops, one byte a value until the encoder wants them.
type cut struct {
	upright *image.RGBA
	boxes   []image.Rectangle
	size    int     // S, pixels a side
	pixels  []uint8 // [boxes, 3·S·S]
}

func newCut(upright *image.RGBA, boxes []image.Rectangle, c encoder.Config) *cut {
	return &cut{upright, boxes, c.ImageSize, make([]uint8, len(boxes)*c.Pixels())}
}

// crop is [3·S·S].
func (c *cut) crop(i int) []uint8 {
	n := len(c.pixels) / len(c.boxes)
	return c.pixels[i*n:][:n]
}

// rows cuts rows from ≤ y < to of crop i. The error is the context's.
func (c *cut) rows(ctx context.Context, i, from, to int) error {
	return crop.Pixels(ctx, c.crop(i), c.upright, c.boxes[i], c.size, from, to)
}

// Prepare decodes a picture and cuts its crops ahead of See, with the same options. It may be called while the model is at work
// on another picture, and takes up to PrepareBytes of memory until the picture is let go. A picture that no question would fit is
// left as it is. A cancelled context ends it within about a second.
func (m *Model) Prepare(ctx context.Context, p *Picture, o Options) error {
	plan, ok := m.cutsFor(p, o)
	if !ok {
		return nil
	}
	if err := p.Decode(ctx); err != nil {
		return err
	}
	start := time.Now()
	ahead := newCut(p.upright, plan.Boxes, m.encoder.Config())
	for i := range ahead.boxes {
		if err := ahead.rows(ctx, i, 0, ahead.size); err != nil {
			return err
		}
	}
	p.ahead, p.preparing = ahead, p.preparing+time.Since(start)
	return nil
}

// PrepareBytes is the memory that a picture takes once it is prepared: 4 bytes a pixel, and a byte a value of its crops. It is 0
// if See would take its features from the cache, or no question about it would fit.
func (m *Model) PrepareBytes(p *Picture, o Options) int64 {
	plan, ok := m.cutsFor(p, o)
	if !ok {
		return 0
	}
	return p.Bytes() + int64(len(plan.Boxes)*m.encoder.Config().Pixels())
}

// cutsFor is how See would cut a picture, if it comes to that: not if there is no such plan, the cache has the features, or a
// question would not fit.
func (m *Model) cutsFor(p *Picture, o Options) (Plan, bool) {
	plan, err := m.config.Plan(p.Width, p.Height, o.MaxCrops, o.NumTokens)
	return plan, err == nil && m.fits(0, plan, nil) == nil && !m.Remembers(p, o)
}

// cutFor is what was cut ahead for a plan; nil if that was not done.
func (p *Picture) cutFor(plan Plan, c encoder.Config) *cut {
	if p.ahead == nil || p.ahead.size != c.ImageSize || !slices.Equal(p.ahead.boxes, plan.Boxes) {
		return nil
	}
	return p.ahead
}
