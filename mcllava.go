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
	"slices"
	"strings"
	"time"
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
	MaxCrops     int      // most crops besides the overview; 0 for the overview alone
	NumTokens    int      // image tokens; 0 for DefaultNumTokens or the most there are
	MaxNewTokens int      // most tokens of the answer
	Temperature  float64  // 0 takes the likeliest token each time
	TopP         float64  // share of probability that sampling draws from
	Seed         uint64   // of the sampling
	System       string   // text of a system message, if any
	Prompt       string   // template with {question} and <image> in place of the published one
	Choices      []string // answer with the likeliest of these
	LogProbs     bool     // fill Answer.LogProbs

	// The functions must not call the model.
	Piece    func(text string)                  // called with each piece of the answer as it comes
	Progress func(stage Stage, done, total int) // called as crops are encoded and tokens decoded
	Note     func(text string)                  // called with what a user may want to know
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
	Crops        int       // the overview included
	ImageTokens  int       // positions that the picture takes
	NumTokens    int       // image tokens asked for
	PromptTokens int       // positions that the whole prompt takes, the picture's included
	LogProbs     []float64 // of each token, where Options.LogProbs asks for them
	Choices      []Choice  // how likely each of Options.Choices is
	Cached       bool      // the picture's features came from the cache
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

// Ask answers a question about an encoded picture: OpenPicture, See and Answer in one. Errors name what is wrong with the
// picture, the question or the options; a cancelled context ends the work within a layer of the model.
func (m *Model) Ask(ctx context.Context, picture []byte, question string, o Options) (*Answer, error) {
	p, err := OpenPicture(picture)
	if err != nil {
		return nil, err
	}
	if err := m.Check(p, question, o); err != nil {
		return nil, err
	}
	v, err := m.See(ctx, p, o)
	if err != nil {
		return nil, err
	}
	return m.Answer(ctx, v, question, o)
}

// Check returns the error that See or Answer would end with before any work: of the options, the question, the prompt, the
// picture's size, or choices that are too long.
func (m *Model) Check(p *Picture, question string, o Options) error {
	if err := o.Check(); err != nil {
		return err
	}
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, question, o)
	if err != nil {
		return err
	}
	plan, err := PlanFor(m.config, p.Width, p.Height, o.MaxCrops, o.NumTokens)
	if err != nil {
		return err
	}
	return m.fits(len(before)+len(after), plan, o.Choices)
}

// fits returns an error if text tokens and the plan's image tokens leave no room for an answer, or too little for a choice.
func (m *Model) fits(text int, plan Plan, choices []string) error {
	room := m.config.Text.Context - text - plan.ImageTokens
	if room < 1 {
		return fmt.Errorf("num-tokens: %d image tokens and %d of text leave no room for an answer in the model's %d positions", plan.ImageTokens, text, m.config.Text.Context)
	}
	for _, choice := range choices {
		if n := m.positions(choice); n > room {
			const shown = 40
			if short := []rune(choice); len(short) > shown {
				choice = string(short[:shown]) + "…"
			}
			return fmt.Errorf("choice %q takes %d positions, but %d image tokens and %d of text leave %d of the model's %d", choice, n, plan.ImageTokens, text, room, m.config.Text.Context)
		}
	}
	return nil
}

// begin takes the model for one piece of work, until busy is unlocked.
func (m *Model) begin() error {
	m.busy.Lock()
	if m.closed {
		m.busy.Unlock()
		return errors.New("the model is closed")
	}
	return nil
}

// Check returns an error that names the option which no question can be asked with.
func (o Options) Check() error {
	switch {
	case o.MaxCrops < 0:
		return fmt.Errorf("max-crops is %d, expected 0 or more", o.MaxCrops)
	case o.Prompt != "" && !strings.Contains(o.Prompt, questionMark):
		return fmt.Errorf("prompt has no %s", questionMark)
	case o.MaxNewTokens < 1:
		return fmt.Errorf("max-new-tokens is %d, expected 1 or more", o.MaxNewTokens)
	case !(o.Temperature >= 0 && o.Temperature <= 100):
		return fmt.Errorf("temperature is %v, expected 0 to 100", o.Temperature)
	case !(o.TopP > 0 && o.TopP <= 1):
		return fmt.Errorf("top-p is %v, expected more than 0 and at most 1", o.TopP)
	case o.Choices != nil && len(o.Choices) == 0, slices.Contains(o.Choices, ""):
		return errors.New("a choice is empty")
	case len(slices.Compact(slices.Sorted(slices.Values(o.Choices)))) < len(o.Choices):
		return fmt.Errorf("a choice is given twice: %q", o.Choices)
	}
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
