package sweep

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
)

const street = "../../testdata/street.png"

var smallAxes = Axes{MaxCrops: []int{0, 4, 9, 10, 30}, NumTokens: []int{20, 60, 120}}

// sweptWith is what a sweep of the street comes to.
type sweptWith struct {
	axes      Axes
	questions []string
	cache     mcllava.CacheOptions
	output    run.Output
	observer  run.Observer
	images    []string
}

func (s sweptWith) do(t *testing.T) (*Results, run.Summary, error) {
	t.Helper()
	in := inputs.Options{Images: []string{street}, Questions: s.questions}
	if s.images != nil {
		in.Images = s.images
	}
	if in.Questions == nil {
		in.Questions = []string{"what shop is this"}
	}
	all, err := inputs.New(in)
	if err != nil {
		t.Fatal(err)
	}
	open := func() (*mcllava.Model, error) {
		m, err := mcllava.OpenWith(mcllava.Demo, mcllava.OpenOptions{Threads: 1})
		if err != nil {
			return nil, err
		}
		return m, m.UseCache(s.cache)
	}
	if s.observer == nil {
		s.observer = run.Silent{}
	}
	return Do(t.Context(), all, open, Options{Options: run.Options{Knobs: mcllava.DefaultKnobs(), Output: s.output}, Axes: s.axes}, s.observer)
}

// rows are all rows of results.
func rows(r *Results) (rows []records.Record) {
	for _, p := range r.Pairs {
		for _, row := range p.cells {
			if row != nil {
				rows = append(rows, *row)
			}
		}
	}
	return rows
}

func encodes(r *Results) (n int) {
	for _, row := range rows(r) {
		n += row.Encoded
	}
	return n
}

// boxes are the distinct boxes of the street in all cells that can be given.
func boxes(t *testing.T, a Axes) int {
	t.Helper()
	c, err := mcllava.ReadConfig(mcllava.Demo)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[image.Rectangle]bool{}
	for _, k := range a.Grid(false) {
		if plan, err := mcllava.PlanFor(c, 2400, 1600, k); err == nil {
			for _, b := range plan.Boxes {
				seen[b] = true
			}
		}
	}
	return len(seen)
}

// TestEachBoxIsEncodedOnce counts encodes over all cells and questions, without the cache and with it.
func TestEachBoxIsEncodedOnce(t *testing.T) {
	want := boxes(t, smallAxes)
	questions := []string{"what shop is this", "is it day or night?"}
	cached := mcllava.CacheOptions{Folder: t.TempDir(), Limit: 1 << 30}
	kept := mcllava.CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, KeptRows: true}
	for _, c := range []struct {
		name      string
		questions []string
		cache     mcllava.CacheOptions
		want      int
	}{
		{"no cache", nil, mcllava.CacheOptions{}, want},
		{"no cache, two questions", questions, mcllava.CacheOptions{}, want},
		{"a cache", nil, cached, want},
		{"the cache again", questions, cached, 0},
		{"a cache of the kept rows", nil, kept, want},
		{"that cache again", nil, kept, 0},
	} {
		r, summary, err := sweptWith{axes: smallAxes, questions: c.questions, cache: c.cache}.do(t)
		if err != nil {
			t.Fatal(err)
		}
		if n := encodes(r); n != c.want {
			t.Errorf("%s: %d crops encoded, expected %d", c.name, n, c.want)
		}
		pairs := max(1, len(c.questions))
		if summary.Answered != 10*pairs || summary.Marked != 5*pairs {
			t.Errorf("%s: %+v of %d pairs", c.name, summary, pairs)
		}
		seen := map[int]bool{} // limits of crops
		for _, row := range rows(r) {
			if seen[row.MaxCrops] && row.Encoded > 0 {
				t.Errorf("%s: %d tokens at %d crops cost %d encodes more", c.name, row.Knobs.NumTokens, row.MaxCrops, row.Encoded)
			}
			seen[row.MaxCrops] = seen[row.MaxCrops] || row.Mark == ""
		}
	}
}

// TestAnswersAreThoseOfAsk compares each cell with a question that is asked alone, with its seconds.
func TestAnswersAreThoseOfAsk(t *testing.T) {
	r, _, err := sweptWith{axes: smallAxes}.do(t)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mcllava.Open("", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	data, err := os.ReadFile(street)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows(r) {
		if row.Mark != "" {
			continue
		}
		o := mcllava.Defaults()
		o.ViewKnobs = mcllava.ViewKnobs{MaxCrops: row.MaxCrops, NumTokens: row.Knobs.NumTokens}
		a, err := m.Ask(t.Context(), data, row.Question, o)
		if err != nil {
			t.Fatal(err)
		}
		if a.Text != row.Answer || a.Crops != row.Crops || a.ImageTokens != row.ImageTokens || a.NumTokens != row.NumTokens || a.PromptTokens != row.PromptTokens {
			t.Errorf("%+v, expected %+v", row, a)
		}
		if row.Seconds.Preprocess <= 0 || row.Seconds.Encode <= 0 {
			t.Errorf("%d crops, %d tokens: no seconds of what a cell before encoded", row.MaxCrops, row.NumTokens)
		}
	}
}

// TestMarks are those of cells that the street cannot give.
func TestMarks(t *testing.T) {
	r, _, err := sweptWith{axes: smallAxes}.do(t)
	if err != nil {
		t.Fatal(err)
	}
	var marks []string
	for _, row := range rows(r) {
		marks = append(marks, row.Mark)
		if same := row.NumTokens > 0; row.Mark != "" && (same != (row.MaxCrops == 10) || row.Answer != "") {
			t.Errorf("%+v", row)
		}
	}
	want := []string{
		"", "", "63 of 120 tokens at most",
		"", "", "",
		"", "", "",
		"same as 9", "same as 9", "same as 9",
		"29 tokens at least", "", "",
	}
	if !slices.Equal(marks, want) {
		t.Errorf("marks %q, expected %q", marks, want)
	}
	o := Options{Axes: Axes{MaxCrops: []int{0, 4}, NumTokens: []int{60, 100, 500}}}
	o.Knobs = mcllava.DefaultKnobs()
	o.Clamp = true
	all, err := inputs.New(inputs.Options{Images: []string{street}, Questions: []string{"what shop is this"}})
	if err != nil {
		t.Fatal(err)
	}
	clamped, _, err := Do(t.Context(), all, func() (*mcllava.Model, error) { return mcllava.Open("", 1) }, o, run.Silent{})
	if err != nil {
		t.Fatal(err)
	}
	marks = nil
	for _, row := range rows(clamped) {
		marks = append(marks, row.Mark)
	}
	if want := []string{"", "", "same as 100 tokens", "", "", ""}; !slices.Equal(marks, want) {
		t.Errorf("clamped: marks %q, expected %q", marks, want)
	}
}

// stopper ends a sweep after some answers.
type stopper struct {
	run.Silent
	after int
	stop  func()
}

func (s *stopper) Answered(records.Record) {
	if s.after--; s.after == 0 {
		s.stop()
	}
}

// TestResume goes on with a sweep that was stopped: the rows are those of one that was not, and only what is left is encoded.
func TestResume(t *testing.T) {
	folder := t.TempDir()
	for _, format := range []records.Format{records.JSONL, records.CSV} {
		whole, _, err := sweptWith{axes: smallAxes, output: run.Output{Path: filepath.Join(folder, "whole"+format.String()), Format: format}}.do(t)
		if err != nil {
			t.Fatal(err)
		}
		output := run.Output{Path: filepath.Join(folder, "out"+format.String()), Format: format, Resume: true}
		all, err := inputs.New(inputs.Options{Images: []string{street}, Questions: []string{"what shop is this"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		stopped, _, err := Do(ctx, all, func() (*mcllava.Model, error) { return mcllava.Open("", 1) },
			Options{Options: run.Options{Knobs: mcllava.DefaultKnobs(), Output: output}, Axes: smallAxes}, &stopper{after: 8, stop: cancel})
		if !errors.Is(err, context.Canceled) || len(rows(stopped)) != 8 {
			t.Fatalf("%d rows, error %v", len(rows(stopped)), err)
		}
		r, summary, err := sweptWith{axes: smallAxes, output: output}.do(t)
		if err != nil || summary.Answered+summary.Marked != 7 {
			t.Fatalf("%+v, %v", summary, err)
		}
		got, want := rows(r), rows(whole)
		if len(got) != len(want) {
			t.Fatalf("%d rows, expected %d", len(got), len(want))
		}
		for i := range got {
			if got[i].Answer != want[i].Answer || got[i].Mark != want[i].Mark || got[i].Key != want[i].Key || got[i].N != want[i].N || got[i].Of != 15 {
				t.Errorf("row %d is %+v, expected %+v", i, got[i], want[i])
			}
		}
	}
}

func TestAxes(t *testing.T) {
	for message, a := range map[string]Axes{
		"": smallAxes,
		"max-crops is empty, expected one number or more":  {NumTokens: []int{1}},
		"num-tokens is empty, expected one number or more": {MaxCrops: []int{0}},
		"max-crops has -1, expected 0 or more":             {MaxCrops: []int{-1}, NumTokens: []int{1}},
		"num-tokens has 0, expected 1 or more":             {MaxCrops: []int{0}, NumTokens: []int{5, 0}},
		"max-crops has 4 twice":                            {MaxCrops: []int{4, 0, 4}, NumTokens: []int{1}},
	} {
		if err := a.Check(); err == nil && message != "" || err != nil && err.Error() != message {
			t.Errorf("%v: %v, expected %q", a, err, message)
		}
	}
}

func TestSays(t *testing.T) {
	for _, c := range []struct {
		answer, text string
		want         bool
	}{
		{"It is a yoga studio.", "yoga studio", true},
		{"It's a Yoga-Studio!", "yoga  STUDIO.", true},
		{"yoga studios", "yoga studio", false},
		{"a studio for yoga", "yoga studio", false},
		{"yoga yoga studio", "yoga studio", true},
		{"day", "yes day", false},
		{"Ein CAFÉ", "café", true},
		{"Nr. 12", "1", false},
		{"答えは 東京 です", "東京", true},
		{"anything", "?!", false},
		{"", "a", false},
	} {
		if got := Says(c.answer, c.text); got != c.want {
			t.Errorf("%q says %q: %v", c.answer, c.text, got)
		}
	}
}
