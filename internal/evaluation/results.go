package evaluation

import (
	"slices"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
)

// Results are the answers to the items of an evaluation, in each cell of its axes.
type Results struct {
	*Evaluation
	Axes sweep.Axes

	given bool           // the answers come from a file, and who was asked how is not known
	index map[string]int // of the items, by id
	cells []mcllava.ViewKnobs
	rows  [][]row // by cell, then by item
}

// state says what there is of an item in a cell.
type state uint8

// The states.
const (
	missing state = iota // not asked, or of another shard
	failed
	marked // the picture cannot be seen so, or is seen so in another cell
	answered
)

// row is what became of an item in a cell.
type row struct {
	state      state
	prediction score.Prediction
	score      *score.Score // nil where the right answer is not published
	mark       string
	crops      int
	numTokens  int
	seconds    float64
}

// NewResults are without answers.
func (e *Evaluation) NewResults(axes sweep.Axes) *Results {
	r := &Results{Evaluation: e, Axes: axes, index: make(map[string]int, len(e.items)), cells: axes.Grid(false)}
	for i := range e.items {
		r.index[e.items[i].ID] = i
	}
	for range r.cells {
		r.rows = append(r.rows, make([]row, len(e.items)))
	}
	return r
}

// Add adds the record of an answer or of a failure. A failure takes no answer's place.
func (r *Results) Add(record records.Record) {
	i, found := r.index[record.ID]
	cell := r.cell(record)
	if !found || cell < 0 {
		return
	}
	at := &r.rows[cell][i]
	switch {
	case record.Failed():
		if at.state == missing {
			at.state = failed
		}
		return
	case record.Mark != "":
		*at = row{state: marked, mark: record.Mark, crops: record.Crops, numTokens: record.NumTokens}
		return
	}
	s := record.Seconds
	*at = row{
		state: answered, prediction: predicted(&r.items[i], &record), crops: record.Crops, numTokens: record.NumTokens,
		seconds: s.Preprocess + s.Encode + s.Prefill + s.Decode,
	}
	if found, err := r.scorer.Score(&r.items[i], at.prediction); err == nil {
		at.score = &found
	}
}

// cell is the place of a record's cell, or -1.
func (r *Results) cell(record records.Record) int {
	if len(r.cells) == 1 {
		return 0
	}
	return slices.IndexFunc(r.cells, func(k mcllava.ViewKnobs) bool {
		return k.MaxCrops == record.MaxCrops && k.NumTokens == record.Knobs.NumTokens
	})
}

// row is that of an item in a cell or, where the picture is seen as in another cell, in that one.
func (r *Results) row(cell, item int) *row {
	own := &r.rows[cell][item]
	if own.state != marked || own.numTokens == 0 {
		return own
	}
	for c := range r.cells {
		if other := &r.rows[c][item]; other.state == answered && other.crops == own.crops && other.numTokens == own.numTokens {
			return other
		}
	}
	return own
}

// Scores are those of the items in a cell, in the order in which they were asked. An item without an answer is worth nothing, as the
// scripts have it, unless the picture cannot be seen so or the item is another shard's.
func (r *Results) Scores(cell int) []score.Score {
	var all []score.Score
	for i := range r.items {
		switch at := r.row(cell, i); {
		case at.state == answered && at.score != nil:
			all = append(all, *at.score)
		case at.state == failed && r.scorable(i):
			all = append(all, score.Score{ID: r.items[i].ID})
		}
	}
	return all
}

// scorable says whether an item's right answer is published.
func (e *Evaluation) scorable(i int) bool {
	_, err := e.scorer.Score(&e.items[i], score.Prediction{ID: e.items[i].ID, Choice: -1})
	return err == nil
}

// Counts are the numbers of a cell that are no scores.
type Counts struct {
	Asked    int     `json:"asked"` // items that have an answer or have failed
	Answered int     `json:"answered"`
	Failed   int     `json:"failed"`
	Marked   int     `json:"marked,omitempty"`
	Crops    float64 `json:"crops"`   // mean of an answer
	Seconds  float64 `json:"seconds"` // mean of an answer
}

// Counts are those of a cell.
func (r *Results) Counts(cell int) (n Counts) {
	for i := range r.items {
		at := r.row(cell, i)
		switch at.state {
		case failed:
			n.Failed++
		case marked:
			n.Marked++
		case answered:
			n.Answered++
			n.Crops += float64(at.crops)
			n.Seconds += at.seconds
		}
	}
	if n.Answered > 0 {
		n.Crops /= float64(n.Answered)
		n.Seconds /= float64(n.Answered)
	}
	n.Asked = n.Answered + n.Failed
	return n
}
