package sweep

import (
	"github.com/mcllava/mcllava/internal/records"
)

// Results are the rows of a sweep, by pair and cell.
type Results struct {
	Axes
	Pairs []*Pair // in the order of their first rows

	numbers map[int]*Pair
	prefill map[view]float64 // seconds of the longest
}

// Pair is the rows of one pair of an image and a question.
type Pair struct {
	Number          int
	Image, Question string

	cells   []*records.Record // by cell; nil for one that is not there
	results *Results
}

// view is a cell's view of a picture.
type view struct{ picture, run string }

// NewResults are without rows.
func NewResults(a Axes) *Results {
	return &Results{Axes: a, numbers: map[int]*Pair{}, prefill: map[view]float64{}}
}

// Add adds a row, or puts it in the place of an earlier row of the same cell.
func (r *Results) Add(row records.Record) {
	cells := len(r.MaxCrops) * len(r.NumTokens)
	at := r.index(row)
	if row.Sweep == "" || at < 0 {
		return
	}
	row.Tokens = nil
	number := row.N / cells
	p := r.numbers[number]
	if p == nil {
		p = &Pair{Number: number, Image: row.Image, Question: row.Question, cells: make([]*records.Record, cells), results: r}
		r.numbers[number], r.Pairs = p, append(r.Pairs, p)
	}
	p.cells[at] = &row
	if row.Mark != "" || row.Failed() {
		return
	}
	v := viewOf(&row)
	r.prefill[v] = max(r.prefill[v], row.Seconds.Prefill)
}

func viewOf(row *records.Record) view { return view{row.ImageSHA256, row.Run} }

// index is the place of a row among the cells of its pair, or -1.
func (r *Results) index(row records.Record) int {
	for i, c := range r.Grid(false) {
		if c.MaxCrops == row.MaxCrops && c.NumTokens == row.Knobs.NumTokens {
			return i
		}
	}
	return -1
}

// answer is the row that answers a cell: its own, or that of the cell in which the picture is seen alike; nil for none.
func (p *Pair) answer(cell int) *records.Record {
	row := p.cells[cell]
	switch {
	case row == nil || row.Failed():
		return nil
	case row.Mark == "":
		return row
	case row.NumTokens == 0:
		return nil
	}
	for _, other := range p.cells {
		if other != nil && other.Mark == "" && !other.Failed() && other.Crops == row.Crops && other.NumTokens == row.NumTokens {
			return other
		}
	}
	return nil
}

// seconds is about how long a row's question would take alone, once the model is open. Of several questions about a view, one alone has
// read the whole prompt.
func (r *Results) seconds(row *records.Record) float64 {
	s := row.Seconds
	return s.Preprocess + s.Encode + r.prefill[viewOf(row)] + s.Decode
}

// Figure is what a cell came to.
type Figure struct {
	Mark     string  // why it was not asked, of any pair; then there is nothing else
	Answered int     // pairs that have an answer in it, or in one in which the picture is seen alike
	Judged   int     // of them, those of which something was expected
	Score    float64 // of them, the sum: 1 for an answer that says what was expected
	Seconds  float64
	Failed   int // pairs without an answer
}

// Figures are what the cells came to over some pairs, in the order of the cells: numbers of pairs, and the mean of their seconds.
func (r *Results) Figures(pairs []*Pair) []Figure {
	figures := make([]Figure, len(r.MaxCrops)*len(r.NumTokens))
	for i := range figures {
		f := &figures[i]
		own := false
		for _, p := range pairs {
			row := p.cells[i]
			if row == nil || row.Failed() {
				f.Failed++
				continue
			}
			if own = own || row.Mark == ""; row.Mark != "" && f.Mark == "" {
				f.Mark = row.Mark
			}
			if row = p.answer(i); row == nil {
				continue
			}
			f.Answered++
			f.Seconds += r.seconds(row)
			if row.Correct != nil {
				if f.Judged++; *row.Correct {
					f.Score++
				}
			}
		}
		switch {
		case own:
			f.Mark = ""
		case f.Mark != "":
			*f = Figure{Mark: f.Mark}
		}
		if f.Answered > 0 {
			f.Seconds /= float64(f.Answered)
		}
	}
	return figures
}

// judged says whether anything was expected of the answers.
func judged(figures []Figure) bool {
	for _, f := range figures {
		if f.Judged > 0 {
			return true
		}
	}
	return false
}
