package estimate

import (
	"image"
	"math"

	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/weights"
)

// Speed is how fast a machine runs a model in one precision.
type Speed struct {
	Pixels  float64 `json:"pixels_per_second"`       // cut out of the picture and resized
	Encode  float64 `json:"encode_flop_per_second"`  // in the tower's layers
	Project float64 `json:"project_flop_per_second"` // in the patches' embedding and the projector, which have at least 16 bits
	Prefill float64 `json:"prefill_flop_per_second"` // in the decoder, on a prompt
	Decode  float64 `json:"decode_bytes_per_second"` // of weights and cache, as tokens are decoded
}

// valid says whether all of it are speeds.
func (s Speed) valid() bool {
	for _, v := range []float64{s.Pixels, s.Encode, s.Project, s.Prefill, s.Decode} {
		if !(v > 0) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// TextTokens is about the number of tokens of a question and what the prompt puts around it.
const TextTokens = 40

// AnswerTokens is about the number of tokens of an answer.
const AnswerTokens = 20

// Question is what the cost of a question depends on.
type Question struct {
	Width, Height int               // of the picture, pixels
	Boxes         []image.Rectangle // crops, the overview first
	Keep          []int             // image tokens of each
	Text          int               // tokens of the prompt besides the picture's
	Answer        int               // tokens
}

// Seconds is how long the parts of a question take once the model is open.
type Seconds struct {
	Preprocess float64 `json:"preprocess"`
	Encode     float64 `json:"encode"`
	Prefill    float64 `json:"prefill"`
	Decode     float64 `json:"decode"`
}

// Total is their sum.
func (s Seconds) Total() float64 { return s.Preprocess + s.Encode + s.Prefill + s.Decode }

// Seconds is how long a question takes a model in a precision at a speed.
func (q Question) Seconds(m Shape, p weights.Forms, s Speed) Seconds {
	pixels := float64(q.Width) * float64(q.Height)
	var layers float64
	tokens := 0
	for i, box := range q.Boxes {
		pixels += CropPixels(box, m.Vision.ImageSize)
		layers += LayersFLOP(m.Vision, q.Keep[i])
		tokens += q.Keep[i]
	}
	project := float64(len(q.Boxes))*PatchFLOP(m.Vision) + ProjectorFLOP(m.Vision, tokens)
	prompt := q.Text + tokens
	var decode float64
	for i := range max(0, q.Answer-1) { // the first token comes from the prefill
		decode += TokenBytes(m.Text, p.Text, prompt+i+1)
	}
	return Seconds{
		Preprocess: pixels / s.Pixels,
		Encode:     layers/s.Encode + project/s.Project,
		Prefill:    PrefillFLOP(m.Text, prompt) / s.Prefill,
		Decode:     decode / s.Decode,
	}
}

// CropPixels is the pixels that cutting out a box for a tower of the given size handles: the box, and then the crop once
// along each axis.
func CropPixels(box image.Rectangle, size int) float64 {
	return float64(box.Dx())*float64(box.Dy()) + 2*float64(size)*float64(size)
}

// WorkingBytes is about the memory that a question takes besides the weights: the picture, as a file's decoder and as crops see
// it; keys and values; and the activations of the tower or, if they are more, of the decoder on the prompt.
func (q Question) WorkingBytes(m Shape, p weights.Forms) int64 {
	const floatBytes, pixelBytes = 4, 8
	tokens := q.Text
	for _, n := range q.Keep {
		tokens += n
	}
	v, t := m.Vision, m.Text
	tower := v.Batch() * (v.Patches()*(5*v.Hidden+v.Intermediate+encoder.Channels*v.PatchSize*v.PatchSize) + v.Pixels())
	decoder := tokens * (7*t.Hidden + t.Intermediate)
	cache := float64(tokens+q.Answer) * CacheBytes(t, p.Text)
	return int64(pixelBytes*q.Width*q.Height) + int64(cache) + int64(floatBytes*max(tower, decoder))
}
