package cmd

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mcllava/mcllava"
)

// TestBarsFitTheirTerminal draws bars on terminals of many widths: no line is longer than the terminal.
func TestBarsFitTheirTerminal(t *testing.T) {
	t.Parallel()
	for width := 2; width < 130; width++ {
		var b bytes.Buffer
		w := &watch{bar: &bar{out: &b, width: width}, pairs: 600, pictures: 1}
		for done := range 4 {
			w.Progress(mcllava.StageCrops, done*30, 100)
		}
		w.bar.clear()
		for line := range strings.FieldsFuncSeq(b.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			line = strings.NewReplacer("\x1b[2K", "", "\x1b[K", "").Replace(line)
			if n := utf8.RuneCountInString(line); n > width || strings.Contains(line, "\x1b") {
				t.Fatalf("%d columns: %d in %q", width, n, line)
			}
		}
		if width >= 80 && !strings.Contains(b.String(), "pair 1 of 600; crops") {
			t.Errorf("%d columns: %q", width, b.String())
		}
	}
}

// TestProgressInLines is where no bar can be drawn.
func TestProgressInLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := &watch{bar: &bar{out: &b, lines: true}, options: askOptions{}}
	for done := range 101 {
		w.Progress(mcllava.StageCrops, done, 100)
	}
	w.bar.clear()
	if got := b.String(); got != "mcllava: pair 1; crops 0/100\n" {
		t.Errorf("%q", got)
	}
}

func TestNoBar(t *testing.T) {
	t.Parallel()
	var none *bar
	none.report("crops", "crops", 1, 2, false)
	none.clear()
	if newBar(Streams{ErrTerminal: true}, true, true) != nil || newBar(Streams{}, false, false) != nil || newBar(Streams{}, false, true) == nil {
		t.Error("a bar is there where none is wanted, or not where it is")
	}
}
