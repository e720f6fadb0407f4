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

// encodeFLOP is the operations of encode.
func (m *model) encodeFLOP() float64 {
	return encodeFLOP(m.shape, len(m.keep))
}

func encodeFLOP(s estimate.Shape, crops int) float64 {
	keep := s.Vision.Patches() - 1
	return float64(crops)*estimate.CropFLOP(s.Vision, keep) + estimate.ProjectorFLOP(s.Vision, crops*keep)
}

// encode runs the crops through the tower, and all of their features but the first of each through the projector.
func (m *model) encode(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	features, err := m.encoder.Encode(ctx, m.pixels, m.centres, m.keep)
	if err != nil {
		return 0, err
	}
	m.encoder.Project(features.Rows)
	return time.Since(start), nil
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

// few is a shape with no more layers than the given ones and no more tokens than a piece of a vocabulary, which runs as fast, by
// operation and by byte, as the whole does.
func few(s estimate.Shape, vision, text, vocab int) estimate.Shape {
	s.Vision.Layers = min(s.Vision.Layers, vision)
	s.Text.Layers = min(s.Text.Layers, text)
	s.Text.Vocab = min(s.Text.Vocab, vocab)
	return s
}
