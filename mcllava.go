// Package mcllava answers questions about high-resolution pictures with the MC-LLaVA vision-language model.
//
// A picture is cut into overlapping crops, the SigLIP encoder turns each into features of which a few are kept, a projector
// makes image tokens of them, and a Phi-2 decoder answers. Two knobs say how much is seen: the number of crops and the number
// of image tokens.
package mcllava

import (
	"context"
	"errors"
	"time"
)

// MaxPictureBytes is the largest encoded picture that is read.
const MaxPictureBytes = 512 << 20

// Options are those of one question. Start from Defaults: zero crops and zero temperature have a meaning.
type Options struct {
	Knobs
	Hooks
}

// Hooks are told what happens on the way to an answer, which does not depend on them. They must not call the model.
type Hooks struct {
	Piece    func(text string)                  // called with each piece of the answer as it comes
	Progress func(stage Stage, done, total int) // called as crops are encoded, the prompt is read and tokens are decoded
	Note     func(text string)                  // called with what a user may want to know
	Dump     *Dump                              // filled with what passed between the parts, if not nil

	Attention *AttentionOptions // asks for Answer.Attention, of a view whose plan has Maps; nil for none
}

// Defaults are the options of a plain question.
func Defaults() Options { return Options{Knobs: DefaultKnobs()} }

// Stage is a part of the way that Hooks.Progress reports on.
type Stage string

// The stages that take time.
const (
	StageCrops  Stage = "crops"
	StagePrompt Stage = "prompt"
	StageTokens Stage = "tokens"
)

// Ask answers a question about an encoded picture: OpenPicture, Plan, See and Answer in one. Errors name what is wrong with the
// picture, the question or the options; a cancelled context ends the work within a layer of the model.
func (m *Model) Ask(ctx context.Context, picture []byte, question string, o Options) (*Answer, error) {
	p, err := OpenPicture(picture)
	if err != nil {
		return nil, err
	}
	plan, err := m.Check(p, question, o.Knobs)
	if err != nil {
		return nil, err
	}
	plan.Maps = plan.Maps || o.Attention != nil
	v, err := m.See(ctx, p, plan, o.Hooks)
	if err != nil {
		return nil, err
	}
	return m.Answer(ctx, v, question, o.AnswerKnobs, o.Hooks)
}

// Check returns the plan of a question, or the error that See or Answer would end with before any work: of the knobs, the question,
// the prompt, the picture's size, or choices that are too long.
func (m *Model) Check(p *Picture, question string, k Knobs) (Plan, error) {
	if err := k.Check(); err != nil {
		return Plan{}, err
	}
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, question, k.AnswerKnobs)
	if err != nil {
		return Plan{}, err
	}
	plan, err := m.Plan(p, k.ViewKnobs)
	if err != nil {
		return Plan{}, err
	}
	return plan, m.fits(len(before)+len(after), plan, k.Choices)
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

func (h Hooks) progress(stage Stage, done, total int) {
	if h.Progress != nil {
		h.Progress(stage, done, total)
	}
}

func (h Hooks) note(text string) {
	if h.Note != nil {
		h.Note(text)
	}
}

// stopwatch adds the time since its last lap to a total.
type stopwatch struct{ last time.Time }

func (s *stopwatch) lap(seconds *float64) {
	now := time.Now()
	*seconds += now.Sub(s.last).Seconds()
	s.last = now
}
