package evaluation

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/score"
	"github.com/mcllava/mcllava/internal/terminal"
)

// Scored is the records of a data set's items that were answered with the same settings.
type Scored struct {
	Name    string  `json:"name"` // of the file, with the knobs where a file has several settings
	Items   int     `json:"items"`
	Failed  int     `json:"failed,omitempty"`
	Mean    float64 `json:"mean"`
	Crops   float64 `json:"crops"`   // mean of an answer
	Seconds float64 `json:"seconds"` // mean of an answer

	path, dataset, run string
	maxCrops           int
	numTokens          int
	order              []string // of the items' ids
	by                 map[string]scored
}

// scored is an item's.
type scored struct {
	question, answer, expected string
	picture                    string
	score                      float64
}

// ReadScored reads the outputs of evaluations. The error names the file and says what it lacks.
func ReadScored(paths []string) (all []*Scored, err error) {
	for _, path := range paths {
		found, err := readScored(path)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	for _, s := range all {
		if s.dataset != all[0].dataset {
			return nil, fmt.Errorf("%s: is about %s, and %s about %s; expected one data set", s.path, s.dataset, all[0].path, all[0].dataset)
		}
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("%s: has answers of one setting, expected another run to compare them with", paths[0])
	}
	nameScored(all)
	return all, nil
}

// readScored are the settings of an output. A failure, which has none, is of each of them that has no answer to the item.
func readScored(path string) (all []*Scored, err error) {
	var failures []records.Record
	for r, err := range records.Read(path) {
		switch {
		case err != nil:
			return nil, err
		case r.Failed():
			failures = append(failures, r)
			continue
		case r.Mark != "":
			continue
		case r.Dataset == "" || r.Score == nil || r.ID == "":
			return nil, fmt.Errorf("%s: %s has no data set, no score or no id, which the outputs of eval have", path, r)
		}
		at := slices.IndexFunc(all, func(s *Scored) bool { return s.run == r.Run && s.dataset == r.Dataset })
		if at < 0 {
			at = len(all)
			all = append(all, &Scored{path: path, dataset: r.Dataset, run: r.Run, maxCrops: r.MaxCrops, numTokens: r.NumTokens, by: map[string]scored{}})
		}
		s := all[at]
		if _, before := s.by[r.ID]; !before {
			s.order = append(s.order, r.ID)
		}
		s.by[r.ID] = scored{question: r.Question, answer: r.Answer, expected: r.Expected, picture: r.Image, score: *r.Score}
		s.Crops += float64(r.Crops)
		s.Seconds += r.Seconds.Preprocess + r.Seconds.Encode + r.Seconds.Prefill + r.Seconds.Decode
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: has no answer to an item of a data set", path)
	}
	for _, s := range all {
		if n := float64(len(s.by)); n > 0 {
			s.Crops, s.Seconds = s.Crops/n, s.Seconds/n
		}
		for _, r := range failures {
			if _, found := s.by[r.ID]; !found && r.ID != "" {
				s.order = append(s.order, r.ID)
				s.by[r.ID] = scored{question: r.Question, picture: r.Image}
				s.Failed++
			}
		}
		s.Items = len(s.order)
		for _, id := range s.order {
			s.Mean += s.by[id].score / float64(s.Items)
		}
	}
	return all, nil
}

// nameScored gives names that tell settings apart.
func nameScored(all []*Scored) {
	files := map[string]int{}
	for _, s := range all {
		s.Name = filepath.Base(s.path)
		files[s.Name]++
	}
	seen := map[string]int{}
	for _, s := range all {
		if files[s.Name] > 1 {
			s.Name += fmt.Sprintf(", %s, %d tokens", cropsOf(s.maxCrops), s.numTokens)
		}
		if seen[s.Name]++; seen[s.Name] > 1 {
			s.Name += fmt.Sprintf(" (%d)", seen[s.Name])
		}
	}
}

// Comparison is of two settings over the items that both have.
type Comparison struct {
	A          string  `json:"a"`
	B          string  `json:"b"`
	Items      int     `json:"items"`
	Difference float64 `json:"difference"` // of the mean scores, B's less A's
	Low        float64 `json:"low"`        // of its 95 % interval
	High       float64 `json:"high"`
	Gained     int     `json:"gained"` // wrong in A and right in B
	Lost       int     `json:"lost"`   // right in A and wrong in B
	P          float64 `json:"p"`      // of McNemar's test
	Flips      []Flip  `json:"flips"`
}

// Flip is an item that one has right and the other wrong.
type Flip struct {
	ID       string `json:"id"`
	Gained   bool   `json:"gained"`
	Question string `json:"question"`
	Expected string `json:"expected"`
	A        string `json:"a"` // answers
	B        string `json:"b"`
}

// rightFrom is the least score of a right answer.
const rightFrom = 0.5

// bootstrapSeed is that of all intervals, so that the same answers have the same.
const bootstrapSeed = 1

// Compare compares the first settings with each of the others.
func Compare(all []*Scored) (comparisons []Comparison, err error) {
	a := all[0]
	for _, b := range all[1:] {
		c := Comparison{A: a.Name, B: b.Name, Flips: []Flip{}}
		var was, is []float64
		var pictures []string
		for _, id := range a.order {
			one := a.by[id]
			two, both := b.by[id]
			if !both {
				continue
			}
			was, is = append(was, one.score), append(is, two.score)
			pictures = append(pictures, one.picture)
			if right := two.score >= rightFrom; right != (one.score >= rightFrom) {
				expected := one.expected
				if expected == "" {
					expected = two.expected
				}
				c.Flips = append(c.Flips, Flip{id, right, one.question, expected, one.answer, two.answer})
				if right {
					c.Gained++
				} else {
					c.Lost++
				}
			}
		}
		if c.Items = len(was); c.Items == 0 {
			return nil, fmt.Errorf("%s and %s have no item in common", a.Name, b.Name)
		}
		c.Difference, c.Low, c.High = score.Difference(was, is, pictures, bootstrapSeed)
		c.P = score.McNemar(c.Gained, c.Lost)
		comparisons = append(comparisons, c)
	}
	return comparisons, nil
}

// Describe is the comparison as text, with at most so many flips; all if most is negative.
func Describe(all []*Scored, comparisons []Comparison, most int) string {
	var b strings.Builder
	for _, s := range all {
		failed := ""
		if s.Failed > 0 {
			failed = fmt.Sprintf(", %d failed", s.Failed)
		}
		fmt.Fprintf(&b, "%6.1f %%  %s: %s%s, %.1f crops, %.2f s each\n", percent*s.Mean, terminal.Escape(s.Name), itemsOf(s.Items), failed, s.Crops, s.Seconds)
	}
	for _, c := range comparisons {
		fmt.Fprintf(&b, "\n%s less %s: %+.1f points (%+.1f to %+.1f, 95 %%) over %s\n", terminal.Escape(c.B), terminal.Escape(c.A), percent*c.Difference, percent*c.Low, percent*c.High, itemsOf(c.Items))
		fmt.Fprintf(&b, "gained %d, lost %d, McNemar's p = %.2g\n", c.Gained, c.Lost, c.P)
		for i, f := range c.Flips {
			if i == most {
				fmt.Fprintf(&b, "and %d more; --json has all\n", len(c.Flips)-most)
				break
			}
			what := "lost  "
			if f.Gained {
				what = "gained"
			}
			fmt.Fprintf(&b, "  %s %s: %q, then %q; right is %q\n", what, terminal.Escape(f.ID), f.A, f.B, f.Expected)
		}
	}
	return b.String()
}
