package evaluation

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/sweep"
	"github.com/mcllava/mcllava/internal/terminal"
)

// TestTablesFit folds tables of every data set in terminals of several widths: no line is wider, and nothing is missing.
func TestTablesFit(t *testing.T) {
	seen := 0
	for _, kind := range dataset.Kinds() {
		e, err := New(miniature(t, kind), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, axes := range []sweep.Axes{overviewOnly, {MaxCrops: []int{0, 50}, NumTokens: []int{364, 728, 1456}}} {
			r := e.NewResults(axes)
			for i, k := range axes.Grid(false) {
				for j, it := range e.items {
					row := records.Record{ID: it.ID, Image: "a.png", Question: "what?", Answer: "a", Crops: 3, NumTokens: 364, N: i*len(e.items) + j, Evaluated: records.Evaluated{Category: it.Category}}
					row.MaxCrops, row.Knobs.NumTokens = k.MaxCrops, k.NumTokens
					r.Add(row)
				}
			}
			figures := r.Figures(nil)
			if facts := figures.Facts(); len(facts) == 0 || !strings.Contains(facts[0].Value, "(95 % over the pictures between ") {
				t.Errorf("%s: the page says %+v, expected how the interval was found", kind, facts)
			}
			others := Published(kind)
			seen += len(others)
			wide := r.Table(others, 1000)
			for _, columns := range []int{38, 40, 60, 80, 100, 132} {
				text := terminal.Fold(r.Table(others, columns), columns)
				for line := range strings.SplitSeq(text, "\n") {
					if n := uniseg.StringWidth(line); n > columns {
						t.Errorf("%s: %d columns of %d: %q", kind, n, columns, line)
					}
				}
				for _, s := range others {
					name := strings.Fields(s.Name)[0]
					if strings.Count(text, name) < strings.Count(wide, name) {
						t.Errorf("%s in %d columns: %s is not everywhere:\n%s", kind, columns, s.Name, text)
					}
				}
				if !strings.Contains(text, "overall") || !strings.Contains(text, "this run") && others != nil {
					t.Errorf("%s in %d columns:\n%s", kind, columns, text)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no published figures")
	}
}
