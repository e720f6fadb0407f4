package terminal

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		text    string
		columns int
		want    string
	}{
		{"short\n\n  as  it is\n", 20, "short\n\n  as  it is\n"},
		{"one two three four", 10, "one two\n  three\n  four"},
		{"  one two three\n", 10, "  one two\n    three\n"},
		{"abcdefghijkl\n", 5, "abcde\n  fgh\n  ijk\n  l\n"},
		{"瑜伽館 瑜伽館\n", 8, "瑜伽館\n  瑜伽館\n"},
		{"", 5, ""},
	} {
		if got := Fold(c.text, c.columns); got != c.want {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.columns, got, c.want)
		}
	}
	long := strings.Repeat("word and ", 50) + strings.Repeat("x", 100)
	for columns := 8; columns < 120; columns++ {
		got := Fold("   "+long, columns)
		for line := range strings.SplitSeq(got, "\n") {
			if uniseg.StringWidth(line) > columns {
				t.Fatalf("%d columns: %q", columns, line)
			}
		}
		strip := func(text string) string { return strings.Join(strings.Fields(text), "") }
		if strip(got) != strip(long) {
			t.Fatalf("%d columns: words are lost: %q", columns, got)
		}
	}
}
