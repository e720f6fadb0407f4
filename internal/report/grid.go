package report

import (
	"image"
	"slices"
	"strconv"
)

// grid is the table of the two knobs.
type grid struct {
	Columns []int
	Rows    []gridRow
}

type gridRow struct {
	Name  int
	Cells [][]gridCell
}

type gridCell struct {
	Value, Seconds string
	Heat           string // percent
}

// grid is nil unless there are answers with several values of the two knobs.
func (r *results) grid() *grid {
	cells := map[image.Point][]gridCell{}
	g := &grid{}
	var rows []int
	for _, n := range r.numbers.Series {
		if n.Answered == 0 {
			continue
		}
		value := n.Confidence
		if n.Score != nil {
			value = &n.Score.Mean
		}
		c := gridCell{"–", seconds(n.Median), "0"}
		if value != nil {
			c.Value, c.Heat = percent(*value), strconv.FormatFloat(100**value, 'f', 0, 64)
		}
		at := image.Pt(n.NumTokens, n.MaxCrops)
		cells[at] = append(cells[at], c)
		if !slices.Contains(g.Columns, n.NumTokens) {
			g.Columns = append(g.Columns, n.NumTokens)
		}
		if !slices.Contains(rows, n.MaxCrops) {
			rows = append(rows, n.MaxCrops)
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
