package mcllava

import (
	"context"
	"image"
	"slices"
	"time"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/encoder"
)

// cut is some crops of a picture, one byte a value until the encoder wants them.
type cut struct {
	upright *image.RGBA
	boxes   []image.Rectangle
	strips  []strip
	size    int     // S, pixels a side
	pixels  []uint8 // [boxes, 3·S·S]
}

// strip is the boxes first to first + n, which are cut together.
type strip struct{ first, n int }

func newCut(upright *image.RGBA, boxes []image.Rectangle, c encoder.Config) *cut {
	return &cut{upright, boxes, stripsOf(boxes, c.ImageSize), c.ImageSize, make([]uint8, len(boxes)*c.Pixels())}
}

func stripsOf(boxes []image.Rectangle, size int) (strips []strip) {
	for first := 0; first < len(boxes); {
		s := strip{first, crop.Strip(boxes[first:], size)}
		strips = append(strips, s)
		first += s.n
	}
	return strips
}

// at is crop i, [3·S·S].
func (c *cut) at(i int) []uint8 {
	n := len(c.pixels) / len(c.boxes)
	return c.pixels[i*n:][:n]
}

// crop is the crop of a box that was cut, [3·S·S].
func (c *cut) crop(box image.Rectangle) []uint8 { return c.at(slices.Index(c.boxes, box)) }

// of is c if it has all of some boxes for an encoder, and nil if not.
func (c *cut) of(boxes []image.Rectangle, e encoder.Config) *cut {
	if c == nil || c.size != e.ImageSize {
		return nil
	}
	for _, b := range boxes {
		if !slices.Contains(c.boxes, b) {
			return nil
		}
	}
	return c
}

// strip cuts part k of n of a strip. The error is the context's.
func (c *cut) strip(ctx context.Context, s strip, k, n int) error {
	values := len(c.pixels) / len(c.boxes)
	return crop.StripPixels(ctx, c.pixels[s.first*values:][:s.n*values], c.upright, c.boxes[s.first:][:s.n], c.size, k, n)
}

// share cuts share i of all crops, of which each is worth so many. The error is the context's.
func (c *cut) share(ctx context.Context, i, shares int) error {
	at, _ := slices.BinarySearchFunc(c.strips, i/shares, func(s strip, box int) int { return s.first + s.n - 1 - box })
	s := c.strips[at]
	return c.strip(ctx, s, i-s.first*shares, s.n*shares)
}

// Prepare decodes a picture and cuts its crops ahead of See, for the same plan. It may be called while the model is at work on another
// picture, and takes up to PrepareBytes of memory until the picture is let go. Of crops that the cache has it cuts none, and nothing
// of a picture that no question would fit.
func (m *Model) Prepare(ctx context.Context, p *Picture, plan Plan) error {
	boxes := m.boxesToCut(p, plan)
	if len(boxes) == 0 {
		return nil
	}
	if err := p.Decode(ctx); err != nil {
		return err
	}
	start := time.Now()
	ahead := newCut(p.upright, boxes, m.encoder.Config())
	for _, s := range ahead.strips {
		if err := ahead.strip(ctx, s, 0, 1); err != nil {
			return err
		}
	}
	p.ahead, p.preparing = ahead, p.preparing+time.Since(start)
	return nil
}

// PrepareBytes is the memory that a picture takes once it is prepared: 4 bytes a pixel, and a byte a value of its crops. It is 0
// if See would take all of its features from the cache, or no question about it would fit.
func (m *Model) PrepareBytes(p *Picture, plan Plan) int64 {
	boxes := m.boxesToCut(p, plan)
	if len(boxes) == 0 {
		return 0
	}
	return p.Bytes() + int64(len(boxes)*m.encoder.Config().Pixels())
}

// boxesToCut are the boxes of a plan that See would encode; none if a question would not fit.
func (m *Model) boxesToCut(p *Picture, plan Plan) []image.Rectangle {
	if m.fits(0, plan, nil) != nil {
		return nil
	}
	cached := m.cached(p, plan)
	var boxes []image.Rectangle
	for i, b := range plan.Boxes {
		if !cached[i] {
			boxes = append(boxes, b)
		}
	}
	return boxes
}
