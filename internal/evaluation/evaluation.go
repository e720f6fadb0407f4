// Package evaluation asks a model the questions of a data set, as a client of package run, and says what the answers are worth: as records,
// as tables by category, over the cells of a grid, and beside other systems.
package evaluation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
)

// Options say which items of a data set are asked, and how. The zero value asks all of them as the field does.
type Options struct {
	Limit    int           // items at most; 0 for all
	Sample   *uint64       // seed of a sample of Limit items; nil for the first ones
	Style    Style         // "" for the data set's
	Choosing Choosing      // "" for the data set's
	Scoring  score.Scoring // "" for the data set's
}

// Evaluation is a data set as it is asked.
type Evaluation struct {
	Set     *dataset.Set
	Options // in force

	items  []dataset.Item // in the order in which they are asked: those about one picture together
	scorer *score.Scorer
}

// New chooses the items of a data set, and says how they are asked. The error names the option that does not go with the data set.
func New(set *dataset.Set, o Options) (*Evaluation, error) {
	options := slices.ContainsFunc(set.Items, func(it dataset.Item) bool { return len(it.Options) >= leastOptions })
	if o.Choosing == "" {
		o.Choosing = choosingOf(set.Kind)
	}
	if o.Style == "" {
		o.Style = styleOf(set.Kind, o.Choosing, options)
	}
	scorer, err := score.New(set, o.Scoring)
	if err != nil {
		return nil, err
	}
	o.Scoring = scorer.Scoring()
	switch {
	case !options && o.Style == StyleLetters:
		return nil, fmt.Errorf("%s has no options, so that no letters can be asked for", set.Name)
	case options && o.Choosing == Letter && o.Style != StyleLetters:
		return nil, fmt.Errorf("a letter is to be chosen, but prompts of the style %s name none; expected the style %s", o.Style, StyleLetters)
	case o.Limit < 0:
		return nil, fmt.Errorf("limit is %d, expected 1 or more", o.Limit)
	}
	e := &Evaluation{Set: set, Options: o, scorer: scorer}
	e.items = chosen(set.Items, o.Limit, o.Sample)
	if o.Choosing == Letter && !slices.ContainsFunc(e.items, func(it dataset.Item) bool { return len(it.Options) > 0 && it.Right != 0 }) {
		for i, it := range e.items {
			if len(it.Options) > 0 {
				e.items[i] = shuffled(it)
			}
		}
	}
	return e, nil
}

// chosen are the items that are asked, those about one picture together, in the order of the first of them.
func chosen(items []dataset.Item, limit int, sample *uint64) []dataset.Item {
	kept := make([]int, 0, len(items))
	for i, it := range items {
		if it.Balanced {
			kept = append(kept, i)
		}
	}
	if limit > 0 && limit < len(kept) {
		if sample != nil {
			rand.New(rand.NewPCG(*sample, 0)).Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] })
		}
		kept = kept[:limit]
		slices.Sort(kept)
	}
	first := map[string]int{}
	for _, i := range kept {
		if _, found := first[items[i].Picture.Name]; !found {
			first[items[i].Picture.Name] = i
		}
	}
	slices.SortStableFunc(kept, func(a, b int) int { return first[items[a].Picture.Name] - first[items[b].Picture.Name] })
	asked := make([]dataset.Item, len(kept))
	for n, i := range kept {
		asked[n] = items[i]
	}
	return asked
}

// Items is how many items are asked.
func (e *Evaluation) Items() int { return len(e.items) }

// Pictures is how many pictures the items are about.
func (e *Evaluation) Pictures() int {
	names := map[string]bool{}
	for i := range e.items {
		names[e.items[i].Picture.Name] = true
	}
	return len(names)
}

// pairs are the items as questions about pictures. mostBytes is those of a picture.
func (e *Evaluation) pairs(mostBytes int64) *inputs.Pairs {
	var all []inputs.Pair
	var source *inputs.Source
	for i := range e.items {
		it := &e.items[i]
		name := it.Picture.File
		if name == "" {
			name = it.Picture.Name
		}
		if source == nil || source.Path != name {
			if source = inputs.SourceOf(name, mostBytes, it.Picture.Open); it.Picture.File != "" {
				source = inputs.Image(name, nil, mostBytes)
			}
		}
		p := inputs.Pair{ID: it.ID, Image: name, Question: prompt(e.Set.Kind, it, e.Style), Source: source}
		if e.Choosing == Likelihood && len(it.Options) > 0 {
			p.Choices = it.Options
		}
		all = append(all, p)
	}
	return inputs.Of(all)
}

// OpenPicture reads the picture of an item by its name in the records, if it lies within another file. It says false of other names.
func (e *Evaluation) OpenPicture(name string) (data []byte, known bool, err error) {
	for i := range e.items {
		if p := &e.items[i].Picture; p.File == "" && p.Name == name {
			data, err = p.Open()
			return data, true, err
		}
	}
	return nil, false, nil
}

// Do asks every item, in every cell of the axes, as run.Run does; of a picture each box is encoded once. The results are those of all rows
// of the output file, if there is one, which may have been written by runs before. They are whole even after an error, as far as the run
// has come. A number of image tokens of 0 in the axes is as in mcllava.ViewKnobs.
func (e *Evaluation) Do(ctx context.Context, open func() (*mcllava.Model, error), o run.Options, axes sweep.Axes, observer run.Observer) (*Results, run.Summary, error) {
	o.Cells = nil
	if cells := axes.Grid(o.Clamp); len(cells) == 1 {
		o.MaxCrops, o.NumTokens = cells[0].MaxCrops, cells[0].NumTokens
	} else {
		o.Cells = cells
	}
	if err := e.Set.CheckPictures(); err != nil {
		return nil, run.Summary{}, err
	}
	cells := max(1, len(o.Cells))
	o.Judge = func(r *records.Record) { e.judge(r, cells) }
	results := e.NewResults(axes)
	o.Missed = results.Add
	summary, err := run.New(e.pairs(mcllava.MaxPictureBytes), open, o, &collector{observer, results}).Do(ctx)
	if path := o.Output.Path; path != "" && !summary.Kept {
		if again, readErr := e.read(path, axes); readErr == nil {
			results = again
		} else if !errors.Is(readErr, errUnread) {
			err = errors.Join(err, readErr)
		}
	}
	return results, summary, err
}

// Predicted are the results of answers in a file, as score.ReadPredictions takes them.
func (e *Evaluation) Predicted(path string) (*Results, error) {
	all := *e
	if e.Limit == 0 {
		all.items = e.Set.Items // those that only follow from others too
		if e.items[0].Balanced && len(e.items) == len(e.Set.Items) {
			all.items = e.items // with the options in the order in which they were asked
		}
	}
	set := *e.Set
	set.Items = all.items
	predictions, err := score.ReadPredictions(path, &set)
	if err != nil {
		return nil, err
	}
	r := all.NewResults(oneCell)
	r.given = true
	for _, p := range predictions {
		i, found := r.index[p.ID]
		if !found {
			continue
		}
		at := &r.rows[0][i]
		at.state, at.prediction = answered, p
		s, err := e.scorer.Score(&all.items[i], p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		at.score = &s
	}
	return r, nil
}

// oneCell are the axes of results of which no knobs are known.
var oneCell = sweep.Axes{MaxCrops: []int{0}, NumTokens: []int{1}}

// errUnread is about an output that cannot be read again, such as a pipe.
var errUnread = errors.New("the output cannot be read again")

// read are the results of an output.
func (e *Evaluation) read(path string, axes sweep.Axes) (*Results, error) {
	results := e.NewResults(axes)
	for r, err := range records.Read(path) {
		if err != nil {
			return nil, errors.Join(errUnread, err)
		}
		results.Add(r)
	}
	return results, nil
}

// collector keeps what an observer hears of.
type collector struct {
	run.Observer
	results *Results
}

// Answered keeps an answer.
func (c *collector) Answered(r records.Record) {
	c.results.Add(r)
	c.Observer.Answered(r)
}

// judge adds to the record of an answer what is right, and what the answer is worth.
func (e *Evaluation) judge(r *records.Record, cells int) {
	it := &e.items[r.N/cells]
	r.Dataset, r.DatasetHash, r.Scoring = e.name(), e.Set.Hash, string(e.Scoring)
	r.Category, r.AnswerType, r.QuestionType = it.Category, it.AnswerType, it.QuestionType
	r.Expected = expected(it)
	for _, b := range it.Boxes {
		r.TrueBox = append(r.TrueBox, [4]int{b.Min.X, b.Min.Y, b.Max.X, b.Max.Y})
	}
	s, err := e.scorer.Score(it, predicted(it, r))
	if err != nil {
		return // the right answer is not published
	}
	r.Score, r.Compared = &s.Value, s.Compared
	if len(it.Options) > 0 {
		r.Choice = option(it, s.Compared)
	}
}

// option is the one that a score calls by its letter or, where there are no letters, by itself; "" for none.
func option(it *dataset.Item, compared string) string {
	if i := slices.Index(it.Letters, compared); i >= 0 {
		return it.Options[i]
	}
	if slices.Contains(it.Options, compared) {
		return compared
	}
	return ""
}

// name is the data set with its split.
func (e *Evaluation) name() string {
	if e.Set.Split == "" {
		return e.Set.Name
	}
	return e.Set.Name + " " + e.Set.Split
}

// predicted is an answer as it is scored. Of options that are equally likely a wrong one is taken, since the right one, which stands first
// in some data sets, would else win each tie.
func predicted(it *dataset.Item, r *records.Record) score.Prediction {
	p := score.Prediction{ID: it.ID, Text: r.Answer, Choice: -1}
	best, known := r.Probabilities[r.Answer]
	for i, option := range it.Options {
		if !known || r.Probabilities[option] != best {
			continue
		}
		p.Tie = p.Choice >= 0
		if p.Choice < 0 || p.Choice == it.Right {
			p.Choice = i
		}
	}
	return p
}
