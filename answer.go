package mcllava

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcllava/mcllava/llm"
)

// Finish says why an answer ended.
type Finish string

// An answer ends at the model's stop token, or at AnswerKnobs.MaxNewTokens.
const (
	FinishStop   Finish = "stop"
	FinishLength Finish = "length"
)

// Answer is what a question led to.
type Answer struct {
	Text         string
	Tokens       []int // without the stop token
	Finish       Finish
	Crops        int        // the overview included
	Encoded      int        // crops that were encoded for this answer, and not found in the cache or seen for an answer before
	ImageTokens  int        // positions that the picture takes
	NumTokens    int        // image tokens asked for
	PromptTokens int        // positions that the whole prompt takes, the picture's included
	LogProbs     []float64  // of each token, where AnswerKnobs.LogProbs asks for them
	PMin         float64    // probability of the least likely token; 1 for an answer without tokens
	Choices      []Choice   // how likely each of AnswerKnobs.Choices is
	Attention    *Attention // where the answer looked, where Hooks.Attention asks for it
	Found        *Found     // how it was searched for; nil but of a Searcher
	Seconds      Seconds
}

// Choice is one of the answers that AnswerKnobs.Choices offers.
type Choice struct {
	Text        string  `json:"text"`
	LogProb     float64 `json:"logprob"`     // mean over its tokens and the stop token
	Probability float64 `json:"probability"` // e^LogProb as a share of all choices'
}

// Seconds is the time that each part took.
type Seconds struct {
	Load       float64 `json:"load"` // opening the checkpoint, once a model
	Preprocess float64 `json:"preprocess"`
	Encode     float64 `json:"encode"`
	Prefill    float64 `json:"prefill"`
	Decode     float64 `json:"decode"`
}

// Confidence is how sure the answer is, from 0 to 1, and the mean log-probability that it is made of; false where neither LogProbs nor
// Choices were asked for. For a choice it is its probability as a share of all choices'; else the geometric mean of the
// probabilities of the answer's tokens, e to the mean of LogProbs.
func (a *Answer) Confidence() (confidence, logProb float64, ok bool) {
	for _, c := range a.Choices {
		if c.Text == a.Text {
			return c.Probability, c.LogProb, true
		}
	}
	n := float64(len(a.LogProbs))
	for _, l := range a.LogProbs {
		logProb += l / n
	}
	return math.Exp(logProb), logProb, n > 0
}

// Answer answers a question about a view of this model; another model's is an error. What the prompt has in common with the question
// before it is not computed again.
func (m *Model) Answer(ctx context.Context, v *View, question string, k AnswerKnobs, h Hooks) (*Answer, error) {
	if v.model != m {
		return nil, errOtherModel
	}
	if err := k.Check(); err != nil {
		return nil, err
	}
	if err := m.checkAttention(v, h.Attention); err != nil {
		return nil, err
	}
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, question, k)
	if err != nil {
		return nil, err
	}
	text := len(before) + len(after)
	if err := m.fits(text, v.plan, k.Choices); err != nil {
		return nil, err
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.busy.Unlock()
	a := &Answer{Crops: len(v.plan.Boxes), Encoded: v.encoded, ImageTokens: v.plan.ImageTokens, NumTokens: v.plan.NumTokens, PromptTokens: text + v.plan.ImageTokens, PMin: 1, Seconds: v.seconds}
	a.Seconds.Load, v.seconds, v.encoded = m.load.Seconds(), Seconds{}, 0
	if err := m.answer(ctx, v, before, after, k, h, a); err != nil {
		m.dialogue.forget()
		return nil, m.explain(err)
	}
	m.dialogue.store(h)
	return a, nil
}

// answer prefills the prompt and decodes what follows, or scores the choices.
func (m *Model) answer(ctx context.Context, v *View, before, after []int, k AnswerKnobs, h Hooks, a *Answer) (err error) {
	defer m.checkpoint.Guard(&err)()
	defer m.dialogue.guard(&err)
	watch := stopwatch{time.Now()}
	most := min(k.MaxNewTokens, m.config.Text.Context-a.PromptTokens)
	if k.Choices != nil {
		most = 0
		for _, c := range k.Choices {
			most = max(most, m.positions(c))
		}
	}
	looks := m.newLooks(v, before, h.Attention)
	logits, err := m.dialogue.prefill(ctx, v, before, after, a.PromptTokens+most, looks, h)
	if err != nil {
		return err
	}
	watch.lap(&a.Seconds.Prefill)
	if k.Choices != nil {
		err = m.choose(ctx, logits, k.Choices, looks, a)
	} else {
		err = m.generate(ctx, logits, most, k, h, a)
	}
	if err == nil && looks != nil {
		a.Attention = m.attention(v, a, looks, h)
	}
	watch.lap(&a.Seconds.Decode)
	return err
}

// fits returns an error if text tokens and the plan's image tokens leave no room for an answer, or too little for a choice.
func (m *Model) fits(text int, plan Plan, choices []string) error {
	room := m.config.Text.Context - text - plan.ImageTokens
	if room < 1 {
		var k ViewKnobs
		return fmt.Errorf("%s: %d image tokens and %d of text leave no room for an answer in the model's %d positions", KnobName(k.All(), &k.NumTokens), plan.ImageTokens, text, m.config.Text.Context)
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

// generate decodes an answer of at most most tokens.
func (m *Model) generate(ctx context.Context, logits []float32, most int, k AnswerKnobs, h Hooks, a *Answer) error {
	var text strings.Builder
	stream := m.tokenizer.NewDecoder()
	say := func(piece string) {
		text.WriteString(piece)
		if piece != "" && h.Piece != nil {
			h.Piece(piece)
		}
	}
	for id, err := range m.decoder.Decode(ctx, logits, m.dialogue.kv, llm.NewSampler(k.Temperature, k.TopP, k.Seed), m.stop, most) {
		if err != nil {
			return err
		}
		p := llm.LogProb(logits, id)
		a.PMin = min(a.PMin, math.Exp(p))
		if k.LogProbs {
			a.LogProbs = append(a.LogProbs, p)
		}
		a.Tokens = append(a.Tokens, id)
		h.progress(StageTokens, len(a.Tokens), most)
		say(stream.Next(id))
	}
	say(stream.Flush())
	a.Text, a.Finish = text.String(), FinishStop
	if len(a.Tokens) == most {
		a.Finish = FinishLength
	}
	h.Dump.keepTokens(a.Tokens)
	return nil
}

// choose scores every choice as the whole answer and takes the likeliest: the one with the highest mean log-probability of its
// tokens and the stop token behind them (Wu and Xie 2023, "V*: Guided Visual Search", section 4).
// looks, unless it is nil, keeps the rows that predict that one.
func (m *Model) choose(ctx context.Context, logits []float32, choices []string, looks *llm.Attention, a *Answer) error {
	best, sum := 0, 0.0
	rows := newChoiceRows(looks)
	var tokens [][]int
	var least []float64
	for i, text := range choices {
		ids := m.tokenizer.EncodeText(text)
		scores, err := m.decoder.Score(ctx, logits, append(slices.Clone(ids), m.stop), m.dialogue.kv)
		if err != nil {
			return err
		}
		c := Choice{Text: text}
		for _, s := range scores {
			c.LogProb += s / float64(len(scores))
		}
		a.Choices, tokens, least = append(a.Choices, c), append(tokens, ids), append(least, math.Exp(slices.Min(scores[:len(ids)])))
		if c.LogProb > a.Choices[best].LogProb {
			best = i
		}
		rows.scored(best == i)
	}
	for _, c := range a.Choices {
		sum += math.Exp(c.LogProb - a.Choices[best].LogProb)
	}
	for i := range a.Choices {
		a.Choices[i].Probability = math.Exp(a.Choices[i].LogProb-a.Choices[best].LogProb) / sum
	}
	rows.finish()
	a.Text, a.Tokens, a.Finish, a.PMin = choices[best], tokens[best], FinishStop, least[best]
	return nil
}

// positions is what a choice takes: its tokens and the stop token.
func (m *Model) positions(choice string) int { return len(m.tokenizer.EncodeText(choice)) + 1 }
