package mcllava

import (
	"context"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/tensor"
)

// View is a picture as a model has seen it, with one setting of the knobs. Any number of questions can be asked of it.
type View struct {
	model    *Model
	plan     Plan
	features blas32.General // [N, Dv], the last K of each crop
	cached   bool
	seconds  Seconds // of decoding, cutting and encoding, until an answer counts them
}

// Plan is how the picture was cut.
func (v *View) Plan() Plan { return v.plan }

// Cached says whether the features came from the cache and not from the encoder.
func (v *View) Cached() bool { return v.cached }

// See cuts a picture and encodes its crops. Of the options it uses MaxCrops, NumTokens, Progress, Note and Stages.
// A picture that the cache has features of is neither decoded nor encoded.
// A cancelled context ends the work within a layer of the model.
func (m *Model) See(ctx context.Context, p *Picture, o Options) (*View, error) {
	plan, err := PlanFor(m.config, p.Width, p.Height, o.MaxCrops, o.NumTokens)
	if err != nil {
		return nil, err
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.busy.Unlock()
	v := &View{model: m, plan: plan}
	if v.features, v.cached = m.remembered(p, plan); v.cached && o.Stages == nil {
		o.progress(StageCrops, len(plan.Boxes), len(plan.Boxes))
		return v, nil
	}
	v.cached = false
	if err := p.Decode(); err != nil {
		return nil, err
	}
	v.seconds.Preprocess, p.preparing = p.preparing.Seconds(), 0
	if v.features, err = m.encode(ctx, p, plan, o, &v.seconds); err != nil {
		return nil, err
	}
	m.remember(p, plan, v.features, o)
	return v, nil
}

// encode turns the picture into image features [N, Dv], a batch of crops at a time.
func (m *Model) encode(ctx context.Context, p *Picture, plan Plan, o Options, seconds *Seconds) (features blas32.General, err error) {
	defer m.checkpoint.Guard(&err)()
	watch := stopwatch{time.Now()}
	c := m.encoder.Config()
	centres := tensor.New(len(plan.Boxes), 2)
	for i := range plan.Boxes {
		x, y := plan.Centre(i)
		centres.Data[2*i], centres.Data[2*i+1] = float32(x), float32(y)
	}
	o.Stages.keepCoordinates(centres)
	features = tensor.New(plan.ImageTokens, c.Hidden)
	at, ahead := 0, c.Batch() // the first batch alone, so that the encoder begins at once
	for from, to := 0, 0; from < len(plan.Boxes); from, ahead = to, m.cutAhead() {
		to = min(from+ahead, len(plan.Boxes))
		o.progress(StageCrops, from, len(plan.Boxes))
		pixels := m.pixels(p, plan, from, to)
		o.Stages.keepPixels(pixels, c, len(plan.Boxes))
		watch.lap(&seconds.Preprocess)
		for b := from; b < to; b += c.Batch() {
			last := min(b+c.Batch(), to)
			o.progress(StageCrops, b, len(plan.Boxes))
			f, err := m.encoder.Encode(ctx, tensor.Rows(pixels, b-from, last-from), tensor.Rows(centres, b, last), plan.TokensPerCrop[b:last])
			if err != nil {
				return blas32.General{}, err
			}
			tensor.Copy(tensor.Rows(features, at, at+f.Rows), f)
			at += f.Rows
		}
		watch.lap(&seconds.Encode)
	}
	o.progress(StageCrops, len(plan.Boxes), len(plan.Boxes))
	return features, m.finite(features)
}

// cutAhead is the number of crops that are cut out at once: some batches, and enough to keep every thread busy.
func (m *Model) cutAhead() int {
	const cropsPerThread = 4
	batch := m.encoder.Config().Batch()
	return (cropsPerThread*m.pool.Threads() + batch - 1) / batch * batch
}

// pixels are crops from ≤ i < to of a picture, [to-from, 3·S·S]: those that were cut ahead, or else cut now.
func (m *Model) pixels(p *Picture, plan Plan, from, to int) blas32.General {
	c := m.encoder.Config()
	pixels := tensor.New(to-from, c.Pixels())
	cut := p.cutFor(plan, c)
	if cut == nil {
		cut = newCut(p.upright, plan.Boxes[from:to], c)
		bands := min((m.cutAhead()+to-from-1)/(to-from), c.ImageSize)
		m.pool.Run((to-from)*bands, func(_, task int) {
			i, b := task/bands, task%bands
			cut.rows(i, b*c.ImageSize/bands, (b+1)*c.ImageSize/bands)
		})
		from = 0
	}
	m.pool.Run(pixels.Rows, func(_, i int) { crop.Normalise(tensor.Row(pixels, i), cut.crop(from+i)) })
	return pixels
}
