package bench

import (
	"context"
	"image"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
	"github.com/mcllava/mcllava/llm"
)

// model is a model of made-up weights.
type model struct {
	shape   estimate.Shape
	form    weights.Forms
	encoder *encoder.Encoder
	decoder *llm.Decoder

	pixels, centres blas32.General // of the crops
	keep            []int
	features        blas32.General // for the projector
}

// newModel makes a model of a shape in memory, and so many crops to encode at once.
func newModel(p *tensor.Pool, s estimate.Shape, f weights.Forms, crops int) *model {
	w := weights.Of(weights.Synthetic{}, p, f)
	m := &model{shape: s, form: f, encoder: encoder.Load(s.Vision, w), decoder: llm.Load(s.Text, w)}
	m.pixels, m.centres = tensor.New(crops, s.Vision.Pixels()), tensor.New(crops, 2)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range m.pixels.Data {
		m.pixels.Data[i] = 2*r.Float32() - 1
	}
	for range crops {
		m.keep = append(m.keep, s.Vision.Patches()-1)
	}
	return m
}

// encode runs the crops through the tower, and keeps all of their features but the first of each.
func (m *model) encode(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	_, err := m.encoder.Encode(ctx, m.pixels, m.centres, m.keep)
	return time.Since(start), err
}

// project runs as many features through the projector.
func (m *model) project() time.Duration {
	if m.features.Rows == 0 {
		m.features = tensor.New(len(m.keep)*(m.shape.Vision.Patches()-1), m.shape.Vision.Hidden)
		r := rand.New(rand.NewPCG(3, 4))
		for i := range m.features.Data {
			m.features.Data[i] = float32(r.NormFloat64())
		}
	}
	start := time.Now()
	m.encoder.Project(m.features)
	return time.Since(start)
}

// work is the operations of so many crops, by what computes them: the layers of the tower, the embedding of its patches, and the
// projector. The last two are held in 16 bits at least, and so are slower where layers have 8. They are as large in a model of few
// layers as in the whole, and must be told apart to compute the one from the other.
type work struct{ layers, patches, projector float64 }

func workOf(v encoder.Config, crops int) work {
	keep, n := v.Patches()-1, float64(crops)
	return work{n * estimate.LayersFLOP(v, keep), n * estimate.PatchFLOP(v), estimate.ProjectorFLOP(v, crops*keep)}
}

// layersIn is how long the layers take of the time of a tower, whose patches are embedded at the speed of the projector, operations a
// second: half of the time at least, as a measurement on a busy machine may be anything.
func (w work) layersIn(tower time.Duration, projector float64) time.Duration {
	patches := time.Duration(w.patches / projector * float64(time.Second))
	return max(tower-patches, tower/2)
}

// prompt is embeddings [positions, D].
func (m *model) prompt(positions int) blas32.General {
	ids := make([]int, positions)
	for i := range ids {
		ids[i] = i % m.shape.Text.Vocab
	}
	return m.decoder.Embed(ids)
}

// prefill runs a prompt into an empty KV and returns the logits of what follows.
func (m *model) prefill(ctx context.Context, prompt blas32.General, c *llm.KV) ([]float32, time.Duration, error) {
	c.Truncate(0)
	start := time.Now()
	logits, err := m.decoder.Prefill(ctx, prompt, c, nil)
	return logits, time.Since(start), err
}

// decode decodes up to most tokens after what kv holds, fewer if they take longer than about least, and forgets them
// again. It returns how many it decoded and how long they took.
func (m *model) decode(ctx context.Context, logits []float32, c *llm.KV, most int, least time.Duration) (tokens int, took time.Duration, err error) {
	first := c.Len()
	defer c.Truncate(first)
	start := time.Now()
	const noStop = -1
	for _, err := range m.decoder.Decode(ctx, append([]float32(nil), logits...), c, llm.NewSampler(0, 1, 0), noStop, most+1) {
		if err != nil {
			return 0, 0, err
		}
		took = time.Since(start)
		tokens = c.Len() - first
		if tokens > 0 && took >= least {
			break
		}
	}
	return tokens, took, nil
}

// tokensBytes is the memory that decoding so many tokens after so many positions reads.
func (m *model) tokensBytes(positions, tokens int) float64 {
	sum := 0.0
	for i := range tokens {
		sum += estimate.TokenBytes(m.shape.Text, m.form.Text, positions+i+1)
	}
	return sum
}

// pixelRate is how many pixels a second all threads together cut out and resize: see estimate.CropPixels.
func pixelRate(p *tensor.Pool, size int) float64 {
	const crops = 2 // a thread
	box := image.Rect(0, 0, 2*size-1, 2*size-1)
	picture := image.NewRGBA(box)
	pixels, dst := make([]uint8, p.Threads()*encoder.Channels*size*size), tensor.New(p.Threads(), encoder.Channels*size*size)
	start := time.Now()
	p.Run(crops*p.Threads(), func(worker, _ int) {
		cut := pixels[worker*dst.Cols:][:dst.Cols]
		_ = crop.Pixels(context.Background(), cut, picture, box, size, 0, size) // no error without an end
		crop.Normalise(tensor.Row(dst, worker), cut)
	})
	return float64(crops*p.Threads()) * estimate.CropPixels(box, size) / time.Since(start).Seconds()
}

// few is a shape with no more layers than the given ones, and a vocabulary that has the part in the decoder's bytes that it has in the
// whole, so that it runs as fast, by byte, as the whole does.
func few(s estimate.Shape, vision, text int) estimate.Shape {
	s.Vision.Layers = min(s.Vision.Layers, vision)
	if text < s.Text.Layers {
		s.Text.Vocab = (s.Text.Vocab*text + s.Text.Layers - 1) / s.Text.Layers
		s.Text.Layers = text
	}
	return s
}
