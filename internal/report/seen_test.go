package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// pageOf is the text of a page without its scripts.
func pageOf(t *testing.T, folder string, o Options, paths ...string) string {
	t.Helper()
	path, _ := makePage(t, folder, o, paths...)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page, _, _ := strings.Cut(string(text), `<script type="application/json" id="data">`)
	return strings.ReplaceAll(strings.ReplaceAll(page, "&nbsp;", " "), "\u00a0", " ")
}

// TestSeenBefore has pages say that nothing was encoded, beside the seconds that come of it.
func TestSeenBefore(t *testing.T) {
	folder := t.TempDir()
	hash := writePicture(t, filepath.Join(folder, "a.png"), 400, 300)
	run := func(name string, maxCrops, seen, untimed int) string {
		var all []pair
		for n := range 3 {
			p := answer(n, "a.png", hash, fmt.Sprintf("question %d", n), "yes", 0.9, maxCrops, 100)
			p.Encoded, p.Seconds = 1, mcllava.Seconds{Preprocess: 0.5, Encode: 1, Prefill: 0.004}
			if n < seen {
				p.Encoded, p.Seconds = 0, mcllava.Seconds{Load: 3, Prefill: 0.003, Decode: 0.001}
			}
			if n < untimed {
				p.Seconds = mcllava.Seconds{}
			}
			all = append(all, p)
		}
		path := filepath.Join(folder, name)
		writeRun(t, path, all...)
		return path
	}
	every, one, none, untimed := run("every.jsonl", 10, 3, 0), run("one.jsonl", 20, 1, 0), run("none.jsonl", 30, 0, 0), run("untimed.jsonl", 40, 3, 3)
	for path, want := range map[string]string{
		every:   `<b id="median">0.004</b><span>seconds an answer, median; all crops were seen before</span>`,
		one:     `<b id="median">1.50</b><span>seconds an answer, median; for 1 all crops were seen before</span>`,
		none:    `<b id="median">1.50</b><span>seconds an answer, median</span>`,
		untimed: `<b id="median">–</b><span>seconds an answer, median</span>`,
	} {
		if page := pageOf(t, folder, Options{}, path); !strings.Contains(page, want) {
			t.Errorf("%s lacks %s", path, want)
		}
	}
	page := pageOf(t, folder, Options{}, every, one, none, untimed)
	for _, want := range []string{
		"<td>0.004<small>all seen before</small></td>", "<td>1.50<small>1 seen before</small></td>", "<td>1.50</td>", "<td>–</td>",
		"<span>0.004 s, seen</span>", "<span>1.50 s</span>", "seen: all crops were seen before.",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of several lacks %s", want)
		}
	}
	if strings.Contains(page, ">0.00<") {
		t.Error("the page has 0.00 seconds")
	}
}

// TestIntervalsAreNamed has pages say of each interval how it was found.
func TestIntervalsAreNamed(t *testing.T) {
	folder := t.TempDir()
	hash := writePicture(t, filepath.Join(folder, "a.png"), 400, 300)
	run := func(name string, maxCrops int, scores ...float64) string {
		var all []pair
		for n, score := range scores {
			p := answer(n, "a.png", hash, fmt.Sprintf("question %d", n), "yes", 0.9, maxCrops, 100)
			all = append(all, p.with(map[string]any{"score": score, "expected": "yes", "category": "signs"}))
		}
		path := filepath.Join(folder, name)
		writeRun(t, path, all...)
		return path
	}
	whole, other, parts := run("whole.jsonl", 10, 1, 0, 1, 1), run("other.jsonl", 20, 1, 1, 0, 1), run("parts.jsonl", 30, 1, 0.5, 0, 1)
	for _, c := range []struct {
		paths []string
		want  []string
	}{
		{[]string{whole}, []string{"score of 4, 95 % (Wilson) between ", "95 % interval (Wilson)</th>"}},
		{[]string{parts}, []string{"score of 4, 95 % (normal) between ", "95 % interval (normal)</th>"}},
		{[]string{whole, other}, []string{"95 % interval (Wilson)</th><th", "points from A to B, 95 % (Agresti–Min) between "}},
		{[]string{whole, parts}, []string{"95 % interval (Wilson, or normal of scores between 0 and 1)</th><th", "points from A to B, 95 % (normal) between "}},
	} {
		page := pageOf(t, folder, Options{}, c.paths...)
		for _, want := range c.want {
			if !strings.Contains(page, want) {
				t.Errorf("%v lacks %s", c.paths, want)
			}
		}
	}
}
