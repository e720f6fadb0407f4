package cmd

import (
	"encoding/json"
	"fmt"
	"strings"

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
type table struct{ strings.Builder }

func (t *table) line(name, format string, args ...any) {
	fmt.Fprintf(t, "%-14s %s\n", name, fmt.Sprintf(format, args...))
}

// note prints a line on standard error.
func note(s Streams, format string, args ...any) {
	fmt.Fprintln(s.Err, "mcllava:", terminal.Escape(fmt.Sprintf(format, args...)))
}
