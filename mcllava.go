// Package mcllava answers questions about high-resolution pictures with the MC-LLaVA vision-language model.
//
// A picture is cut into overlapping crops, the SigLIP encoder turns each into features of which a few are kept, a projector
// makes image tokens of them, and a Phi-2 decoder answers. Two knobs say how much is seen: the number of crops and the number
// of image tokens.
package mcllava

import (
	"context"
	"errors"
	"fmt"
	"image"
	"strings"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/llm"
)

// MaxPictureBytes is the largest encoded picture that is read.
const MaxPictureBytes = 512 << 20

// The defaults of Options.
const (
	DefaultMaxCrops     = 100
	DefaultNumTokens    = 728
	DefaultMaxNewTokens = 200
)

// Options are the knobs of one question. Start from Defaults: zero crops and zero temperature have a meaning.
type Options struct {
	MaxCrops     int     // most crops besides the overview; 0 for the overview alone
	NumTokens    int     // image tokens; 0 for DefaultNumTokens or the most there are
	MaxNewTokens int     // most tokens of the answer
	Temperature  float64 // 0 takes the likeliest token each time
	TopP         float64 // share of probability that sampling draws from
	Seed         uint64  // of the sampling
	System       string  // text of a system message, if any
	Prompt       string  // template with {question} and <image> in place of the published one

	Piece    func(text string)                  // called with each piece of the answer as it comes
	Progress func(stage Stage, done, total int) // called as crops are encoded and tokens decoded
	Stages   *Stages                            // filled with what passed between the parts, if not nil
}

// Defaults are the options of a plain question.
func Defaults() Options {
	return Options{MaxCrops: DefaultMaxCrops, MaxNewTokens: DefaultMaxNewTokens, TopP: 1}
}

// Stage is a part of the way that Options.Progress reports on.
type Stage string

// The stages that take time.
const (
	StageCrops  Stage = "crops"
	StageTokens Stage = "tokens"
)

// Finish says why an answer ended.
type Finish string

// An answer ends at the model's stop token, or at Options.MaxNewTokens.
const (
	FinishStop   Finish = "stop"
	FinishLength Finish = "length"
)

// Answer is what a question led to.
type Answer struct {
	Text         string
	Tokens       []int // without the stop token
	Finish       Finish
	Crops        int // the overview included
	ImageTokens  int // positions that the picture takes
	NumTokens    int // image tokens asked for
	PromptTokens int // positions that the whole prompt takes, the picture's included
	Seconds      Seconds
}

// Seconds is the time that each part took.
type Seconds struct {
	Load       float64 `json:"load"` // opening the checkpoint, once a model
	Preprocess float64 `json:"preprocess"`
	Encode     float64 `json:"encode"`
	Prefill    float64 `json:"prefill"`
	Decode     float64 `json:"decode"`
}

// Ask answers a question about an encoded picture (JPEG, PNG, GIF, WebP, BMP or TIFF). Errors name what is wrong with the
// picture, the question or the options; a cancelled context ends the work within a layer of the model.
func (m *Model) Ask(ctx context.Context, picture []byte, question string, o Options) (*Answer, error) {
	if err := o.check(question); err != nil {
		return nil, err
	}
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, question, o)
	if err != nil {
		return nil, err
	}
	width, height, _, err := crop.DecodeSize(picture, crop.DefaultLimits)
	if err != nil {
		return nil, err
	}
	plan, err := m.config.Plan(width, height, o.MaxCrops, o.NumTokens)
	if err != nil {
		return nil, err
	}
	length := len(before) + plan.ImageTokens + len(after)
	if length+1 > m.config.Text.Context {
		return nil, fmt.Errorf("num-tokens: %d image tokens and %d of text leave no room for an answer in the model's %d positions", plan.ImageTokens, length-plan.ImageTokens, m.config.Text.Context)
	}
	m.busy.Lock()
	defer m.busy.Unlock()
	if m.closed {
		return nil, errors.New("the model is closed")
	}
	a := &Answer{Crops: len(plan.Boxes), ImageTokens: plan.ImageTokens, NumTokens: plan.NumTokens, PromptTokens: length}
	a.Seconds.Load = m.load.Seconds()

	features, err := m.encode(ctx, picture, plan, o, a)
	if err != nil {
		return nil, err
	}
	projected := m.encoder.Project(features)
	o.Stages.keepFeatures(features, projected)

	merged := m.merge(before, projected, after)
	if err := m.answer(ctx, merged, o, a); err != nil {
		return nil, err
	}
	return a, nil
}

func (o Options) check(question string) error {
	switch {
	case strings.TrimSpace(question) == "":
		return errors.New("question is empty")
	case o.MaxNewTokens < 1:
		return fmt.Errorf("max-new-tokens is %d, expected 1 or more", o.MaxNewTokens)
	case !(o.Temperature >= 0 && o.Temperature <= 100):
		return fmt.Errorf("temperature is %v, expected 0 to 100", o.Temperature)
	case !(o.TopP > 0 && o.TopP <= 1):
		return fmt.Errorf("top-p is %v, expected more than 0 and at most 1", o.TopP)
	}
	return nil
}

// encode turns the picture into image features [N, Dv], a batch of crops at a time.
func (m *Model) encode(ctx context.Context, picture []byte, plan Plan, o Options, a *Answer) (blas32.General, error) {
	watch := stopwatch{time.Now()}
	upright, err := crop.Decode(picture, crop.DefaultLimits)
	if err != nil {
		return blas32.General{}, err
	}
	watch.lap(&a.Seconds.Preprocess)

	c := m.encoder.Config()
	centres := tensor.New(len(plan.Boxes), 2)
	for i := range plan.Boxes {
		x, y := plan.Centre(i)
		centres.Data[2*i], centres.Data[2*i+1] = float32(x), float32(y)
	}
	o.Stages.keepCoordinates(centres)
	features := tensor.New(plan.ImageTokens, c.Hidden)
	at := 0
	for ahead := 0; ahead < len(plan.Boxes); ahead += m.cutAhead() {
		boxes := plan.Boxes[ahead:min(ahead+m.cutAhead(), len(plan.Boxes))]
		o.progress(StageCrops, ahead, len(plan.Boxes))
		pixels := m.pixels(upright, boxes)
		o.Stages.keepPixels(pixels, c, len(plan.Boxes))
		watch.lap(&a.Seconds.Preprocess)
		for b := 0; b < len(boxes); b += c.Batch() {
			last := min(b+c.Batch(), len(boxes))
			o.progress(StageCrops, ahead+b, len(plan.Boxes))
			f, err := m.encoder.Encode(ctx, tensor.Rows(pixels, b, last), tensor.Rows(centres, ahead+b, ahead+last), plan.TokensPerCrop[ahead+b:ahead+last])
			if err != nil {
				return blas32.General{}, err
			}
			tensor.Copy(tensor.Rows(features, at, at+f.Rows), f)
			at += f.Rows
		}
		watch.lap(&a.Seconds.Encode)
	}
	o.progress(StageCrops, len(plan.Boxes), len(plan.Boxes))
	return features, nil
}

// cutAhead is the number of crops that are cut out at once: some batches, and enough to keep every thread busy.
func (m *Model) cutAhead() int {
	const cropsPerThread = 4
	batch := m.encoder.Config().Batch()
	return (cropsPerThread*m.pool.Threads() + batch - 1) / batch * batch
}

// pixels cuts the boxes out of the picture, [B, 3·S·S].
func (m *Model) pixels(upright *image.RGBA, boxes []image.Rectangle) blas32.General {
	c := m.encoder.Config()
	pixels := tensor.New(len(boxes), c.Pixels())
	m.pool.Run(len(boxes), func(_, i int) { crop.Pixels(tensor.Row(pixels, i), upright, boxes[i], c.ImageSize) })
	return pixels
}

// merge puts the image tokens between the embeddings of the text, [L, D].
func (m *Model) merge(before []int, projected blas32.General, after []int) blas32.General {
	x := tensor.New(len(before)+projected.Rows+len(after), projected.Cols)
	tensor.Copy(x, m.decoder.Embed(before))
	tensor.Copy(tensor.Rows(x, len(before), len(before)+projected.Rows), projected)
	tensor.Copy(tensor.Rows(x, len(before)+projected.Rows, x.Rows), m.decoder.Embed(after))
	return x
}

// answer prefills the prompt and decodes what follows.
func (m *Model) answer(ctx context.Context, prompt blas32.General, o Options, a *Answer) error {
	watch := stopwatch{time.Now()}
	most := min(o.MaxNewTokens, m.config.Text.Context-prompt.Rows)
	cache := m.decoder.NewCache(prompt.Rows + most)
	logits, err := m.decoder.Prefill(ctx, prompt, cache)
	if err != nil {
		return err
	}
	o.Stages.keepLogits(logits)
	watch.lap(&a.Seconds.Prefill)

	var text strings.Builder
	stream := m.tokenizer.NewDecoder()
	say := func(piece string) {
		text.WriteString(piece)
		if piece != "" && o.Piece != nil {
			o.Piece(piece)
		}
	}
	for id, err := range m.decoder.Decode(ctx, logits, cache, llm.NewSampler(o.Temperature, o.TopP, o.Seed), m.stop, most) {
		if err != nil {
			return err
		}
		a.Tokens = append(a.Tokens, id)
		o.progress(StageTokens, len(a.Tokens), most)
		say(stream.Next(id))
	}
	say(stream.Flush())
	a.Text, a.Finish = text.String(), FinishStop
	if len(a.Tokens) == most {
		a.Finish = FinishLength
	}
	o.Stages.keepTokens(a.Tokens)
	watch.lap(&a.Seconds.Decode)
	return nil
}

func (o Options) progress(stage Stage, done, total int) {
	if o.Progress != nil {
		o.Progress(stage, done, total)
	}
}

// stopwatch adds the time since its last lap to a total.
type stopwatch struct{ last time.Time }

func (s *stopwatch) lap(seconds *float64) {
	now := time.Now()
	*seconds += now.Sub(s.last).Seconds()
	s.last = now
}
