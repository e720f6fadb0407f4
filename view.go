package mcllava

import (
	"context"
	"errors"
	"image"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/tensor"
)

// View is a picture as a model has seen it by one plan. Any number of questions can be asked of it, and more boxes added.
type View struct {
	model    *Model
	picture  *Picture
	plan     Plan
	features encoder.Features
	maps     [][]float32 // [crops][T] the crops' maps; nil where the plan does not want them
	encoded  int         // crops that were encoded, and not found in the cache
	version  int         // goes up with every Add
	seconds  Seconds     // of decoding, cutting and encoding, until an answer counts them
	decoding float64     // of them, those of decoding
}

// Plan is how the picture was cut.
func (v *View) Plan() Plan { return v.plan }

// Encoded is the number of crops that the encoder was run for, all others having come from the cache.
func (v *View) Encoded() int { return v.encoded }

// See cuts a picture by a plan and encodes its crops, but those whose features the cache has; a picture of which it has all is not
// even decoded. Every crop is stored soon after it is encoded, so that a cancelled or killed See is taken up again by the next.
// A cancelled context ends the work within a layer of the model.
func (m *Model) See(ctx context.Context, p *Picture, plan Plan, h Hooks) (*View, error) {
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.busy.Unlock()
	v := &View{model: m, picture: p}
	if err := v.look(ctx, plan, h); err != nil {
		return nil, err
	}
	return v, nil
}

// Add looks at more boxes of the picture. Only those are encoded that are new to the view and to the cache; the image tokens are shared
// anew, so that those of the boxes which are there already become fewer. After an error the view is as it was.
func (v *View) Add(ctx context.Context, boxes []image.Rectangle, h Hooks) error {
	plan, err := v.plan.With(boxes...)
	if err != nil {
		return err
	}
	if err := v.model.begin(); err != nil {
		return err
	}
	defer v.model.busy.Unlock()
	return v.look(ctx, plan, h)
}

// look gives the view the features of a plan.
func (v *View) look(ctx context.Context, plan Plan, h Hooks) error {
	found, left, err := v.find(ctx, plan, v.seen, h)
	if err != nil {
		return err
	}
	v.hold(plan, found, len(left))
	return nil
}

// hold gives the view the features of a plan's crops, of which some were encoded.
func (v *View) hold(plan Plan, found []seen, encoded int) {
	features := v.model.newFeatures(plan)
	var maps [][]float32
	for i := range found {
		tensor.Copy(features.Crop(i), found[i].rows)
		if plan.Maps {
			maps = append(maps, found[i].patches)
		}
	}
	v.plan, v.features, v.maps, v.encoded = plan, features, maps, v.encoded+encoded
	v.version++
}

// find is the features of each crop of a plan: those that held has of a box's last k rows or that the cache has, and else those that
// are now encoded, whose indices are left. After an error it is those that were found by then.
func (v *View) find(ctx context.Context, plan Plan, held func(box image.Rectangle, k int) seen, h Hooks) (found []seen, left []int, err error) {
	found = v.model.remembered(v.picture, plan)
	for i, b := range plan.Boxes {
		if old := held(b, plan.TokensPerCrop[i]); old.enough(plan) {
			found[i] = old
		}
	}
	for i := range found {
		if !found[i].enough(plan) || h.Dump != nil {
			left = append(left, i)
		}
	}
	if err := v.encode(ctx, plan, found, left, h); err != nil {
		return found, left, err
	}
	h.progress(StageCrops, len(plan.Boxes), len(plan.Boxes))
	return found, left, nil
}

// seen is the last k rows of a box that the view has, if it has so many, and its map.
func (v *View) seen(box image.Rectangle, k int) (s seen) {
	for i, b := range v.plan.Boxes {
		if b == box && v.features.Keep[i] >= k {
			s.rows = encoder.LastRows(v.features.Crop(i), k)
			if v.maps != nil {
				s.patches = v.maps[i]
			}
		}
	}
	return s
}

// encode sets found[i] of the crops that are left, some crops at a time.
func (v *View) encode(ctx context.Context, plan Plan, found []seen, left []int, h Hooks) (err error) {
	if len(left) == 0 {
		return nil
	}
	m, p := v.model, v.picture
	defer m.checkpoint.Guard(&err)()
	if err := p.Decode(ctx); err != nil {
		return err
	}
	v.decoding += p.preparing.Seconds()
	v.seconds.Preprocess += p.preparing.Seconds()
	p.preparing = 0
	watch := stopwatch{time.Now()}
	c := m.encoder.Config()
	keep := m.rowsToEncode(plan)
	shelf := m.newShelf(p, h)
	defer shelf.flush()
	done := len(plan.Boxes) - len(left)
	ahead := c.Batch() // the first batch alone, so that the encoder begins at once
	for len(left) > 0 {
		some := left[:min(ahead, len(left))]
		left, ahead = left[len(some):], m.cutAhead()
		h.progress(StageCrops, done, len(plan.Boxes))
		pixels, err := m.pixels(ctx, p, plan, some)
		if err != nil {
			return err
		}
		centres := plan.centres(some)
		h.Dump.keepCrops(centres, pixels, c, len(plan.Boxes))
		watch.lap(&v.seconds.Preprocess)
		for b := 0; b < len(some); b += c.Batch() {
			last := min(b+c.Batch(), len(some))
			h.progress(StageCrops, done, len(plan.Boxes))
			f, maps, err := m.encodeBatch(ctx, plan, tensor.Rows(pixels, b, last), tensor.Rows(centres, b, last), pick(keep, some[b:last]))
			if err != nil {
				return err
			}
			for j, i := range some[b:last] {
				all := f.Crop(j)
				if err := m.finite(all); err != nil {
					return err
				}
				found[i] = seen{rows: tensor.New(plan.TokensPerCrop[i], c.Hidden)}
				if plan.Maps {
					found[i].patches = tensor.Row(maps, j)
				}
				shelf.add(plan.Boxes[i], all, found[i].patches)
				tensor.Copy(found[i].rows, encoder.LastRows(all, plan.TokensPerCrop[i]))
			}
			done += last - b
		}
		watch.lap(&v.seconds.Encode)
	}
	return nil
}

// encodeBatch is Encode, or EncodeMapped if the plan wants maps.
func (m *Model) encodeBatch(ctx context.Context, plan Plan, pixels, centres blas32.General, keep []int) (f encoder.Features, maps blas32.General, err error) {
	if plan.Maps {
		return m.encoder.EncodeMapped(ctx, pixels, centres, keep)
	}
	f, err = m.encoder.Encode(ctx, pixels, centres, keep)
	return f, maps, err
}

// pick is the values at some places.
func pick(values, places []int) []int {
	picked := make([]int, len(places))
	for i, p := range places {
		picked[i] = values[p]
	}
	return picked
}

// centres are those of some boxes, [len(some), 2].
func (p Plan) centres(some []int) blas32.General {
	centres := tensor.New(len(some), 2)
	for i, box := range some {
		x, y := p.Centre(box)
		row := tensor.Row(centres, i)
		row[0], row[1] = float32(x), float32(y)
	}
	return centres
}

// cutAhead is the number of crops that are cut out at once: some batches, and enough to keep every thread busy.
func (m *Model) cutAhead() int {
	const cropsPerThread = 4
	batch := m.encoder.Config().Batch()
	return (cropsPerThread*m.pool.Threads() + batch - 1) / batch * batch
}

// pixels are some crops of a picture, [len(some), 3·S·S]: those that were cut ahead, or else cut now.
func (m *Model) pixels(ctx context.Context, p *Picture, plan Plan, some []int) (blas32.General, error) {
	c := m.encoder.Config()
	boxes := make([]image.Rectangle, len(some))
	for i, box := range some {
		boxes[i] = plan.Boxes[box]
	}
	cut := p.ahead.of(boxes, c)
	if cut == nil {
		cut = newCut(p.upright, boxes, c)
		shares := min((m.cutAhead()+len(some)-1)/len(some), c.ImageSize)
		m.pool.Run(len(some)*shares, func(_, i int) {
			_ = cut.share(ctx, i, shares) // the error is the context's
		})
		if err := ctx.Err(); err != nil {
			return blas32.General{}, err
		}
	}
	pixels := tensor.New(len(some), c.Pixels())
	m.pool.Run(pixels.Rows, func(_, i int) { crop.Normalise(tensor.Row(pixels, i), cut.crop(boxes[i])) })
	return pixels, nil
}

// errOtherModel says that a view was given to a model that did not see it.
var errOtherModel = errors.New("the view is another model's")
