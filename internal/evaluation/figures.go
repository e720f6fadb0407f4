package evaluation

import (
	"fmt"
	"io"
	"slices"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/report"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
)

// Figures are what the answers in a cell came to.
type Figures struct {
	score.Summary
	Split    string  `json:"split,omitempty"`
	Hash     string  `json:"dataset_sha256,omitempty"`
	Style    Style   `json:"prompt_style"`
	Choosing string  `json:"choices_by,omitempty"`
	Sample   *uint64 `json:"sample_seed,omitempty"`
	Counts
	Lines []Line `json:"table"`

	MaxCrops  *int      `json:"max_crops,omitempty"` // of a cell of a grid
	NumTokens *int      `json:"num_tokens,omitempty"`
	Cells     []Figures `json:"cells,omitempty"` // of a grid; the figures besides are those of its last cell
	Against   []System  `json:"against,omitempty"`
}

// Line is a row of the table.
type Line struct {
	By     string   `json:"by"` // what the items of the row have in common; "" for all of them
	Name   string   `json:"name"`
	N      int      `json:"n"`
	Score  float64  `json:"score"` // mean, 0…1
	Low    float64  `json:"low"`   // of its 95 % interval over the pictures, as score.ShareInterval has it
	High   float64  `json:"high"`
	Chance *float64 `json:"chance,omitempty"` // mean of 1/options; nil where not all items have options
}

// The names of what tables are made by, as Summary.By has them.
const (
	byCategory     = "category"
	byAnswerType   = "answer_type"
	byQuestionType = "question_type"
)

// kindOf is what an item is in a table by something.
func kindOf(it *dataset.Item, by string) string {
	switch by {
	case byCategory:
		return it.Category
	case byAnswerType:
		return it.AnswerType
	}
	return it.QuestionType
}

// Figures are those of the results and, of a grid, of each of its cells.
func (r *Results) Figures(others []System) Figures {
	last := len(r.cells) - 1
	f := r.figures(last)
	f.Against = others
	if last == 0 {
		return f
	}
	for c := range r.cells {
		one := r.figures(c)
		one.MaxCrops, one.NumTokens = &r.cells[c].MaxCrops, &r.cells[c].NumTokens
		f.Cells = append(f.Cells, one)
	}
	f.MaxCrops, f.NumTokens = &r.cells[last].MaxCrops, &r.cells[last].NumTokens
	return f
}

// figures are those of a cell.
func (r *Results) figures(cell int) Figures {
	scores := r.Scores(cell)
	f := Figures{
		Summary: r.scorer.Summary(scores), Split: r.Set.Split, Hash: r.Set.Hash, Style: r.Style, Sample: r.Sample, Counts: r.Counts(cell),
	}
	f.Choosing = string(r.Choosing)
	if f.Marked > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("without %d of %d items, whose pictures cannot be seen so", f.Marked, len(r.items)))
	}
	for _, by := range []string{byCategory, byAnswerType, byQuestionType} {
		f.Lines = append(f.Lines, r.lines(scores, by)...)
	}
	if whole := r.line(scores, "", "overall", r.counted()); whole.N > 0 {
		whole.Score = f.Overall
		f.Lines = append(f.Lines, whole)
	}
	if all, has := f.Figures[score.FigureAll]; has && f.N < len(scores) {
		whole := r.line(scores, "", "all", everyItem)
		whole.Score = all
		f.Lines = append(f.Lines, whole)
	}
	return f
}

func everyItem(*dataset.Item) bool { return true }

// counted says whether an item is one of those that the benchmark's overall score is the mean of.
func (r *Results) counted() func(*dataset.Item) bool {
	counts := func(it *dataset.Item) bool { return slices.Contains(score.VStarCounted, it.Category) }
	if r.Set.Kind == dataset.VStar && slices.ContainsFunc(r.items, func(it dataset.Item) bool { return counts(&it) }) {
		return counts
	}
	return everyItem
}

// lines are the rows by something, in the order of the data set; none where nothing or one thing is to be told apart.
func (r *Results) lines(scores []score.Score, by string) (lines []Line) {
	var names []string
	for i := range r.Set.Items {
		if name := kindOf(&r.Set.Items[i], by); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if by != byCategory {
		slices.Sort(names)
	}
	for _, name := range names {
		if l := r.line(scores, by, name, func(it *dataset.Item) bool { return kindOf(it, by) == name }); l.N > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// line is the row of the items that are wanted.
func (r *Results) line(scores []score.Score, by, name string, wanted func(*dataset.Item) bool) Line {
	l := Line{By: by, Name: name}
	var values []float64
	var pictures []string
	chance, choosing := 0.0, 0
	for _, s := range scores {
		it := &r.items[r.index[s.ID]]
		if !wanted(it) {
			continue
		}
		values, pictures = append(values, s.Value), append(pictures, it.Picture.Name)
		l.Score += s.Value
		if len(it.Options) > 0 {
			chance, choosing = chance+1/float64(len(it.Options)), choosing+1
		}
	}
	if l.N = len(values); l.N == 0 {
		return l
	}
	l.Score /= float64(l.N)
	l.Low, l.High = score.ShareInterval(values, pictures, bootstrapSeed)
	if choosing == l.N {
		chance /= float64(l.N)
		l.Chance = &chance
	}
	return l
}

// Facts are what a page of results says of the figures beside those that it finds in the records.
func (f *Figures) Facts() (facts []report.Figure) {
	add := func(name, value string) { facts = append(facts, report.Figure{Name: name, Value: value}) }
	for _, l := range f.Lines {
		if l.By == "" {
			add("Score, "+l.Name, fmt.Sprintf("%.2f %% of %d (95 %% over the pictures between %.1f %% and %.1f %%)", percent*l.Score, l.N, percent*l.Low, percent*l.High))
		}
	}
	for _, text := range extra(&f.Summary) {
		add("Of the benchmark", text)
	}
	add("Scoring", string(f.Scoring))
	add("Prompt style", string(f.Style))
	if f.Sample != nil {
		add("Sample seed", fmt.Sprint(*f.Sample))
	}
	return facts
}

// Plot writes a heat map of the scores over both knobs, in the format of a file's name.
func (r *Results) Plot(w io.Writer, path string) error {
	figures := make([]sweep.Figure, len(r.cells))
	for c := range r.cells {
		n := r.Counts(c)
		f := sweep.Figure{Answered: n.Answered, Failed: n.Failed, Seconds: n.Seconds}
		for _, s := range r.Scores(c) {
			f.Judged++
			f.Score += s.Value
		}
		if n.Answered == 0 && n.Marked > 0 {
			f = sweep.Figure{Mark: r.mark(c)}
		}
		figures[c] = f
	}
	return r.Axes.PlotFigures(w, path, figures, r.name())
}

// mark says why a cell has no answers of its own.
func (r *Results) mark(cell int) string {
	for _, at := range r.rows[cell] {
		if at.state == marked {
			return at.mark
		}
	}
	return ""
}
