// Package score says what an answer is worth, as the official script of each benchmark does.
package score

import (
	"fmt"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/dataset"
)

// Scoring is the way in which answers are compared.
type Scoring string

// The ways.
const (
	Official Scoring = "official" // as the benchmark's own script
	LMMs     Scoring = "lmms"     // as lmms-eval, where that differs
	LLaVA    Scoring = "llava"    // GQA: as LLaVA's converter writes answers, before the script compares them
	Letters  Scoring = "letters"  // MME-RealWorld: a letter is a word of its own, as in the other benchmarks with options
)

// Prediction is an answer to an item.
type Prediction struct {
	ID           string
	Text         string   // free, a letter, or an option
	Choice       int      // index of the option that was chosen by likelihood; -1 for none
	Tie          bool     // another option was as likely as Choice; whoever chose has not given the right one the benefit of it
	Unanswerable *float64 // VizWiz: how likely it is that there is no answer, 0…1; nil where that was not predicted
	NoText       bool     // VizWiz: only Unanswerable was predicted
}

// Score is what a prediction is worth.
type Score struct {
	ID       string
	Value    float64  // 0…1
	Compared string   // the prediction as it was compared
	With     []string // the right answers as they were compared, each once

	// Of the prediction, for Summary.
	Tie          bool
	Unanswerable *float64
	NoText       bool
}

// Scorer scores the answers to one data set.
type Scorer struct {
	set     *dataset.Set
	scoring Scoring
	rule    rule
}

// rule compares a free answer with the published ones. It gives both as they were compared.
type rule func(answer string, right []string) (value float64, compared string, with []string)

// scorings are the ways that each kind has, its default first.
var scorings = map[dataset.Kind][]Scoring{
	dataset.VStar:   {Official},
	dataset.VQAv2:   {Official, LMMs},
	dataset.TextVQA: {Official},
	dataset.VizWiz:  {Official, LMMs},
	dataset.GQA:     {LLaVA, Official, LMMs},
	dataset.HRBench: {Official},
	dataset.DocVQA:  {Official},
	dataset.InfoVQA: {Official},
	dataset.ChartQA: {Official},
	dataset.MMERW:   {Official, Letters},
	dataset.TSV:     {Official},
	dataset.Scenes:  {Official},
}

// rules are those of the kinds with free answers; elsewhere it is anyOf.
var rules = map[dataset.Kind]map[Scoring]rule{
	dataset.VQAv2:   {Official: vqaOfficial, LMMs: vqaLMMs},
	dataset.TextVQA: {Official: vqaBothSides},
	dataset.VizWiz:  {Official: vizwizOfficial, LMMs: vqaBothSides},
	dataset.GQA:     {Official: equal, LLaVA: equalAsLLaVA, LMMs: equalAsLMMs},
	dataset.DocVQA:  {Official: anls},
	dataset.InfoVQA: {Official: anls},
	dataset.ChartQA: {Official: relaxed},
}

// Scorings are the ways that a kind of benchmark has, its default first; nil for an unknown kind.
func Scorings(kind dataset.Kind) []Scoring { return slices.Clone(scorings[kind]) }

// New is the scorer of a data set. An empty scoring is the benchmark's default. The error lists the ways that the benchmark has.
func New(set *dataset.Set, scoring Scoring) (*Scorer, error) {
	has := scorings[set.Kind]
	switch {
	case has == nil:
		return nil, fmt.Errorf("unknown kind of data set %q", set.Kind)
	case scoring == "":
		scoring = has[0]
	case !slices.Contains(has, scoring):
		names := make([]string, len(has))
		for i, s := range has {
			names[i] = string(s)
		}
		return nil, fmt.Errorf("scoring is %q, expected %s for %s", scoring, strings.Join(names, " or "), set.Kind)
	}
	r := rules[set.Kind][scoring]
	if r == nil {
		r = anyOf
	}
	return &Scorer{set, scoring, r}, nil
}

// Scoring is the way in which answers are compared.
func (s *Scorer) Scoring() Scoring { return s.scoring }

// Score compares a prediction with what is right. The error names the item, if its answer is not published or if the benchmark's script
// does not take what is.
func (s *Scorer) Score(it *dataset.Item, p Prediction) (Score, error) {
	score := Score{ID: it.ID, Tie: p.Tie, Unanswerable: p.Unanswerable, NoText: p.NoText}
	if u := p.Unanswerable; u != nil && !(*u >= 0 && *u <= 1) {
		return Score{}, fmt.Errorf("item %s: unanswerable is %v, expected 0 to 1", it.ID, *u)
	}
	if len(it.Options) > 0 {
		return s.choice(it, p, score)
	}
	switch {
	case len(it.Answers) == 0:
		return Score{}, fmt.Errorf("item %s of %s cannot be scored: its answer is not published", it.ID, s.set.Kind)
	case s.set.Kind == dataset.TextVQA && len(it.Answers) != people:
		return Score{}, fmt.Errorf("item %s of %s cannot be scored: it has %d answers, expected %d", it.ID, s.set.Kind, len(it.Answers), people)
	}
	score.Value, score.Compared, score.With = s.rule(p.Text, it.Answers)
	return score, nil
}

// choice scores one of several options.
func (s *Scorer) choice(it *dataset.Item, p Prediction, score Score) (Score, error) {
	switch {
	case it.Right < 0:
		return Score{}, fmt.Errorf("item %s of %s cannot be scored: its answer is not published", it.ID, s.set.Kind)
	case it.Right >= len(it.Options) || len(it.Letters) != 0 && len(it.Letters) != len(it.Options):
		return Score{}, fmt.Errorf("item %s of %s: %d options, %d letters and the right one at %d", it.ID, s.set.Kind, len(it.Options), len(it.Letters), it.Right)
	case p.Choice >= len(it.Options):
		return Score{}, fmt.Errorf("item %s: choice %d, expected one of %d options", it.ID, p.Choice, len(it.Options))
	}
	chosen := p.Choice
	if chosen < 0 {
		if s.set.Kind == dataset.MMERW && s.scoring == Official {
			chosen = firstLetter(p.Text, it.Letters)
		} else {
			chosen = inferred(p.Text, it.Letters, it.Options)
		}
	}
	name := func(i int) string {
		if i < len(it.Letters) {
			return it.Letters[i]
		}
		return it.Options[i]
	}
	score.With = []string{name(it.Right)}
	if chosen >= 0 {
		score.Compared = name(chosen)
	}
	if chosen == it.Right {
		score.Value = 1
	}
	return score, nil
}

// mean is the average in the order of the values; 0 for none.
func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// once is each text once, in the order in which they come.
func once(texts []string) []string {
	var all []string
	for _, t := range texts {
		if !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}
