package report

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// cellOf is a cell of a sweep: an answer that is right or not, or with a mark none.
func cellOf(n int, picture string, maxCrops, tokens int, mark string, right bool) pair {
	p := answer(n, picture, picture, "what shop is this", "It is a yoga studio.", 0.9, maxCrops, tokens)
	p.Sweep = "s"
	if mark == "" {
		p.Correct = &right
		return p
	}
	p.Mark, p.Answer, p.Tokens, p.Confidence, p.PMin, p.Seconds = mark, "", nil, nil, nil, mcllava.Seconds{}
	if !strings.HasPrefix(mark, "same") {
		p.Record.NumTokens = 0 // in force
	}
	return p
}

// TestMarkedCells has a sweep over two pictures: one cell is asked of neither, one of the first alone.
func TestMarkedCells(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "rows.jsonl")
	const most, same = "63 of 120 tokens at most", "same as 4"
	writeRun(
		t, path,
		cellOf(0, "a.png", 0, 60, "", false), cellOf(1, "a.png", 0, 120, most, false), cellOf(2, "a.png", 4, 60, "", true), cellOf(3, "a.png", 9, 60, "", true),
		cellOf(4, "b.png", 0, 60, "", true), cellOf(5, "b.png", 0, 120, most, false), cellOf(6, "b.png", 4, 60, "", true), cellOf(7, "b.png", 9, 60, same, true),
	)
	page, summary := makePage(t, folder, Options{}, path)
	n := summary.Numbers
	if n.Items != 2 || len(n.Series) != 3 {
		t.Fatalf("%d items, %d runs, expected 2 and 3: %+v", n.Items, len(n.Series), n.Series)
	}
	for i, want := range []struct {
		maxCrops, answered, unasked int
		score                       float64
	}{{0, 2, 0, 0.5}, {4, 2, 0, 1}, {9, 1, 1, 1}} {
		got := n.Series[i]
		if got.MaxCrops != want.maxCrops || got.NumTokens != 60 || got.Answered != want.answered || got.Unasked != want.unasked || got.Failed != 0 || got.Score == nil || got.Score.Mean != want.score || got.Score.N != want.answered {
			t.Errorf("%+v of %+v, want %+v", got.Score, got, want)
		}
	}
	if p := n.Pairs[1]; p.A != 0 || p.B != 2 || p.Both != 1 || p.Gained != 1 {
		t.Errorf("%+v, expected one item in both", p)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for part, times := range map[string]int{
		"<title>rows.jsonl: 3 runs</title>":       1,
		`<div class="unasked">` + most + `</div>`: 1, `<div class="unasked">` + same: 0, ">120 tokens</th>": 1, ", 0 tokens": 0, `"a":"` + same: 1,
		"<span>of 1; ": 1, "<span>of ": 1, "A score of fewer items than others says of how many.": 1,
	} {
		if got := strings.Count(string(text), part); got != times {
			t.Errorf("%q is in the page %d times, want %d", part, got, times)
		}
	}

	// Of a sweep in which nothing is asked there is a page all the same.
	writeRun(t, path, cellOf(0, "a.png", 0, 120, most, false))
	_, summary = makePage(t, folder, Options{}, path)
	if got := summary.Numbers.Series[0]; got.Answered != 0 || got.Unasked != 1 {
		t.Errorf("%+v", got)
	}
}

func TestTitle(t *testing.T) {
	of := func(files ...string) string {
		var runs []*Run
		for _, f := range files {
			run := &Run{Path: f}
			for _, tokens := range []int{60, 120} {
				run.entries = append(run.entries, entry{Record: cellOf(0, "a.png", 4, tokens, "", true).Record})
			}
			runs = append(runs, run)
		}
		return arrange(runs).title()
	}
	for _, c := range []struct{ want, files string }{
		{"a.jsonl: 2 runs", "a.jsonl"},
		{"a.jsonl, b.jsonl: 4 runs", "a.jsonl x/b.jsonl"},
		{"a.jsonl, b.jsonl and 3 more files: 10 runs", "a.jsonl b.jsonl c.jsonl d.jsonl e.jsonl"},
	} {
		if got := of(strings.Fields(c.files)...); got != c.want {
			t.Errorf("%s: %q, want %q", c.files, got, c.want)
		}
	}
}

// TestSearchesSayWhatTheyLookedAt has two searches, whose limit of crops is no setting of theirs.
func TestSearchesSayWhatTheyLookedAt(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "found.jsonl")
	var pairs []pair
	for n, crops := range []int{16, 23} {
		p := answer(n, "a.png", "a", []string{"what shop is this", "is it open"}[n], "It is a yoga studio.", 0.9, 100, 364)
		p.Knobs.Search, p.Crops, p.Record.Search = true, crops, &mcllava.Found{Crops: crops, Stop: mcllava.StopSure}
		pairs = append(pairs, p)
	}
	writeRun(t, path, pairs...)
	page, summary := makePage(t, folder, Options{}, path)
	if n := summary.Numbers.Series[0]; n.MaxCrops != 0 || n.Search == nil || *n.Search != (Looked{19.5, 23}) {
		t.Errorf("%+v, %+v", n, n.Search)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "<dt>Crops looked at</dt><dd>19.5 on average, 23 at most</dd>") || strings.Contains(string(text), "Crops at most") {
		t.Error("the head does not say how many crops the searches looked at")
	}

	plain := filepath.Join(folder, "plain.jsonl")
	writeRun(t, plain, answer(0, "a.png", "a", "what shop is this", "It is a yoga studio.", 0.9, 100, 364))
	runs, err := ReadAll(context.Background(), []string{path, plain})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if _, err := Write(context.Background(), &out, runs, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"<td>19.5 by search</td><td>364</td>", "<td>100</td><td>364</td>"} {
		if strings.Count(out.String(), part) != 1 {
			t.Errorf("%q is not in the page of two runs", part)
		}
	}
}
