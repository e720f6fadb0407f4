package terminal

import (
	"bytes"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

var escapes = map[string]string{
	"plain, é, 漢字, 👩‍🍳":           "plain, é, 漢字, 👩‍🍳",
	"\x1b]0;title\x07":            `\x1b]0;title\a`,
	"\u009b31m":                   `\u009b31m`,
	"a\u202egpj.exe":              `a\u202egpj.exe`,
	"\u2066x\u2069\u200f\u061c":   `\u2066x\u2069\u200f\u061c`,
	"broken \xff\xc3":             `broken \xff\xc3`,
	"\ufffd is a character":       "\ufffd is a character",
	"line\u2028line":              `line\u2028line`,
	"tag \U000e0041":              `tag \U000e0041`,
	"backslash \\ and quote ' \"": "backslash \\ and quote ' \"",
}

func TestEscape(t *testing.T) {
	for text, want := range escapes {
		if got := Escape(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Escape("a\nb\tc\r"); got != `a\nb\tc\r` {
		t.Errorf("%q", got)
	}
}

// TestWriterTakesAnyPieces cuts a text in every way in two, and into single bytes.
func TestWriterTakesAnyPieces(t *testing.T) {
	for text, want := range escapes {
		text, want := text+"\r\nnext\tcolumn\rback\n", want+"\r\nnext\tcolumn\\rback\n"
		for cut := range len(text) + 1 {
			if got := written(t, text[:cut], text[cut:]); got != want {
				t.Fatalf("%q cut at %d: %q, want %q", text, cut, got, want)
			}
		}
		if got := written(t, strings.Split(text, "")...); got != want && utf8.ValidString(text) {
			t.Errorf("%q a character at a time: %q, want %q", text, got, want)
		}
	}
}

func written(t *testing.T, pieces ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, piece := range pieces {
		if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatal(n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOneLine(t *testing.T) {
	err := errors.Join(errors.New("first"), &fs.PathError{Op: "open", Path: "a\x1b.jpg", Err: errors.New("no\n such file")})
	if got, want := OneLine(err), `first a\x1b.jpg: no such file`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	long := OneLine(errors.New(strings.Repeat("é", 5000) + " end"))
	if n := utf8.RuneCountInString(long); n != mostLine || !strings.HasSuffix(long, "é end") || !strings.Contains(long, "…") {
		t.Errorf("%d characters: %q", n, long)
	}
}

// TestOneLineCutsBetweenWords leaves no part of a word around the ellipsis, but of one that is very long.
func TestOneLineCutsBetweenWords(t *testing.T) {
	words := strings.Repeat("image_sha256,", 20) + strings.Repeat("confidence probabilities ", 20)
	got := OneLine(errors.New(words))
	head, tail, cut := strings.Cut(got, "…")
	if !cut || len(got) > mostLine+2 || len(got) < mostLine-2*mostWord || !strings.HasPrefix(words, head) || !strings.HasSuffix(strings.TrimSpace(words), strings.TrimSpace(tail)) {
		t.Fatalf("%q", got)
	}
	for _, word := range strings.FieldsFunc(got, func(r rune) bool { return strings.ContainsRune(" ,…", r) }) {
		if !slices.Contains([]string{"image_sha256", "confidence", "probabilities"}, word) {
			t.Errorf("%q is part of a word in %q", word, got)
		}
	}
	if long := OneLine(errors.New(strings.Repeat("x", 400))); len([]rune(long)) != mostLine {
		t.Errorf("a long word is cut to %d characters", len([]rune(long)))
	}
}
