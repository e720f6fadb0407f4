package records

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// sweepSettings are those of a sweep over some numbers of crops and image tokens.
func sweepSettings(maxCrops, numTokens []int) (all []Settings) {
	for _, crops := range maxCrops {
		for _, tokens := range numTokens {
			s := settings
			s.Knobs.ViewKnobs = mcllava.ViewKnobs{MaxCrops: crops, NumTokens: tokens}
			all = append(all, s)
		}
	}
	return all
}

// cellsOf are the answers of a sweep about an image, whose first cell has a number.
func cellsOf(all []Settings, image string, first, of int) (cells []Record) {
	for i, s := range all {
		r := pair(first+i, image)
		s.Stamp(&r)
		r.N, r.Of, r.Key, r.Sweep = first+i, of, s.Key([32]byte{1}, r.Question), SweepID(all)
		cells = append(cells, r)
	}
	return cells
}

// TestCellsRoundTrip writes and reads an answer, a mark and a failure of a sweep.
func TestCellsRoundTrip(t *testing.T) {
	correct := false
	answered := cellsOf(sweepSettings([]int{0}, []int{364}), "a.jpg", 0, 3)[0]
	answered.Expected, answered.Correct, answered.Tokens = "yoga", &correct, []int{1}
	marked := answered
	marked.Answer, marked.Tokens, marked.Correct, marked.Expected, marked.Mark = "", []int{}, nil, "", "same as 50"
	failed := Record{Image: "a.jpg", Question: "q", Error: "no picture", Key: "key", N: 2, Of: 3, Schema: Schema, Sweep: answered.Sweep}
	failed.MaxCrops, failed.Knobs.NumTokens = 50, 728
	for _, f := range []Format{JSONL, CSV} {
		for _, want := range []Record{answered, marked, failed} {
			text, err := f.encode(want, true)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.parse(text)
			if f.name == csvName && !want.Failed() && len(want.Tokens) == 0 {
				got.Tokens = []int{}
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s\nis read as %+v, %v, want %+v", text, got, err, want)
			}
		}
	}
	for i, want := range []string{"a.jpg\t0\t364\t" + escape(answered.Answer) + "\n", "", ""} {
		if text, err := Plain.encode([]Record{answered, marked, failed}[i], true); err != nil || string(text) != want {
			t.Errorf("plain: %q, %v, want %q", text, err, want)
		}
	}
}

// TestResumedSweep goes on with a sweep of the same cells alone.
func TestResumedSweep(t *testing.T) {
	all := sweepSettings([]int{0, 50}, []int{364, 728})
	path := filepath.Join(t.TempDir(), "sweep.jsonl")
	open := func(o CreateOptions) (*File, error) {
		o.Resume = true
		return Create(t.Context(), path, JSONL, o)
	}
	file, err := open(CreateOptions{Settings: all, Sweep: true})
	if err != nil {
		t.Fatal(err)
	}
	cells := cellsOf(all, "a.jpg", 0, 4)
	cells[1].Mark = "63 of 728 tokens at most"
	for _, r := range cells[:2] {
		if err := file.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	warmer := sweepSettings([]int{0, 50}, []int{364, 728})
	for i := range warmer {
		warmer[i].Knobs.Temperature = 1.5
	}
	for want, o := range map[string]CreateOptions{
		"line 1 was answered in a sweep of other max-crops or num-tokens":            {Settings: sweepSettings([]int{0, 50}, []int{364}), Sweep: true},
		"line 1 was answered with different settings: temperature 0.7, this run 1.5": {Settings: warmer, Sweep: true},
		"line 1 was answered as a cell of a sweep, this run is none":                 {Settings: all[:1]},
		"": {Settings: all, Sweep: true},
	} {
		file, err := open(o)
		if want != "" {
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%v, want %q", err, want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range cells {
			if file.Done(r) != (i < 2) {
				t.Errorf("cell %d is not done rightly", i)
			}
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMergedSweep joins the shards of a sweep, and of nothing else.
func TestMergedSweep(t *testing.T) {
	all := sweepSettings([]int{0, 50}, []int{364, 728})
	a, b := cellsOf(all, "a.jpg", 0, 8), cellsOf(all, "b.jpg", 4, 8)
	want, err := merged(t, JSONL, MergeOptions{}, append(a[:4:4], b...))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{JSONL, CSV} {
		if got, err := merged(t, f, MergeOptions{}, b, a); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", f, got, err, want)
		}
	}
	other := cellsOf(sweepSettings([]int{0, 100}, []int{364, 728}), "b.jpg", 4, 8)
	single := cellsOf(all, "b.jpg", 4, 8)
	for i := range single {
		single[i].Sweep = ""
	}
	for message, second := range map[string][]Record{
		"shard2: line 1 was answered otherwise than shard1: line 1: in a sweep of other max-crops or num-tokens": other,
		"shard2: line 1 was answered outside a sweep, shard1: line 1 is one":                                     single,
		"4 of 8 pairs are in none of the files: 4, 5, 6, 7 (counted from 0; the first comes after a.jpg":         nil,
	} {
		if _, err := merged(t, JSONL, MergeOptions{}, a, second); err == nil || !strings.HasPrefix(err.Error(), message) {
			t.Errorf("%v, want %q", err, message)
		}
	}
}
