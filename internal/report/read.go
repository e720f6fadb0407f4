package report

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/records"
)

// Run is the records of one output.
type Run struct {
	Path    string
	entries []entry
}

// entry is a record with the fields that evaluations and later versions add to it.
type entry struct {
	records.Record
	text     []byte                     // JSON
	fields   map[string]json.RawMessage // all of it
	expected string                     // "" for none
	score    *float64                   // 0…1; nil for none
	category string
	dataset  string
}

// ReadAll reads outputs, as Read does. The error may be ctx's.
func ReadAll(ctx context.Context, paths []string) (runs []*Run, err error) {
	for _, path := range paths {
		r, err := Read(path)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	return runs, nil
}

// Count are the numbers of the page about some runs.
func Count(runs []*Run) *Numbers {
	r := arrange(runs)
	r.count()
	return &r.numbers
}

// Read reads the records of an output, in JSON lines or CSV. An error names the file, the line and, where it is one of a page's own, the
// field. An output without records is an error. A failure gives way to an answer of the same pair, as in an output that was resumed.
func Read(path string) (*Run, error) {
	r := &Run{Path: path}
	failures := map[string]int{}
	for e, err := range records.Entries(path) {
		if err != nil {
			return nil, err
		}
		one, err := newEntry(e)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, e.Line, err)
		}
		pair := fmt.Sprintf("%d %q %q", one.N, one.Image, one.Question)
		at, failed := failures[pair]
		if failed {
			r.entries[at] = one
		} else {
			at = len(r.entries)
			r.entries = append(r.entries, one)
		}
		if delete(failures, pair); one.Failed() {
			failures[pair] = at
		}
	}
	if len(r.entries) == 0 {
		return nil, fmt.Errorf("%s: has no record", path)
	}
	return r, nil
}

func newEntry(e records.Entry) (entry, error) {
	one := entry{Record: e.Record}
	text := e.JSON
	if text == nil {
		var err error
		if text, err = json.Marshal(e.Record); err != nil {
			return one, err
		}
	}
	one.text = text
	if err := json.Unmarshal(text, &one.fields); err != nil {
		return one, err
	}
	var err error
	if one.score, err = score(one.fields["score"]); err != nil {
		return one, err
	}
	if one.score == nil && one.Correct != nil { // of a sweep
		right := 0.0
		if *one.Correct {
			right = 1
		}
		one.score = &right
	}
	if one.expected, err = texts("expected", one.fields["expected"]); err != nil {
		return one, err
	}
	if one.category, err = texts("category", one.fields["category"]); err != nil {
		return one, err
	}
	one.dataset, err = texts("dataset", one.fields["dataset"])
	return one, err
}

// score is a number from 0 to 1, or true or false; nil for none.
func score(text json.RawMessage) (*float64, error) {
	if absent(text) {
		return nil, nil
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	number := math.NaN()
	switch v := v.(type) {
	case bool:
		if number = 0; v {
			number = 1
		}
	case float64:
		number = v
	}
	if !(number >= 0 && number <= 1) {
		return nil, fmt.Errorf("score is %s, expected a number from 0 to 1", text)
	}
	return &number, nil
}

// texts is a field that is a text, a number, or several of them, which are joined.
func texts(name string, text json.RawMessage) (string, error) {
	if absent(text) {
		return "", nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return "", err
	}
	all, several := v.([]any)
	if !several {
		all = []any{v}
	}
	var parts []string
	for _, one := range all {
		switch one := one.(type) {
		case string:
			parts = append(parts, one)
		case json.Number, bool:
			parts = append(parts, fmt.Sprint(one))
		default:
			return "", fmt.Errorf("%s is %.60s, expected a text or an array of texts", name, text)
		}
	}
	return strings.Join(parts, " | "), nil
}

func absent(text json.RawMessage) bool { return len(text) == 0 || string(text) == "null" }

// sure is how sure an answer is, 0…1: its confidence or else the probability of its least likely token. ok is false where neither is known.
func (e entry) sure() (sure float64, ok bool) {
	switch {
	case !e.has():
	case e.Confidence != nil:
		return *e.Confidence, true
	case e.PMin != nil:
		return *e.PMin, true
	}
	return 0, false
}

// seconds is what the answer took, without the checkpoint's opening.
func (e entry) seconds() float64 {
	s := e.Seconds
	return s.Preprocess + s.Encode + s.Prefill + s.Decode
}

// seen says whether all crops of the answer were seen before, so that none was encoded for it.
func (e entry) seen() bool {
	return e.Crops > 0 && e.Encoded == 0 && e.Seconds.Preprocess+e.Seconds.Encode == 0 && e.seconds() > 0
}

// The names that status has in the page.
const (
	statusRight    = "right"
	statusWrong    = "wrong"
	statusFailed   = "failed"
	statusAnswered = "answered"
	statusUnasked  = "unasked" // a cell of a sweep that its picture cannot be seen in, or is seen in as in another
)

// rightFrom is the least score of a right answer, unsureBelow the least sureness of one that is not unsure.
const (
	rightFrom   = 0.5
	unsureBelow = 0.7
)

// unasked says whether the entry is a cell of a sweep that was not asked.
func (e entry) unasked() bool { return e.Mark != "" && !e.Failed() }

// has says whether the entry has an answer.
func (e entry) has() bool { return !e.Failed() && !e.unasked() }

// status is one word about an entry.
func (e entry) status() string {
	switch {
	case e.Failed():
		return statusFailed
	case e.unasked():
		return statusUnasked
	case e.score == nil:
		return statusAnswered
	case *e.score >= rightFrom:
		return statusRight
	}
	return statusWrong
}

// series is the answers of one output that were given with the same settings.
type series struct {
	name  string // the file's, with the knobs where a file has several settings
	path  string
	first entry // an answer; without an answer, a failure
	by    []*entry
}

// item is a pair of an image and a question, with the entry of each series; nil where a series has none.
type item struct {
	entries []*entry
	picture int // of results.pictures
	place   int // among the items as the runs have them, from 0
}

// any is the first entry of the item.
func (i item) any() *entry {
	for _, e := range i.entries {
		if e != nil {
			return e
		}
	}
	return nil
}

// results is what a page is about.
type results struct {
	series   []*series
	unasked  []*entry // one of each cell of a sweep that was asked of no picture
	items    []item   // those that are sure and wrong first
	pictures []*picture
	numbers  Numbers
}

// arrange finds the series of some runs, and the pairs that they have in common.
func arrange(runs []*Run) *results {
	r := &results{}
	for _, run := range runs {
		some, unasked := run.split()
		r.series, r.unasked = append(r.series, some...), append(r.unasked, unasked...)
	}
	name(r.series)
	r.pair()
	r.sort()
	return r
}

// split are the series of a run, in the order of their first answers. A failure, which has no settings, goes with the answer before it, or
// the first. A cell of a sweep that no picture was asked in is no series: of each the first entry is in unasked.
func (r *Run) split() (all []*series, unasked []*entry) {
	found, marked := map[string]*series{}, map[string][]*entry{}
	var waiting []*entry
	var last *series
	for i := range r.entries {
		e := &r.entries[i]
		if e.Failed() {
			if last == nil {
				waiting = append(waiting, e)
			} else {
				last.by = append(last.by, e)
			}
			continue
		}
		id := e.settings()
		if e.unasked() {
			marked[id] = append(marked[id], e)
			continue
		}
		if last = found[id]; last == nil {
			last = &series{path: r.Path, first: *e, by: waiting}
			found[id], waiting = last, nil
			all = append(all, last)
		}
		last.by = append(last.by, e)
	}
	for i := range r.entries {
		e := &r.entries[i]
		switch some := marked[e.settings()]; {
		case !e.unasked() || e != some[0]:
		case found[e.settings()] != nil:
			of := found[e.settings()]
			of.by = append(of.by, some...)
		default:
			unasked = append(unasked, e)
		}
	}
	if all == nil {
		one := &series{path: r.Path, by: waiting}
		for i := range r.entries {
			if e := &r.entries[i]; e.unasked() {
				one.by = append(one.by, e)
			}
		}
		one.first = *one.by[0]
		all = []*series{one}
	}
	return all, unasked
}

// settings identify those that an answer was given with.
func (e *entry) settings() string {
	if e.Run != "" {
		return e.Run
	}
	return fmt.Sprint(e.MaxCrops, e.NumTokens, e.Precision, e.Model, e.Checkpoint)
}

// name gives series names that tell them apart: those of their files, as short as may be, and where that is not enough their knobs.
func name(all []*series) {
	for short := range 3 {
		seen := map[string]int{}
		for _, s := range all {
			s.name = filepath.Base(s.path)
			if short > 0 {
				s.name += ", " + s.cut()
			}
			if short > 1 {
				s.name += ", " + s.first.Precision
			}
			if seen[s.name]++; seen[s.name] > 1 && short == 2 {
				s.name += fmt.Sprintf(" (%d)", seen[s.name])
			}
		}
		if len(seen) == len(all) {
			return
		}
	}
}

// cut says how pictures are cut: a search does it by itself.
func (s *series) cut() string {
	if s.first.Knobs.Search {
		return "search"
	}
	return fmt.Sprintf("%d crops, %d tokens", s.first.MaxCrops, s.first.NumTokens)
}

// pair makes the items. Pairs of different series are one if they have the same name of the image, question and id, or else the same
// content of the image. Of several alike, the first goes with the first.
func (r *results) pair() {
	byName, byContent := map[string]int{}, map[string]int{}
	for s, one := range r.series {
		times := map[string]int{}
		for _, e := range one.by {
			name := fmt.Sprintf("%q %q %q", e.ID, e.Image, e.Question)
			times[name]++
			name += fmt.Sprint(times[name])
			at, found := byName[name]
			content := ""
			if e.ImageSHA256 != "" {
				content = fmt.Sprintf("%q %s %q", e.ID, e.ImageSHA256, e.Question)
				times[content]++
				content += fmt.Sprint(" ", times[content])
			}
			if !found && content != "" {
				at, found = byContent[content]
			}
			if !found || r.items[at].entries[s] != nil {
				at = len(r.items)
				r.items = append(r.items, item{entries: make([]*entry, len(r.series)), place: at})
			}
			byName[name] = at
			if content != "" {
				byContent[content] = at
			}
			r.items[at].entries[s] = e
		}
	}
}

// sort puts the items first whose answer in the first series is wrong, the surest of them first, then those that failed; the others stay as
// they are. Then it finds the pictures, in the same order.
func (r *results) sort() {
	rank := func(i item) (group int, sure float64) {
		e := i.any()
		switch e.status() {
		case statusWrong:
			sure, _ = e.sure()
			return 0, -sure
		case statusFailed:
			return 1, 0
		}
		return 2, 0
	}
	slices.SortStableFunc(r.items, func(a, b item) int {
		groupA, sureA := rank(a)
		groupB, sureB := rank(b)
		return cmp.Or(cmp.Compare(groupA, groupB), cmp.Compare(sureA, sureB))
	})
	at := map[string]int{}
	for n := range r.items {
		i := &r.items[n]
		p := &picture{}
		for s, e := range i.entries {
			if e == nil {
				continue
			}
			if p.beside == "" {
				p.name, p.beside = e.Image, r.series[s].path
			}
			if p.hash == "" {
				p.hash = e.ImageSHA256
			}
		}
		key := fmt.Sprintf("%s %q", p.hash, p.name)
		place, found := at[key]
		if !found {
			place = len(r.pictures)
			at[key] = place
			r.pictures = append(r.pictures, p)
		}
		i.picture = place
	}
}
