package mcllava

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/llm"
)

// prefix is what the keys and values hold from their beginning: the prompt of a view up to the end of its image tokens.
type prefix struct {
	view   *View
	before []int // tokens ahead of the image's
	length int   // positions
}

// Answer answers a question about a view of this model; another model's is an error. What the prompt has in common with the question before it is not
// computed again. Of the options it uses all but MaxCrops and NumTokens.
func (m *Model) Answer(ctx context.Context, v *View, question string, o Options) (*Answer, error) {
	if v.model != m {
		return nil, errors.New("the view is another model's")
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, question, o)
	if err != nil {
		return nil, err
	}
	text := len(before) + len(after)
	if err := m.fits(text, v.plan, o.Choices); err != nil {
		return nil, err
	}
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.busy.Unlock()
	a := &Answer{Crops: len(v.plan.Boxes), ImageTokens: v.plan.ImageTokens, NumTokens: v.plan.NumTokens, PromptTokens: text + v.plan.ImageTokens, Cached: v.cached, Seconds: v.seconds}
	a.Seconds.Load, v.seconds = m.load.Seconds(), Seconds{}
	if err := m.answer(ctx, v, before, after, o, a); err != nil {
		m.prefix = prefix{}
		return nil, m.explain(err)
	}
	return a, nil
}

// answer prefills the prompt, or what of it m.kv does not hold, and decodes what follows.
func (m *Model) answer(ctx context.Context, v *View, before, after []int, o Options, a *Answer) (err error) {
	defer m.checkpoint.Guard(&err)()
	watch := stopwatch{time.Now()}
	most := min(o.MaxNewTokens, m.config.Text.Context-a.PromptTokens)
	if o.Choices != nil {
		most = 0
		for _, c := range o.Choices {
			most = max(most, m.positions(c))
		}
	}
	m.reserve(a.PromptTokens + most)
	rest := m.decoder.Embed(after)
	// A prompt that ends with the picture leaves nothing to take the first token from, so that it is computed again.
	if m.prefix.view == v && slices.Equal(m.prefix.before, before) && len(after) > 0 && o.Stages == nil {
		m.kv.Truncate(m.prefix.length)
	} else {
		m.kv.Truncate(0)
		m.prefix = prefix{v, before, len(before) + v.plan.ImageTokens}
		projected := m.encoder.Project(v.features)
		o.Stages.keepFeatures(v.features, projected)
		rest = m.merge(before, projected, after)
	}
	logits, err := m.decoder.Prefill(ctx, rest, m.kv)
	if err != nil {
		return err
	}
	o.Stages.keepLogits(logits)
	watch.lap(&a.Seconds.Prefill)
	if o.Choices != nil {
		err = m.choose(ctx, logits, o.Choices, a)
	} else {
		err = m.generate(ctx, logits, most, o, a)
	}
	watch.lap(&a.Seconds.Decode)
	return err
}

// reserve sees to it that m.kv has room for positions; a new one holds nothing. It has room to spare for a longer question
// after this one.
func (m *Model) reserve(positions int) {
	const spare = 256
	if m.kv == nil || m.kv.Cap() < positions {
		m.kv, m.prefix = m.decoder.NewKV(min(positions+spare, m.config.Text.Context)), prefix{}
	}
}

// merge puts the image tokens between the embeddings of the text, [L, D].
func (m *Model) merge(before []int, projected blas32.General, after []int) blas32.General {
	x := tensor.New(len(before)+projected.Rows+len(after), projected.Cols)
	tensor.Copy(x, m.decoder.Embed(before))
	tensor.Copy(tensor.Rows(x, len(before), len(before)+projected.Rows), projected)
	tensor.Copy(tensor.Rows(x, len(before)+projected.Rows, x.Rows), m.decoder.Embed(after))
	return x
}

// generate decodes an answer of at most most tokens.
func (m *Model) generate(ctx context.Context, logits []float32, most int, o Options, a *Answer) error {
	var text strings.Builder
	stream := m.tokenizer.NewDecoder()
	say := func(piece string) {
		text.WriteString(piece)
		if piece != "" && o.Piece != nil {
			o.Piece(piece)
		}
	}
	for id, err := range m.decoder.Decode(ctx, logits, m.kv, llm.NewSampler(o.Temperature, o.TopP, o.Seed), m.stop, most) {
		if err != nil {
			return err
		}
		if o.LogProbs {
			a.LogProbs = append(a.LogProbs, llm.LogProb(logits, id))
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
	return nil
}

// Choice is one of the answers that Options.Choices offers.
type Choice struct {
	Text        string  `json:"text"`
	LogProb     float64 `json:"logprob"`     // mean over its tokens and the stop token
	Probability float64 `json:"probability"` // e^LogProb as a share of all choices'
}

// choose scores every choice as the whole answer and takes the likeliest: the one with the highest mean log-probability of its
// tokens and the stop token behind them (Wu and Xie 2023, "V*: Guided Visual Search", section 4).
func (m *Model) choose(ctx context.Context, logits []float32, choices []string, a *Answer) error {
	best, sum := 0, 0.0
	var tokens [][]int
	for i, text := range choices {
		ids := m.tokenizer.EncodeText(text)
		scores, err := m.decoder.Score(ctx, logits, append(slices.Clone(ids), m.stop), m.kv)
		if err != nil {
			return err
		}
		c := Choice{Text: text}
		for _, s := range scores {
			c.LogProb += s / float64(len(scores))
		}
		a.Choices, tokens = append(a.Choices, c), append(tokens, ids)
		if c.LogProb > a.Choices[best].LogProb {
			best = i
		}
	}
	for _, c := range a.Choices {
		sum += math.Exp(c.LogProb - a.Choices[best].LogProb)
	}
	for i := range a.Choices {
		a.Choices[i].Probability = math.Exp(a.Choices[i].LogProb-a.Choices[best].LogProb) / sum
	}
	a.Text, a.Tokens, a.Finish = choices[best], tokens[best], FinishStop
	return nil
}

// positions is what a choice takes: its tokens and the stop token.
func (m *Model) positions(choice string) int { return len(m.tokenizer.EncodeText(choice)) + 1 }
