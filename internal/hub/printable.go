package hub

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestLine is the most characters of an error or a note.
const longestLine = 300

// Printable is a text in which everything is escaped that a terminal would not just print: control characters, C1 ones too, marks
// that turn the direction of writing, and bytes that are no UTF-8.
func Printable(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case strconv.IsPrint(r):
			b.WriteString(text[:size])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
		text = text[size:]
	}
	return b.String()
}

// line is a text as Printable has it, of at most n characters: the middle of a longer one is left out.
func line(text string, n int) string {
	runes := []rune(Printable(text))
	if len(runes) <= n {
		return string(runes)
	}
	end := n / 3
	return string(runes[:n-end-1]) + "…" + string(runes[len(runes)-end:])
}

// plainError is an error whose text is a line that can be shown on a terminal, whoever worded a part of it.
type plainError struct{ error }

// plain makes a plainError of an error that is not nil.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return plainError{err}
}

func (e plainError) Error() string { return line(e.error.Error(), longestLine) }

func (e plainError) Unwrap() error { return e.error }
