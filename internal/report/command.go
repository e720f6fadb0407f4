package report

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/terminal"
)

// command is the line for a shell that asks for an entry's answer again.
func (e entry) command() string {
	words := append([]string{"mcllava", "ask"}, settingsOf(e)...)
	image := e.Image
	if image != inputs.Stdin && !inputs.IsURL(image) && strings.HasPrefix(image, "-") {
		image = "." + string(filepath.Separator) + image
	}
	words = append(words, "--question="+e.Question, "--json", image)
	for i, w := range words {
		words[i] = quote(w)
	}
	return strings.Join(words, " ")
}

// settingsOf are the flags of ask that an answer was given with, but for the defaults; none of a failure, which does not say them.
func settingsOf(e entry) (flags []string) {
	if e.Failed() {
		return nil
	}
	if e.Model != "" {
		flags = append(flags, "--model="+e.Model)
	}
	if e.Precision != "" {
		flags = append(flags, "--precision="+e.Precision)
	}
	defaults := mcllava.DefaultKnobs()
	usual := map[string]any{}
	for k := range defaults.All() {
		usual[k.Name] = reflect.ValueOf(k.Value).Elem().Interface()
	}
	for k := range e.Knobs.All() {
		value := reflect.ValueOf(k.Value).Elem().Interface()
		if reflect.DeepEqual(value, usual[k.Name]) {
			continue
		}
		flags = append(flags, "--"+k.Name+"="+flagValue(value))
	}
	return flags
}

// flagValue is a knob's value as its flag reads it; of several texts, one record of CSV.
func flagValue(value any) string {
	list, ok := value.([]string)
	if !ok {
		return fmt.Sprint(value)
	}
	var line strings.Builder
	w := csv.NewWriter(&line)
	_ = w.Write(list)
	w.Flush()
	return strings.TrimSuffix(line.String(), "\n")
}

// quote is a word as a shell reads it: in single quotes unless it needs none, and with escapes (of bash, zsh and POSIX 2024) where it has
// characters that do not show themselves.
func quote(word string) string {
	plain := func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune("-_=./:,@%+", r)
	}
	switch {
	case word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0:
		return word
	case terminal.Escape(word) == word:
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for i := 0; i < len(word); {
		r, n := utf8.DecodeRuneInString(word[i:])
		switch piece := word[i : i+n]; {
		case r == '\'' || r == '\\':
			b.WriteString(`\` + piece)
		case n > 1 && terminal.Escape(piece) == piece, n == 1 && r >= ' ' && r < 0x7f:
			b.WriteString(piece)
		default:
			for _, c := range []byte(piece) {
				fmt.Fprintf(&b, `\%03o`, c) // which ends by itself, as \x does not
			}
		}
		i += n
	}
	b.WriteString("'")
	return b.String()
}
