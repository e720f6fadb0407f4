package sweep

import (
	"fmt"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/mcllava/mcllava/internal/terminal"
)

// Of a table.
const (
	columnGap   = 2
	leastColumn = 14 // columns of the terminal below which a cell stands in lines of its own
	mostLines   = 3  // of an answer
	failedCell  = "no answer"
)

// Table is the answers of a pair as a terminal of some columns has room for: a row for each limit of crops and a column for each number of
// image tokens or, where it is narrow, a line for each.
func (p *Pair) Table(columns int) string {
	figures := p.results.Figures([]*Pair{p})
	cells := make([][]string, len(figures))
	for i, f := range figures {
		answer := p.answer(i)
		switch {
		case f.Mark != "":
			cells[i] = []string{f.Mark}
		case answer == nil:
			cells[i] = []string{failedCell}
		default:
			cells[i] = []string{terminal.Escape(strings.Join(strings.Fields(answer.Answer), " ")), f.judgement() + Seconds(f.Seconds)}
		}
	}
	return p.results.layout(p.Image+": "+p.Question, cells, columns)
}

// judgement is what stands ahead of a single answer's seconds.
func (f Figure) judgement() string {
	switch {
	case f.Judged == 0:
		return ""
	case f.Score == 0:
		return "wrong, "
	}
	return "right, "
}

// Summary is what the cells came to over all pairs, as a Table.
func (r *Results) Summary(columns int) string {
	figures := r.Figures(r.Pairs)
	cells := make([][]string, len(figures))
	for i, f := range figures {
		switch {
		case f.Mark != "":
			cells[i] = []string{f.Mark}
		case f.Answered == 0:
			cells[i] = []string{failedCell}
		case f.Judged > 0:
			cells[i] = []string{fmt.Sprintf("%g of %d right", f.Score, f.Judged), Seconds(f.Seconds)}
		default:
			cells[i] = []string{fmt.Sprintf("%d answers", f.Answered), Seconds(f.Seconds)}
		}
	}
	return r.layout(fmt.Sprintf("%d pairs of an image and a question, mean seconds of each", len(r.Pairs)), cells, columns)
}

// Seconds is a time to the precision that a measurement has.
func Seconds(s float64) string {
	switch {
	case s < 0.0995:
		return fmt.Sprintf("%.3f s", s)
	case s < 9.95:
		return fmt.Sprintf("%.2f s", s)
	case s < 99.5:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}

// layout puts the lines of cells under a title.
func (r *Results) layout(title string, cells [][]string, columns int) string {
	var b strings.Builder
	for _, line := range terminal.Wrap(terminal.Escape(title), columns, mostLines) {
		b.WriteString(line + "\n")
	}
	b.WriteByte('\n')
	maxCrops, numTokens := r.names()
	first := uniseg.StringWidth(maxCrops)
	width := (columns-first)/len(r.NumTokens) - columnGap
	if width < leastColumn {
		r.stacked(&b, cells, columns)
		return b.String()
	}
	rows := [][][]string{{{maxCrops}}}
	for _, tokens := range r.NumTokens {
		rows[0] = append(rows[0], terminal.Wrap(fmt.Sprintf("%s %d", numTokens, tokens), width, mostLines))
	}
	for i, crops := range r.MaxCrops {
		row := [][]string{{fmt.Sprint(crops)}}
		for j := range r.NumTokens {
			var lines []string
			for _, text := range cells[i*len(r.NumTokens)+j] {
				lines = append(lines, terminal.Wrap(text, width, mostLines)...)
			}
			row = append(row, lines)
		}
		rows = append(rows, row)
	}
	widths := make([]int, 1+len(r.NumTokens))
	for _, row := range rows {
		for i, cell := range row {
			for _, line := range cell {
				widths[i] = max(widths[i], uniseg.StringWidth(line))
			}
		}
	}
	for _, row := range rows {
		height := 0
		for _, cell := range row {
			height = max(height, len(cell))
		}
		for l := range height {
			line := ""
			for i, cell := range row {
				text := ""
				if l < len(cell) {
					text = cell[l]
				}
				line += text + strings.Repeat(" ", widths[i]+columnGap-uniseg.StringWidth(text))
			}
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	return b.String()
}

// stacked writes each cell under the knobs it has.
func (r *Results) stacked(b *strings.Builder, cells [][]string, columns int) {
	const indent = "  "
	maxCrops, numTokens := r.names()
	for i, crops := range r.MaxCrops {
		fmt.Fprintf(b, "%s %d\n", maxCrops, crops)
		for j, tokens := range r.NumTokens {
			fmt.Fprintf(b, "%s%s %d\n", indent, numTokens, tokens)
			for _, text := range cells[i*len(r.NumTokens)+j] {
				for _, line := range terminal.Wrap(text, columns-2*len(indent), mostLines) {
					b.WriteString(indent + indent + line + "\n")
				}
			}
		}
	}
}
