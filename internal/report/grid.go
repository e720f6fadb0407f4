package report

import (
	"image"
	"slices"
	"strconv"

	"github.com/mcllava/mcllava"
)

// grid is the table of the two knobs.
type grid struct {
	Columns []int
	Marked  bool // some cells were not asked
	Partial bool // some cells have scores of fewer items than others
	Rows    []gridRow
}

type gridRow struct {
	Name  int
	Cells [][]gridCell
}

type gridCell struct {
	Value, Seconds string
	Seen           bool   // what the seconds are without
	Heat           string // percent
	Of             int    // items that have a score; 0 if no cell has more
	Mark           string // why it was not asked; then there is nothing else
}

// grid is nil unless there are answers with several values of the two knobs.
func (r *results) grid() *grid {
	cells := map[image.Point][]gridCell{}
	g := &grid{}
	var rows []int
	put := func(at image.Point, c gridCell) {
		cells[at] = append(cells[at], c)
		if !slices.Contains(g.Columns, at.X) {
			g.Columns = append(g.Columns, at.X)
		}
		if !slices.Contains(rows, at.Y) {
			rows = append(rows, at.Y)
		}
	}
	most := 0
	for _, n := range r.numbers.Series {
		if n.Answered > 0 && n.Search == nil && n.Score != nil {
			most = max(most, n.Score.N)
		}
	}
	for i, n := range r.numbers.Series {
		if n.Answered == 0 || n.Search != nil {
			continue
		}
		value := n.Confidence
		if n.Score != nil {
			value = &n.Score.Mean
		}
		c := gridCell{Value: "–", Seconds: seconds(n.Median), Seen: n.Seen == n.Answered, Heat: "0"}
		if value != nil {
			c.Value, c.Heat = percent(*value), strconv.FormatFloat(100**value, 'f', 0, 64)
		}
		if n.Score != nil && n.Score.N < most {
			c.Of, g.Partial = n.Score.N, true
		}
		tokens := n.NumTokens
		if r.series[i].first.Knobs.NumTokens == 0 { // the default, of which some crops give fewer
			tokens = max(tokens, mcllava.DefaultNumTokens)
		}
		put(image.Pt(tokens, n.MaxCrops), c)
	}
	for _, e := range r.unasked {
		at := image.Pt(e.Knobs.NumTokens, e.MaxCrops)
		if cells[at] == nil && at.X > 0 {
			put(at, gridCell{Mark: e.Mark})
			g.Marked = true
		}
	}
	if len(cells) < 2 {
		return nil
	}
	slices.Sort(g.Columns)
	slices.Sort(rows)
	for _, name := range rows {
		one := gridRow{Name: name}
		for _, column := range g.Columns {
			one.Cells = append(one.Cells, cells[image.Pt(column, name)])
		}
		g.Rows = append(g.Rows, one)
	}
	return g
}
