package evaluation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/sweep"
)

// miniature is ten items of a kind in its published layout.
func miniature(t *testing.T, kind dataset.Kind) *dataset.Set {
	t.Helper()
	dir := t.TempDir()
	datasettest.Write(t, kind, dir)
	set, err := dataset.Open(kind, dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func openDemo() (*mcllava.Model, error) {
	return mcllava.OpenWith(mcllava.Demo, mcllava.OpenOptions{Threads: 1})
}

// asked are the results of the demo, whose records are written to a file.
func asked(t *testing.T, e *Evaluation, path string, axes sweep.Axes, change func(*run.Options)) *Results {
	t.Helper()
	format, err := records.ParseFormat("jsonl", "")
	if err != nil {
		t.Fatal(err)
	}
	o := run.Options{Knobs: mcllava.DefaultKnobs(), Output: run.Output{Path: path, Format: format}}
	o.MaxNewTokens = 5
	if change != nil {
		change(&o)
	}
	r, _, err := e.Do(t.Context(), openDemo, o, axes, run.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var overviewOnly = sweep.Axes{MaxCrops: []int{0}, NumTokens: []int{0}}

// TestMiniatures goes from the published files of every kind to a table, and scores the records and the submission of the run again.
func TestMiniatures(t *testing.T) {
	for _, kind := range dataset.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			e, err := New(miniature(t, kind), Options{})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "run.jsonl")
			r := asked(t, e, path, overviewOnly, nil)
			f := r.Figures(nil)
			if f.Asked != e.Items() || f.Failed != 0 || len(f.Items) != e.Items() {
				t.Errorf("%d items asked, %d failed and %d scored, expected %d", f.Asked, f.Failed, len(f.Items), e.Items())
			}
			if text := r.Table(nil, 80); !strings.Contains(text, "\noverall ") || !strings.Contains(text, "10 items") && kind != dataset.GQA && kind != dataset.HRBench {
				t.Errorf("the table lacks the overall score or the items:\n%s", text)
			}
			for i, record := range readAll(t, path) {
				if record.Dataset != e.name() || record.Score == nil || record.ID != e.items[i].ID || record.Expected == "" {
					t.Errorf("record %d is not of its item: %+v", i, record)
				}
			}
			again, err := e.Predicted(path)
			if err != nil {
				t.Fatal(err)
			}
			if got := again.Figures(nil); got.Overall != f.Overall || !slices.Equal(got.Items, f.Items) {
				t.Errorf("scored again the records are worth %v, the run was %v", got.Overall, f.Overall)
			}
			sameSubmitted(t, r, &f)
		})
	}
}

// sameSubmitted scores a submission and lmms-eval's samples of a run.
func sameSubmitted(t *testing.T, r *Results, f *Figures) {
	t.Helper()
	var submission, samples bytes.Buffer
	if err := r.WriteSubmission(&submission); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteSamples(&samples); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"submission": submission.Bytes(), "x_samples_y.jsonl": samples.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := r.Predicted(path)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, text)
			continue
		}
		if r.Choosing == Likelihood && slices.ContainsFunc(r.items, func(it dataset.Item) bool { return len(it.Options) > 0 }) {
			continue // ties are told by probabilities alone, which neither has
		}
		if got := again.Figures(nil); !slices.Equal(got.Items, f.Items) {
			t.Errorf("the %s is worth %v, the run %v", name, got.Items, f.Items)
		}
	}
}

func readAll(t *testing.T, path string) (all []records.Record) {
	t.Helper()
	for r, err := range records.Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// TestRightAnswers scores the right answers of every kind.
func TestRightAnswers(t *testing.T) {
	for _, kind := range dataset.Kinds() {
		set := miniature(t, kind)
		e, err := New(set, Options{})
		if err != nil {
			t.Fatal(err)
		}
		answers := map[string]string{}
		for _, it := range set.Items {
			if answers[it.ID] = expected(&it); len(it.Letters) > 0 && e.Choosing == Letter {
				answers[it.ID] = it.Letters[it.Right]
			} else if len(it.Answers) > 0 {
				answers[it.ID] = it.Answers[0]
			}
		}
		path := filepath.Join(t.TempDir(), "right")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := set.WriteSubmission(f, func(id string) (string, bool) { a, ok := answers[id]; return a, ok }); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := e.Predicted(path)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		if got := r.Figures(nil).Overall; got < 0.9 {
			t.Errorf("%s: the right answers are worth %v: %v", kind, got, r.Figures(nil).Items)
		}
	}
}

// TestGrid asks in several cells, of which a picture this small has two alike.
func TestGrid(t *testing.T) {
	e, err := New(miniature(t, dataset.VStar), Options{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	axes := sweep.Axes{MaxCrops: []int{0, 4, 30, 200}, NumTokens: []int{60}}
	path := filepath.Join(t.TempDir(), "grid.jsonl")
	r := asked(t, e, path, axes, nil)
	f := r.Figures(nil)
	if len(f.Cells) != 4 {
		t.Fatalf("%d cells, expected 4", len(f.Cells))
	}
	encoded := 0
	for _, record := range readAll(t, path) {
		encoded += record.Encoded
	}
	last := f.Cells[3]
	if last.Asked != 3 || last.Marked != 0 {
		t.Errorf("the last cell is %+v, expected the answers of the cell that is alike", last.Counts)
	}
	if f.Cells[2].Overall != last.Overall || !slices.Equal(f.Cells[2].Items, last.Items) {
		t.Errorf("cells alike have the scores %v and %v", f.Cells[2].Items, last.Items)
	}
	distinct := 0
	for _, n := range []int{0, 4, 30} {
		distinct += boxesOf(t, e, n)
	}
	if encoded >= distinct {
		t.Errorf("%d crops encoded, where the cells have %d and share some", encoded, distinct)
	}
	text := r.Table(nil, 80)
	for _, part := range []string{"60 tokens", "\n       200 "} {
		if !strings.Contains(text, part) {
			t.Errorf("the table lacks %q:\n%s", part, text)
		}
	}
	var plot bytes.Buffer
	if err := r.Plot(&plot, "x.png"); err != nil || plot.Len() == 0 {
		t.Errorf("no plot: %v", err)
	}
}

// TestTooFewTokens asks for more image tokens than the crops of a picture give: asked so alone every item has failed and is worth
// nothing, with or without an output, while a cell of a grid is marked and says over how many items it is.
func TestTooFewTokens(t *testing.T) {
	folder := t.TempDir()
	datasettest.Write(t, dataset.VStar, folder)
	set, err := dataset.Open(dataset.VStar, folder, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	// One category has pictures that are large enough.
	large := image.NewGray(image.Rect(0, 0, 1200, 900))
	wide := 0
	for _, it := range set.Items {
		if it.Category != score.VStarCounted[0] {
			continue
		}
		wide++
		f, err := os.Create(it.Picture.File)
		if err == nil {
			err = errors.Join(png.Encode(f, large), f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	e, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	few := e.Items() - wide
	if wide == 0 || few == 0 {
		t.Fatalf("%d large pictures and %d others, expected both", wide, few)
	}
	const tokens = 1456
	for _, path := range []string{"", filepath.Join(t.TempDir(), "alone.jsonl")} {
		format, err := records.ParseFormat("jsonl", "")
		if err != nil {
			t.Fatal(err)
		}
		o := run.Options{Knobs: mcllava.DefaultKnobs(), Output: run.Output{Path: path, Format: format}}
		r, summary, err := e.Do(t.Context(), openDemo, o, sweep.Axes{MaxCrops: []int{25}, NumTokens: []int{tokens}}, run.Silent{})
		if err == nil || summary.Failed != few {
			t.Fatalf("%d failed (%v), expected %d", summary.Failed, err, few)
		}
		f := r.Figures(nil)
		if len(f.Items) != e.Items() || f.Failed != few || f.Asked != e.Items() || len(f.Notes) != 0 {
			t.Errorf("output %q: %d scores, %d failed of %d, notes %q, expected all %d", path, len(f.Items), f.Failed, f.Asked, f.Notes, e.Items())
		}
		worth := map[string]float64{}
		for _, one := range f.Items {
			worth[one.ID] = one.Score
		}
		for _, it := range e.items {
			if v, has := worth[it.ID]; it.Category != score.VStarCounted[0] && (!has || v != 0) {
				t.Errorf("output %q: %s has failed and is worth %v (%v), expected 0", path, it.ID, v, has)
			}
		}
		if text := r.Table(nil, 100); !strings.Contains(text, fmt.Sprintf("; %d failed;", few)) || strings.Contains(text, "not asked") {
			t.Errorf("output %q: the table does not say that %d failed:\n%s", path, few, text)
		}
	}
	r := asked(t, e, filepath.Join(t.TempDir(), "grid.jsonl"), sweep.Axes{MaxCrops: []int{25}, NumTokens: []int{60, tokens}}, nil)
	f := r.Figures(nil)
	first, last := f.Cells[0], f.Cells[1]
	if first.Marked != 0 || len(first.Items) != e.Items() || len(first.Notes) != 0 {
		t.Errorf("the first cell leaves out %d: %q", first.Marked, first.Notes)
	}
	note := fmt.Sprintf("without %d of %d items, whose pictures cannot be seen so", few, e.Items())
	if last.Marked != few || last.Failed != 0 || len(last.Items) != wide || !slices.Contains(last.Notes, note) {
		t.Errorf("the last cell leaves out %d, has failed %d and has the notes %q", last.Marked, last.Failed, last.Notes)
	}
	text := r.Table(nil, 100)
	cells := regexp.MustCompile(fmt.Sprintf(`(?m)^ +25 +[0-9.]+  [0-9.]+ s +[0-9.]+ of %d  [0-9.]+ s$`, last.N))
	if !cells.MatchString(text) || !strings.Contains(text, "\n"+note+"\n") || !strings.Contains(text, "A cell that says of how many items") {
		t.Errorf("the table does not say over how many items the cell is:\n%s", text)
	}
}

// boxesOf is how many crops the pictures of an evaluation have.
func boxesOf(t *testing.T, e *Evaluation, maxCrops int) int {
	t.Helper()
	config, err := mcllava.ReadConfig(mcllava.Demo)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := mcllava.PlanFor(config, datasettest.Width, datasettest.Height, mcllava.ViewKnobs{MaxCrops: maxCrops, Clamp: true})
	if err != nil {
		t.Fatal(err)
	}
	return len(plan.Boxes) * e.Items()
}

// TestTies gives no tie to the right option, which stands first.
func TestTies(t *testing.T) {
	it := &dataset.Item{ID: "1", Options: []string{"a", "b", "c"}, Right: 0}
	for _, c := range []struct {
		likely map[string]float64
		answer string
		choice int
		tie    bool
	}{
		{map[string]float64{"a": 0.5, "b": 0.3, "c": 0.2}, "a", 0, false},
		{map[string]float64{"a": 0.4, "b": 0.4, "c": 0.2}, "a", 1, true},
		{map[string]float64{"a": 0.4, "b": 0.2, "c": 0.4}, "a", 2, true},
		{map[string]float64{"a": 0.2, "b": 0.4, "c": 0.4}, "b", 1, true},
		{map[string]float64{"a": 0.2, "b": 0.3, "c": 0.5}, "c", 2, false},
	} {
		p := predicted(it, &records.Record{Answer: c.answer, Probabilities: c.likely})
		if p.Choice != c.choice || p.Tie != c.tie {
			t.Errorf("%v: choice %d, tie %v, expected %d, %v", c.likely, p.Choice, p.Tie, c.choice, c.tie)
		}
	}
}

// TestShuffled finds the right option under every letter, where it stood first in all items.
func TestShuffled(t *testing.T) {
	set := &dataset.Set{Kind: dataset.VStar, Name: "V*"}
	for i := range 400 {
		set.Items = append(set.Items, dataset.Item{
			ID: string(rune('a'+i%26)) + strings.Repeat("x", i/26), Options: []string{"right", "b", "c", "d"}, Letters: []string{"A", "B", "C", "D"}, Balanced: true,
		})
	}
	e, err := New(set, Options{Choosing: Letter})
	if err != nil {
		t.Fatal(err)
	}
	count := map[int]int{}
	for i, it := range e.items {
		count[it.Right]++
		if it.Options[it.Right] != "right" || set.Items[i].Options[0] != "right" {
			t.Fatalf("item %d: option %d of %v is right", i, it.Right, it.Options)
		}
	}
	for letter := range 4 {
		if count[letter] < 70 || count[letter] > 130 {
			t.Errorf("option %d is right %d times of 400", letter, count[letter])
		}
	}
	again, err := New(set, Options{Choosing: Letter})
	if err != nil {
		t.Fatal(err)
	}
	for i := range e.items {
		if !slices.Equal(e.items[i].Options, again.items[i].Options) {
			t.Fatal("the options have another order each time")
		}
	}
}

// TestChosen takes the first items, or a sample that the seed alone decides, and those about a picture together.
func TestChosen(t *testing.T) {
	var items []dataset.Item
	for i := range 12 {
		items = append(items, dataset.Item{ID: string(rune('a' + i)), Picture: dataset.Picture{Name: string(rune('p' + i%3))}, Balanced: i != 1})
	}
	ids := func(limit int, seed *uint64) (text string) {
		for _, it := range chosen(items, limit, seed) {
			text += it.ID
		}
		return text
	}
	one, two := uint64(1), uint64(2)
	for _, c := range []struct {
		limit int
		seed  *uint64
		want  string
	}{{0, nil, "adgjcfilehk"}, {4, nil, "adce"}, {99, &one, "adgjcfilehk"}} {
		if got := ids(c.limit, c.seed); got != c.want {
			t.Errorf("limit %d: %s, expected %s", c.limit, got, c.want)
		}
	}
	if a, b := ids(5, &one), ids(5, &one); a != b || len(a) != 5 || a == ids(5, nil) && a == ids(5, &two) {
		t.Errorf("samples are %s and %s with one seed, %s with another", a, b, ids(5, &two))
	}
}

// TestPublished is about the figures in the program.
func TestPublished(t *testing.T) {
	systems := 0
	for _, kind := range dataset.Kinds() {
		for _, s := range Published(kind) {
			systems++
			if s.Source == "" {
				t.Errorf("%s of %s has no source", s.Name, kind)
			}
		}
	}
	if systems < 30 {
		t.Errorf("%d published figures", systems)
	}
	counts := map[string]int{"direct_attributes": 115, "relative_position": 76, "OCR": 30, "GPT4V-hard": 17}
	for _, s := range Published(dataset.VStar) {
		for name, n := range counts {
			v, has := s.By["category"][name]
			if right := v * float64(n) / 100; has && math.Abs(right-math.Round(right)) > 0.012*float64(n)/2 {
				t.Errorf("%s: %v %% of %d in %s is no whole number of items", s.Name, v, n, name)
			}
		}
	}
}

// TestAgainst reads figures and answers of others.
func TestAgainst(t *testing.T) {
	e, err := New(miniature(t, dataset.TextVQA), Options{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	got, err := e.Against(write("figures.json", `[{"dataset":"textvqa","system":"Theirs","overall":51.5,"source":"x"},{"dataset":"gqa","system":"Other","overall":3}]`))
	if err != nil || len(got) != 1 || got[0].Name != "Theirs" || got[0].Overall != 51.5 {
		t.Errorf("figures are %+v: %v", got, err)
	}
	var answers []map[string]any
	for _, it := range e.items {
		answers = append(answers, map[string]any{"question_id": json.Number(it.ID), "answer": it.Answers[0]})
	}
	text, err := json.Marshal(answers)
	if err != nil {
		t.Fatal(err)
	}
	got, err = e.Against(write("theirs.json", string(text)))
	if err != nil || len(got) != 1 || got[0].Name != "theirs" || got[0].Overall < 90 {
		t.Errorf("answers are %+v: %v", got, err)
	}
	for text, want := range map[string]string{
		`[{"dataset":"textvqa","system":"Theirs","overall":151}]`:                                            "Theirs: overall is 151, expected 0 to 100",
		`[{"dataset":"textvqa","system":"Theirs","overall":50,"by":{"category":{"OCR":-1}}}]`:                "category OCR is -1, expected 0 to 100",
		`[{"dataset":"gqa","system":"Theirs","overall":50}]`:                                                 "has no figures of textvqa",
		`[{"dataset":"textvqa","system":"Theirs","overall":50,"bye":1}]`:                                     `unknown field "bye"`,
		`[{"dataset":"textvqa","system":"A","overall":50},{"dataset":"textvqa","overall":"a","system":"B"}]`: "overall",
	} {
		if _, err := e.Against(write("bad.json", text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "bad.json") {
			t.Errorf("%s: %v, expected %q", text, err, want)
		}
	}
}

// TestCompare compares two outputs item by item.
func TestCompare(t *testing.T) {
	set := miniature(t, dataset.VStar)
	e, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	one, two := filepath.Join(folder, "one.jsonl"), filepath.Join(folder, "two.jsonl")
	a, b := asked(t, e, one, overviewOnly, nil), asked(t, e, two, sweep.Axes{MaxCrops: []int{9}, NumTokens: []int{0}}, nil)
	all, err := ReadScored([]string{one, two})
	if err != nil {
		t.Fatal(err)
	}
	comparisons, err := Compare(all)
	if err != nil {
		t.Fatal(err)
	}
	c := comparisons[0]
	sum := func(r *Results) (sum float64) {
		for _, s := range r.Scores(0) {
			sum += s.Value
		}
		return sum / float64(e.Items())
	}
	if got, want := c.Difference, sum(b)-sum(a); math.Abs(got-want) > 1e-12 || c.Items != 10 || len(c.Flips) != c.Gained+c.Lost || !(c.Low <= got && got <= c.High) {
		t.Errorf("the comparison is %+v, expected a difference of %v", c, want)
	}
	if gained := float64(c.Gained-c.Lost) / 10; math.Abs(gained-c.Difference) > 1e-12 {
		t.Errorf("gained %d and lost %d make no difference of %v", c.Gained, c.Lost, c.Difference)
	}
	if c.P != score.McNemar(c.Gained, c.Lost) {
		t.Errorf("p is %v", c.P)
	}
	if _, err := ReadScored([]string{one}); err == nil || !strings.Contains(err.Error(), "one.jsonl: has answers of one setting") {
		t.Errorf("one run: %v", err)
	}
	other, err := New(miniature(t, dataset.GQA), Options{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	third := filepath.Join(folder, "three.jsonl")
	asked(t, other, third, overviewOnly, nil)
	if _, err := ReadScored([]string{one, third}); err == nil || !strings.Contains(err.Error(), "expected one data set") {
		t.Errorf("runs of two data sets: %v", err)
	}
}
