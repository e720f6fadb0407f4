package cmd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rivo/uniseg"

	"github.com/mcllava/mcllava/internal/terminal"
)

// marshal is the JSON of a value on one line, with <, > and & as they are.
func marshal(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// printJSON prints the JSON of a value as a line.
func printJSON(s Streams, v any) error {
	text, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, text)
	return err
}

// size is a number of bytes as people read it.
func size(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.2f GB", float64(n)/1e9)
}

// table is lines of a name and what is said of it.
type table struct{ rows [][2]string }

// Columns of a table.
const (
	nameColumns   = 14
	leastBeside   = 56 // of the terminal below which what is said stands below its name
	besideColumns = nameColumns + 1
)

func (t *table) line(name, format string, args ...any) {
	t.rows = append(t.rows, [2]string{name, fmt.Sprintf(format, args...)})
}

// text is the table, folded where a line has more than some columns; 0 for as many as it takes.
func (t *table) text(columns int) string {
	var b strings.Builder
	wide := func(row [2]string) bool { return columns > 0 && besideColumns+uniseg.StringWidth(row[1]) > columns }
	below := columns < leastBeside && slices.ContainsFunc(t.rows, wide)
	last := ""
	for _, row := range t.rows {
		name, lines := row[0], []string{row[1]}
		switch {
		case below:
			if name != "" && name != last {
				b.WriteString(name + "\n")
			}
			for _, line := range terminal.Wrap(row[1], columns-2, 0) {
				b.WriteString("  " + line + "\n")
			}
			last = name
			continue
		case wide(row):
			lines = terminal.Wrap(row[1], columns-besideColumns, 0)
		}
		for _, line := range lines {
			fmt.Fprintf(&b, "%-*s %s\n", nameColumns, name, line)
			name = ""
		}
	}
	return b.String()
}

// foldColumns is how many columns a text may have that is folded for a terminal alone; 0 where standard output is none, since a program
// reads whole lines.
func (s Streams) foldColumns() int {
	if !s.OutTerminal {
		return 0
	}
	return s.outColumns()
}

// folded is a text as a terminal has room for.
func (s Streams) folded(text string) string {
	if columns := s.foldColumns(); columns > 0 {
		return terminal.Fold(text, columns)
	}
	return text
}

// note prints a line on standard error.
func note(s Streams, format string, args ...any) {
	fmt.Fprintln(s.Err, "mcllava:", terminal.Escape(fmt.Sprintf(format, args...)))
}
