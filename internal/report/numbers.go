package report

import (
	"cmp"
	"math"
	"slices"

	stats "github.com/mcllava/mcllava/internal/score"
)

// Numbers are those of a page.
type Numbers struct {
	Items  int            `json:"items"`
	Series []SeriesNumber `json:"runs"`
	Pairs  []PairNumber   `json:"pairs,omitempty"` // of each two series
}

// SeriesNumber is what is said of the answers with the same settings.
type SeriesNumber struct {
	Name       string           `json:"name"`
	MaxCrops   int              `json:"max_crops"` // 0 of a search, which does not take it
	NumTokens  int              `json:"num_tokens"`
	Records    int              `json:"records"`
	Answered   int              `json:"answered"`
	Failed     int              `json:"failed"`
	Unasked    int              `json:"unasked,omitempty"` // cells of a sweep that were not asked, which are neither answered nor failed
	Search     *Looked          `json:"search,omitempty"`  // nil of answers that no search was made for
	Unsure     int              `json:"unsure"`
	Seen       int              `json:"seen,omitempty"`       // answers all of whose crops were seen before, so that their seconds are those of the decoder alone
	Score      *Mean            `json:"score,omitempty"`      // nil where nothing is scored
	Chance     *float64         `json:"chance,omitempty"`     // mean of 1/choices over the scored answers, where all had choices
	Confidence *float64         `json:"confidence,omitempty"` // mean
	Seconds    float64          `json:"seconds"`              // of all answers, without the checkpoint's opening
	Median     float64          `json:"seconds_median"`       // of an answer
	Categories []CategoryNumber `json:"categories,omitempty"`
}

// Looked is how many crops searches looked at, the overview included.
type Looked struct {
	Mean float64 `json:"crops_mean"`
	Most int     `json:"crops_most"`
}

// CategoryNumber is the score of a category.
type CategoryNumber struct {
	Name string `json:"name"`
	Mean
}

// PairNumber compares two series over the items that both have scored.
type PairNumber struct {
	A          int   `json:"a"` // places in Numbers.Series
	B          int   `json:"b"`
	Both       int   `json:"both"`                 // items that both have answered
	Changed    int   `json:"changed"`              // of them, with other answers
	Gained     int   `json:"gained"`               // wrong in A and right in B
	Lost       int   `json:"lost"`                 // right in A and wrong in B
	Difference *Mean `json:"difference,omitempty"` // of B's score less A's; nil where nothing is scored in both
}

// Mean is a mean with its 95 % interval.
type Mean struct {
	Mean float64 `json:"mean"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`

	Interval string `json:"interval,omitempty"` // how it was found
}

// How intervals are found.
const (
	intervalWilson = "Wilson"
	intervalNormal = "normal"
	intervalPaired = "Agresti–Min"
	intervalNone   = "" // of one item
)

// meanScore is the mean of scores from 0 to 1 with its 95 % interval: Wilson's (1927) where every score is 0 or 1, else the normal one,
// which is cut at 0 and 1. Of one score between them nothing is known.
func meanScore(scores []float64) Mean {
	mean, deviation := moments(scores)
	n := float64(len(scores))
	if slices.ContainsFunc(scores, func(s float64) bool { return s != 0 && s != 1 }) {
		if len(scores) == 1 {
			return Mean{mean, 0, 1, 1, intervalNone}
		}
		half := stats.Normal95 * deviation / math.Sqrt(n)
		return Mean{mean, max(0, mean-half), min(1, mean+half), len(scores), intervalNormal}
	}
	low, high := stats.Wilson(int(math.Round(mean*n)), len(scores))
	return Mean{mean, low, high, len(scores), intervalWilson}
}

// meanDifference is the mean of paired differences from -1 to 1 with its 95 % interval. Where every difference is of scores 0 and 1 it
// is that of Agresti and Min (2005), which adds half an item to each of the four outcomes; else the normal one.
func meanDifference(differences []float64) Mean {
	mean, deviation := moments(differences)
	n := float64(len(differences))
	if len(differences) == 1 && differences[0] != math.Trunc(differences[0]) {
		return Mean{mean, -1, 1, 1, intervalNone}
	}
	half, middle, interval := stats.Normal95*deviation/math.Sqrt(n), mean, intervalNormal
	if !slices.ContainsFunc(differences, func(d float64) bool { return d != 0 && math.Abs(d) != 1 }) {
		var gained, lost float64
		for _, d := range differences {
			switch d {
			case 1:
				gained++
			case -1:
				lost++
			}
		}
		gained, lost, n = gained+0.5, lost+0.5, n+2
		middle, interval = (gained-lost)/n, intervalPaired
		half = stats.Normal95 * math.Sqrt((gained+lost)/n-middle*middle) / math.Sqrt(n)
	}
	return Mean{mean, max(-1, middle-half), min(1, middle+half), len(differences), interval}
}

// moments are the mean and the standard deviation of a sample.
func moments(values []float64) (mean, deviation float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	if len(values) < 2 {
		return mean, 0
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / (n - 1)
	}
	return mean, math.Sqrt(deviation)
}

// mostCompared is the most series of which each two are compared; of more, each is compared with the first.
const mostCompared = 12

// count fills the numbers.
func (r *results) count() {
	r.numbers = Numbers{Items: len(r.items)}
	for _, s := range r.series {
		r.numbers.Series = append(r.numbers.Series, s.count())
	}
	for a := range r.series {
		for b := range r.series {
			if a < b && (len(r.series) <= mostCompared || a == 0) {
				r.numbers.Pairs = append(r.numbers.Pairs, r.compare(a, b))
			}
		}
	}
}

func (s *series) count() SeriesNumber {
	n := SeriesNumber{Name: s.name, MaxCrops: s.first.MaxCrops, NumTokens: s.first.NumTokens, Records: len(s.by)}
	var scores, sure, seconds []float64
	chance, choosing := 0.0, 0
	byCategory := map[string][]float64{}
	if s.first.Knobs.Search {
		n.MaxCrops, n.Search = 0, &Looked{}
	}
	for _, e := range s.by {
		switch {
		case e.Failed():
			n.Failed++
			continue
		case e.unasked():
			n.Unasked++
			continue
		}
		n.Answered++
		if n.Search != nil {
			n.Search.Mean += float64(e.Crops)
			n.Search.Most = max(n.Search.Most, e.Crops)
		}
		n.Seconds += e.seconds()
		seconds = append(seconds, e.seconds())
		if e.Confidence != nil {
			sure = append(sure, *e.Confidence)
		}
		if e.seen() {
			n.Seen++
		}
		if e.unsure() {
			n.Unsure++
		}
		if e.score == nil {
			continue
		}
		scores = append(scores, *e.score)
		if e.category != "" {
			byCategory[e.category] = append(byCategory[e.category], *e.score)
		}
		if len(e.Choices) > 0 {
			chance, choosing = chance+1/float64(len(e.Choices)), choosing+1
		}
	}
	if n.Search != nil && n.Answered > 0 {
		n.Search.Mean /= float64(n.Answered)
	}
	if len(scores) > 0 {
		all := scores
		if s.first.Dataset != "" && len(scores) == n.Answered { // as the scripts of benchmarks have it, what failed is worth nothing
			all = append(slices.Clone(scores), make([]float64, n.Failed)...)
		}
		mean := meanScore(all)
		n.Score = &mean
		if choosing == len(scores) {
			chance /= float64(choosing)
			n.Chance = &chance
		}
	}
	if len(sure) > 0 {
		mean, _ := moments(sure)
		n.Confidence = &mean
	}
	n.Median = median(seconds)
	for name, scores := range byCategory {
		n.Categories = append(n.Categories, CategoryNumber{name, meanScore(scores)})
	}
	slices.SortFunc(n.Categories, func(a, b CategoryNumber) int { return cmp.Compare(a.Name, b.Name) })
	return n
}

func (e entry) unsure() bool {
	sure, ok := e.sure()
	return ok && sure < unsureBelow
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

func (r *results) compare(a, b int) PairNumber {
	n := PairNumber{A: a, B: b}
	var differences []float64
	for _, i := range r.items {
		one, two := i.entries[a], i.entries[b]
		if one == nil || two == nil || !one.has() || !two.has() {
			continue
		}
		n.Both++
		if one.Answer != two.Answer {
			n.Changed++
		}
		if one.score == nil || two.score == nil {
			continue
		}
		differences = append(differences, *two.score-*one.score)
		switch was, is := one.status(), two.status(); {
		case was == statusWrong && is == statusRight:
			n.Gained++
		case was == statusRight && is == statusWrong:
			n.Lost++
		}
	}
	if len(differences) > 0 {
		mean := meanDifference(differences)
		n.Difference = &mean
	}
	return n
}
