package evaluation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
	"github.com/mcllava/mcllava/internal/terminal"
)

// mostNamed is the columns that a name in a table has.
const mostNamed = 30

// Table is the figures as text: of a grid a table of its cells, then the categories of its last cell; then what is set beside. Its tables are
// at most as wide as some columns. Lines of prose, such as where figures come from, are whole, so that a program can read them.
func (r *Results) Table(others []System, columns int) string {
	f := r.Figures(others)
	var b strings.Builder
	fmt.Fprintln(&b, terminal.Escape(r.head(&f)))
	if len(f.Cells) > 0 {
		b.WriteByte('\n')
		r.grid(&b, f.Cells, columns)
		if slices.ContainsFunc(f.Cells, func(c Figures) bool { return c.Asked > 0 && c.Asked < len(r.items) }) {
			fmt.Fprintln(&b, "\nA cell that says of how many items its score is leaves out those that were not asked or whose pictures cannot be seen so.")
		}
		k := r.cells[len(r.cells)-1]
		fmt.Fprintf(&b, "\n%s, %s tokens:\n", cropsOf(k.MaxCrops), sweep.TokenName(k.NumTokens))
	}
	b.WriteByte('\n')
	lines(&b, f.Lines, columns)
	for _, text := range extra(&f.Summary) {
		fmt.Fprintln(&b, terminal.Escape(text))
	}
	if len(others) > 0 {
		beside(&b, &f, others, columns)
	}
	return b.String()
}

// cropsOf is a limit of crops in words.
func cropsOf(n int) string {
	if n == 1 {
		return "1 crop"
	}
	return fmt.Sprintf("%d crops", n)
}

// itemsOf is a number of items in words.
func itemsOf(n int) string {
	if n == 1 {
		return "1 item"
	}
	return fmt.Sprintf("%d items", n)
}

// head says what was measured, and how.
func (r *Results) head(f *Figures) string {
	parts := []string{r.name(), itemsOf(len(r.items))}
	if r.Limit > 0 && r.Limit <= len(r.items) {
		from := "the first ones"
		if r.Sample != nil {
			from = fmt.Sprintf("sampled with seed %d", *r.Sample)
		}
		parts[1] += ", " + from
	}
	parts = append(parts, "scoring "+string(r.Scoring))
	if !r.given && slices.ContainsFunc(r.items, func(it dataset.Item) bool { return len(it.Options) > 0 }) {
		parts = append(parts, "options by "+string(r.Choosing))
	}
	if !r.given {
		parts = append(parts, "prompt "+string(r.Style))
	}
	if f.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", f.Failed))
	}
	if left := len(r.items) - f.Asked - f.Marked; left > 0 {
		parts = append(parts, fmt.Sprintf("%d not asked", left))
	}
	if f.Answered > 0 && f.Crops > 0 {
		parts = append(parts, fmt.Sprintf("%.1f crops and %s an item", f.Crops, sweep.Seconds(f.Seconds)))
	}
	return strings.Join(parts, "; ")
}

// lines are the rows of a table. Question types are too many for one; JSON has them.
func lines(b *strings.Builder, all []Line, columns int) {
	width := len("overall")
	for _, l := range all {
		if l.By != byQuestionType {
			width = max(width, min(mostNamed, uniseg.StringWidth(terminal.Escape(l.Name))))
		}
	}
	narrow := width+len(" 123456   123.45   123.4 – 123.4     12.3") > columns
	if !narrow {
		fmt.Fprintf(b, "%-*s %6s %8s %15s %8s\n", width, "", "n", "score", "95 %", "chance")
	}
	last := ""
	for i, l := range all {
		if l.By == byQuestionType {
			continue
		}
		if i > 0 && l.By != last {
			b.WriteByte('\n')
		}
		last = l.By
		name := terminal.Shorten(terminal.Escape(l.Name), mostNamed)
		interval := fmt.Sprintf("%.1f – %.1f", percent*l.Low, percent*l.High)
		chance := ""
		if l.Chance != nil {
			chance = fmt.Sprintf("%.1f", percent**l.Chance)
		}
		if narrow {
			fmt.Fprintf(b, "%s\n  %.2f (%s) of %d\n", name, percent*l.Score, interval, l.N)
			if chance != "" {
				fmt.Fprintf(b, "  chance %s\n", chance)
			}
			continue
		}
		name += strings.Repeat(" ", max(0, width-uniseg.StringWidth(name)))
		row := fmt.Sprintf("%s %6d %8.2f %15s %8s", name, l.N, percent*l.Score, interval, chance)
		fmt.Fprintln(b, strings.TrimRight(row, " "))
	}
}

// grid is the score of each cell, with its number of items where that is not all: a row for each limit of crops, a column for each number
// of image tokens.
func (r *Results) grid(b *strings.Builder, cells []Figures, columns int) {
	const first, each = 10, 28
	perRow := max(1, min(len(r.Axes.NumTokens), (columns-first)/each))
	for from := 0; from < len(r.Axes.NumTokens); from += perRow {
		to := min(from+perRow, len(r.Axes.NumTokens))
		fmt.Fprintf(b, "%*s", first, "crops")
		for _, n := range r.Axes.NumTokens[from:to] {
			fmt.Fprintf(b, "%*s", each, sweep.TokenName(n)+" tokens")
		}
		b.WriteByte('\n')
		for i, crops := range r.Axes.MaxCrops {
			fmt.Fprintf(b, "%*d", first, crops)
			for j := from; j < to; j++ {
				at := i*len(r.Axes.NumTokens) + j
				f := &cells[at]
				text := fmt.Sprintf("%.1f", percent*f.Overall)
				if f.Asked < len(r.items) {
					text += fmt.Sprintf(" of %d", f.N)
				}
				text += "  " + sweep.Seconds(f.Seconds)
				if f.Answered == 0 && f.Marked > 0 {
					text = r.mark(at)
				}
				fmt.Fprintf(b, "%*s", each, terminal.Escape(text))
			}
			b.WriteByte('\n')
		}
	}
}

// valuesBy are the scores by something.
func valuesBy(s *score.Summary, by string) map[string]float64 {
	switch by {
	case byCategory:
		return s.By.Category
	case byAnswerType:
		return s.By.AnswerType
	}
	return s.By.QuestionType
}

// extra is what only some benchmarks have, and what is to be known of the figures.
func extra(s *score.Summary) (parts []string) {
	for _, name := range slices.Sorted(maps.Keys(s.Figures)) {
		v := s.Figures[name]
		called := strings.ReplaceAll(name, "_", " ")
		switch name {
		case score.FigureAll, score.FigureChance:
		case score.FigureTies:
			if v > 0 {
				parts = append(parts, fmt.Sprintf("%s %.0f, which count as wrong", called, v))
			}
		default:
			parts = append(parts, fmt.Sprintf("%s %.2f", called, percent*v))
		}
	}
	return append(parts, s.Notes...)
}

// beside sets other systems' figures below the own ones: in a row each or, where that is wider than some columns, in lines below its name.
func beside(b *strings.Builder, f *Figures, others []System, columns int) {
	var groups [][2]string
	for _, l := range f.Lines {
		if l.By == byCategory || l.By == byAnswerType {
			if slices.ContainsFunc(others, func(s System) bool { _, has := s.By[l.By][l.Name]; return has }) {
				groups = append(groups, [2]string{l.By, l.Name})
			}
		}
	}
	width := len("this run")
	for _, s := range others {
		width = max(width, uniseg.StringWidth(terminal.Escape(s.Name)))
	}
	columnOf := func(name string) int { return max(len("100.00"), uniseg.StringWidth(terminal.Escape(name))) }
	all := width + len("  overall")
	for _, g := range groups {
		all += 2 + columnOf(g[1])
	}
	narrow := all > columns
	if !narrow {
		fmt.Fprintf(b, "\n%-*s %8s", width, "", "overall")
		for _, g := range groups {
			fmt.Fprintf(b, "  %*s", columnOf(g[1]), terminal.Escape(g[1]))
		}
	}
	row := func(name string, overall float64, by func(group, name string) (float64, bool)) {
		name = terminal.Escape(name)
		if narrow {
			text := fmt.Sprintf("%s\n  overall %.2f", name, overall)
			for _, g := range groups {
				if v, has := by(g[0], g[1]); has {
					text += fmt.Sprintf("\n  %s %.2f", terminal.Escape(g[1]), v)
				}
			}
			b.WriteString("\n" + terminal.Fold(text, columns))
			return
		}
		fmt.Fprintf(b, "\n%s%s %8.2f", name, strings.Repeat(" ", width-uniseg.StringWidth(name)), overall)
		for _, g := range groups {
			cell := "–"
			if v, has := by(g[0], g[1]); has {
				cell = fmt.Sprintf("%.2f", v)
			}
			fmt.Fprintf(b, "  %*s", columnOf(g[1]), cell)
		}
	}
	row("this run", percent*f.Overall, func(group, name string) (float64, bool) {
		v, has := valuesBy(&f.Summary, group)[name]
		return percent * v, has
	})
	for _, s := range others {
		row(s.Name, s.Overall, func(group, name string) (float64, bool) { v, has := s.By[group][name]; return v, has })
	}
	b.WriteString("\n\n")
	var sources []string
	of := map[string][]string{} // systems by source
	for _, s := range others {
		if s.Source != "" && of[s.Source] == nil {
			sources = append(sources, s.Source)
		}
		of[s.Source] = append(of[s.Source], s.Name)
	}
	for _, source := range sources {
		fmt.Fprintln(b, terminal.Escape(fmt.Sprintf("%s: %s", strings.Join(of[source], ", "), source)))
	}
	for _, s := range others {
		if s.Note != "" {
			fmt.Fprintln(b, terminal.Escape(fmt.Sprintf("%s: %s", s.Name, s.Note)))
		}
	}
}
