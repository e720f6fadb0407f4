// Package terminal makes texts of files, models and servers harmless: none of their characters steers a terminal.
package terminal

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// steers says whether a character does something else than to show itself: control characters, those that change the direction of
// text around them, and the separators that some terminals take for the end of a line.
func steers(r rune) bool {
	switch {
	case unicode.IsControl(r):
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
		return true
	}
	return r == '\u2028' || r == '\u2029' || r >= '\U000e0000' && r <= '\U000e007f'
}

// Escape is a text with what steers a terminal as escapes of Go, such as \x1b and \u202e, newlines and tabs too. Bytes that are no
// UTF-8 become \x and their digits.
func Escape(text string) string { return escape(text, "") }

// escape leaves the characters of keep as they are.
func escape(text, keep string) string {
	if strings.IndexFunc(text, func(r rune) bool { return steers(r) || r == utf8.RuneError }) < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case !steers(r) || strings.ContainsRune(keep, r):
			b.WriteString(text[i : i+n])
		default:
			b.WriteString(strings.Trim(fmt.Sprintf("%+q", r), "'"))
		}
		i += n
	}
	return b.String()
}

// mostLine is the longest line that an error takes, in characters.
const mostLine = 300

// OneLine is the Plain text of an error on one line of at most 300 characters, escaped, and files without what the program did with them.
func OneLine(err error) string {
	return shortenWords(Escape(breaks().ReplaceAllString(strings.TrimSpace(Plain(err)), " ")), mostLine)
}

// mostWord is how long a word may be that shortenWords does not cut.
const mostWord = 40

// shortenWords is Shorten that leaves no part of a word where it cuts, unless the word is a very long one. Words end at spaces and commas.
func shortenWords(text string, most int) string {
	short := Shorten(text, most)
	head, tail, cut := strings.Cut(short, "…")
	if !cut || short == text {
		return short
	}
	const ends = " ,"
	if !strings.HasPrefix(text[len(head):], " ") {
		if i := strings.LastIndexAny(head, ends); i >= 0 && len(head)-i <= mostWord {
			head = head[:i+1]
		}
	}
	if before := text[:len(text)-len(tail)]; !strings.HasSuffix(before, " ") && !strings.HasSuffix(before, ",") {
		if i := strings.IndexAny(tail, ends); i >= 0 && i < mostWord {
			tail = tail[i:]
		}
	}
	return head + "…" + tail
}

var breaks = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\s*[\r\n\t]\s*`) })

// Shorten cuts characters out of the middle of a text that has more than most.
func Shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	all := []rune(text)
	tail := most / 3
	return string(all[:most-tail-1]) + "…" + string(all[len(all)-tail:])
}

// Writer escapes what is written to a terminal, but for newlines, tabs, and the carriage return of a line's end. A character may come in
// pieces.
type Writer struct {
	w       io.Writer
	pending []byte // beginning of a character, or a carriage return
}

// NewWriter escapes what is written to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Under is the writer that the texts go to.
func (t *Writer) Under() io.Writer { return t.w }

// Write writes all of p but an unfinished character at its end, which waits for the next Write.
func (t *Writer) Write(p []byte) (int, error) {
	text := append(t.pending, p...)
	whole := len(text)
	if whole > 0 && text[whole-1] == '\r' {
		whole--
	}
	for n := 1; n < utf8.UTFMax && n <= whole; n++ {
		if last := text[whole-n:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				whole -= n
			}
			break
		}
	}
	done := text[:whole]
	t.pending = append([]byte(nil), text[whole:]...)
	lines := strings.Split(string(done), "\r\n")
	for i, line := range lines {
		lines[i] = escape(line, "\n\t")
	}
	if _, err := io.WriteString(t.w, strings.Join(lines, "\r\n")); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Flush writes what waits.
func (t *Writer) Flush() error {
	text := string(t.pending)
	t.pending = nil
	_, err := io.WriteString(t.w, escape(text, "\n\t"))
	return err
}
