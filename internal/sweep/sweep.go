// Package sweep asks every pair of an image and a question with several limits of crops and several numbers of image tokens, and shows
// what comes of it: as rows of records, as a table, and as a heat map.
package sweep

import (
	"context"
	"fmt"
	"slices"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
)

// Axes are the two knobs of a sweep.
type Axes struct {
	MaxCrops  []int
	NumTokens []int
}

// names are those of the knobs.
func (Axes) names() (maxCrops, numTokens string) {
	var k mcllava.ViewKnobs
	return mcllava.KnobName(k.All(), &k.MaxCrops), mcllava.KnobName(k.All(), &k.NumTokens)
}

// Check returns an error that names the knob which has no value, one twice, or one that no picture can be seen with.
func (a Axes) Check() error {
	maxCrops, numTokens := a.names()
	for _, axis := range []struct {
		name   string
		values []int
		least  int
	}{{maxCrops, a.MaxCrops, 0}, {numTokens, a.NumTokens, 1}} {
		if len(axis.values) == 0 {
			return fmt.Errorf("%s is empty, expected one number or more", axis.name)
		}
		for i, v := range axis.values {
			switch {
			case v < axis.least:
				return fmt.Errorf("%s has %d, expected %d or more", axis.name, v, axis.least)
			case slices.Contains(axis.values[:i], v):
				return fmt.Errorf("%s has %d twice", axis.name, v)
			}
		}
	}
	return nil
}

// Grid is all combinations: the first limit of crops with each number of image tokens, then the second.
func (a Axes) Grid(clamp bool) (cells []mcllava.ViewKnobs) {
	for _, crops := range a.MaxCrops {
		for _, tokens := range a.NumTokens {
			cells = append(cells, mcllava.ViewKnobs{MaxCrops: crops, NumTokens: tokens, Clamp: clamp})
		}
	}
	return cells
}

// Options are those of a run. It is the sweep that sets its Cells and its Judge.
type Options struct {
	run.Options
	Axes
	Expect []string // what the answers are to say: one text for all, or one a question; nil if nothing is expected
}

// CheckExpect refuses texts that no answer says, and more than one of them where there are not as many questions about each image.
func CheckExpect(texts []string, questions int) error {
	for _, text := range texts {
		if len(words(text)) == 0 {
			return fmt.Errorf("%q is expected, which has no word", text)
		}
	}
	switch n := len(texts); {
	case n < 2 || n == questions:
		return nil
	case questions == 0:
		return fmt.Errorf("%d texts are expected, but the questions about each image are not numbered; expected one for all", n)
	default:
		return fmt.Errorf("%d texts are expected of %d questions; expected one for all of them, or one for each", n, questions)
	}
}

// Do asks every pair in every cell, as run.Run does. Of a picture each box is encoded once. The results are those of the observer's answers
// or, where there is an output file, of all its rows. They are whole even after an error, as far as the sweep has come.
func Do(ctx context.Context, all *inputs.Pairs, open func() (*mcllava.Model, error), o Options, observer run.Observer) (*Results, run.Summary, error) {
	o.Cells = o.Grid(o.Clamp)
	questions := all.Questions()
	if err := CheckExpect(o.Expect, questions); err != nil {
		return nil, run.Summary{}, err
	}
	expected := func(pair int) string {
		switch len(o.Expect) {
		case 0:
			return ""
		case 1:
			return o.Expect[0]
		}
		return o.Expect[pair%questions]
	}
	if o.Output.Resume {
		if err := o.sameExpected(expected); err != nil {
			return nil, run.Summary{}, err
		}
	}
	o.Judge = func(r *records.Record) {
		if r.Expected = expected(r.N / len(o.Cells)); r.Expected != "" {
			says := Says(r.Answer, r.Expected)
			r.Correct = &says
		}
	}
	results := NewResults(o.Axes)
	summary, err := run.New(all, open, o.Options, &collector{observer, results}).Do(ctx)
	if path := o.Output.Path; path != "" && !summary.Kept {
		fromFile := NewResults(o.Axes)
		for r, readErr := range records.Read(path) {
			if readErr != nil {
				return results, summary, err // a pipe, or what cannot be read again
			}
			fromFile.Add(r)
		}
		results = fromFile
	}
	return results, summary, err
}

// sameExpected refuses to go on with rows of which something else was expected. What else is wrong with the file, the run says.
func (o Options) sameExpected(expected func(pair int) string) error {
	for r, err := range records.Read(o.Output.Path) {
		if err != nil {
			return nil
		}
		want := expected(r.N / len(o.Cells))
		if r.Sweep != "" && r.Mark == "" && !r.Failed() && r.Expected != want {
			return fmt.Errorf("%s: has a row of which %q was expected, this run expects %q", o.Output.Path, r.Expected, want)
		}
	}
	return nil
}

// collector keeps what an observer hears of.
type collector struct {
	run.Observer
	results *Results
}

// Answered keeps a row.
func (c *collector) Answered(r records.Record) {
	c.results.Add(r)
	c.Observer.Answered(r)
}
