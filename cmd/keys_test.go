package cmd

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"

	"golang.org/x/term"
)

// lines are those that a line editor makes of what keys send, until they end, and what it shows meanwhile.
func lines(sent io.Reader) (all []string, shown string) {
	k := &keys{in: sent}
	var out bytes.Buffer
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, &out}, "> ")
	t.AutoCompleteCallback = k.clear
	for {
		line, err := t.ReadLine()
		if bad := k.cut(); bad != nil && err == nil {
			line = "refused: " + bad.Error()
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				line = err.Error()
			}
			return append(all, line), out.String()
		}
		all = append(all, line)
	}
}

// moves are the sequences by which a line editor moves on the screen.
var moves = regexp.MustCompile(`\x1b\[[0-9]*[A-DK]`)

// TestKeys types what a user may paste by mistake, all at once and byte for byte.
func TestKeys(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"what\r":                      "what|",
		"¿qué? 🙂\r":                   "¿qué? 🙂|",
		"wha\x1b[Dx\r":                "whxa|",
		"wha\x1bODx\r":                "whxa|",
		"a\x1b[?62;4;22cb\r":          "ab|",
		"a\x1b[200~b\x1b[201~\r":      "ab|",
		"a\x1b]11;rgb:0/0/0\x1b\\b\r": "ab|",
		"a\x1b]0;title\x07b\r":        "ab|",
		"a\x07\x1c\x1eb\r":            "ab|",
		"a\u009b2J\u202eb\r":          "a2Jb|",
		"a\tb\r":                      "a b|",
		"a\xffb\rc\r":                 `refused: the line is not asked: it has \xff, expected text in UTF-8|c|`,
		"a\xc3\rc\r":                  `refused: the line is not asked: it has \xc3, expected text in UTF-8|c|`,
		"a\ufffdb\rc\r":               "refused: the line is not asked: it has \ufffd, expected text in UTF-8|c|",
		"what is\x03where\r":          "where|",
		"what is\x03\x03never\r":      "",
		"\x03never\r":                 "",
		"what\r\x03never\r":           "what|",
		" \x03a\r":                    "a|",
		"what\x15where\r":             "where|",
		"a\x1b[3~\x1b\x1b[Db\r":       "ba|",
	} {
		for name, from := range map[string]io.Reader{"at once": strings.NewReader(sent), "byte for byte": iotest.OneByteReader(strings.NewReader(sent))} {
			if name != "at once" && strings.Contains(sent, "\x1b]") {
				continue // which is a key, and then text
			}
			got, shown := lines(from)
			if strings.Join(got, "|") != want {
				t.Errorf("%q %s: %q, want %q", sent, name, got, want)
			}
			shown = moves.ReplaceAllString(shown, "")
			if i := strings.IndexFunc(shown, func(r rune) bool { return unicode.IsControl(r) && r != '\r' && r != '\n' || r == '\u202e' }); i >= 0 {
				t.Errorf("%q %s: %q is shown", sent, name, shown)
			}
		}
	}
}
