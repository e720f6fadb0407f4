package score

import (
	"math"
	"slices"

	"github.com/mcllava/mcllava/internal/dataset"
)

// Summary is what all answers to a data set are worth. Figures are 0…1 and not rounded.
type Summary struct {
	Dataset dataset.Kind                  `json:"dataset"`
	Scoring Scoring                       `json:"scoring"`
	N       int                           `json:"n"` // items that Overall is the mean of
	Overall float64                       `json:"overall"`
	By      Breakdown[map[string]float64] `json:"by"`
	Count   Breakdown[map[string]int]     `json:"count"` // items behind each figure of By
	Figures map[string]float64            `json:"figures"`
	Notes   []string                      `json:"notes,omitempty"`
	Items   []ItemScore                   `json:"items"` // all that were scored, in the order of the data set
}

// Breakdown is something by each of the three things that tables are made by.
type Breakdown[T any] struct {
	AnswerType   T `json:"answer_type"`
	QuestionType T `json:"question_type"`
	Category     T `json:"category"`
}

// ItemScore is what the answer to one item is worth.
type ItemScore struct {
	ID    string  `json:"id"`
	Score float64 `json:"score"`
}

// The names of figures that only some benchmarks have.
const (
	FigureAll              = "all"               // V*: mean over all four categories
	FigureTies             = "ties"              // number of items where another option was as likely as the chosen one
	FigureChance           = "chance"            // what guessing among the options gives
	FigureBinary           = "binary"            // GQA: all but open questions
	FigureOpen             = "open"              // GQA: questions of the structural type query
	FigureConsistency      = "consistency"       // GQA: right answers to what follows from a right answer
	FigureAveragePrecision = "average_precision" // VizWiz: of which questions have no answer
	FigureF1               = "f1"                // VizWiz: the same, at more than 0.5
	FigureAllRotations     = "all_rotations"     // part of the questions that are answered right in every order of their options
)

// structural is the type of GQA's open questions.
const structural = "query"

// VStarCounted are the categories whose mean V*'s script prints.
var VStarCounted = []string{"direct_attributes", "relative_position"}

// Summary puts scores of this scorer together, of which the last of an item counts. It has the named figures that the benchmark's script
// prints beside the mean:
//
//   - V*: Overall is over the categories direct_attributes and relative_position, FigureAll over all.
//   - GQA: Overall is over the balanced questions. FigureConsistency is the mean, over those of them that are answered right and entail
//     other questions, of how many of the entailed are answered right. It is left out where the answer to one of these is not known.
//   - HR-Bench, and whatever else asks a question in several orders of its options: the figures are means over the questions of the means
//     over their orders.
//   - VizWiz: where it was predicted which questions have no answer, the average precision, and F1 at more than 0.5, of having none. If nothing
//     else was predicted, Overall is the average precision.
func (s *Scorer) Summary(scores []Score) Summary {
	last := make(map[string]Score, len(scores))
	for _, score := range scores {
		last[score.ID] = score
	}
	sum := Summary{Dataset: s.set.Kind, Scoring: s.scoring, Figures: map[string]float64{}, Items: []ItemScore{}}
	overall, all, binary, open := means{}, means{}, means{}, means{}
	answerType, questionType, category := means{}, means{}, means{}
	var chance []float64
	ties, unasked := 0, 0
	for i := range s.set.Items {
		it := &s.set.Items[i]
		score, ok := last[it.ID]
		switch {
		case !ok:
			continue
		case score.NoText:
			unasked++
			continue
		}
		sum.Items = append(sum.Items, ItemScore{it.ID, score.Value})
		if score.Tie {
			ties++
		}
		if s.set.Kind == dataset.GQA && !it.Balanced {
			continue
		}
		group := it.Group
		all.add("", group, score.Value)
		if s.set.Kind != dataset.VStar || slices.Contains(VStarCounted, it.Category) {
			overall.add("", group, score.Value)
		}
		answerType.add(it.AnswerType, group, score.Value)
		questionType.add(it.QuestionType, group, score.Value)
		category.add(it.Category, group, score.Value)
		if it.QuestionType == structural {
			open.add("", group, score.Value)
		} else {
			binary.add("", group, score.Value)
		}
		if n := len(it.Options); n > 0 {
			chance = append(chance, 1/float64(n))
		}
	}
	if len(overall) == 0 && len(all) > 0 {
		overall = all
		sum.Notes = append(sum.Notes, "no item of "+VStarCounted[0]+" or "+VStarCounted[1]+": the mean is over the others")
	}
	sum.Overall, sum.N = overall.of("")
	sum.By.AnswerType, sum.Count.AnswerType = answerType.table()
	sum.By.QuestionType, sum.Count.QuestionType = questionType.table()
	sum.By.Category, sum.Count.Category = category.table()
	if len(chance) > 0 {
		sum.Figures[FigureChance] = mean(chance)
		sum.Figures[FigureTies] = float64(ties)
	}
	if part, ok := all.allRight(); ok {
		sum.Figures[FigureAllRotations] = part
	}
	switch s.set.Kind {
	case dataset.VStar:
		sum.Figures[FigureAll], _ = all.of("")
	case dataset.GQA:
		sum.Figures[FigureBinary], _ = binary.of("")
		sum.Figures[FigureOpen], _ = open.of("")
		if c, ok := s.consistency(last); ok {
			sum.Figures[FigureConsistency] = c
		} else {
			sum.Notes = append(sum.Notes, "no consistency: it takes answers to all entailed questions, balanced or not")
		}
	case dataset.TextVQA:
		sum.Notes = append(sum.Notes, "without OCR tokens")
	case dataset.VizWiz:
		s.answerability(last, &sum, unasked)
	}
	return sum
}

// consistency is GQA's; false where an entailed question is not there or has no answer, or where nothing is entailed.
func (s *Scorer) consistency(scores map[string]Score) (float64, bool) {
	var each []float64
	for i := range s.set.Items {
		it := &s.set.Items[i]
		if score, ok := scores[it.ID]; !ok || !it.Balanced || score.Value < 1 {
			continue
		}
		var entailed []float64
		for _, id := range it.Entailed {
			if id == it.ID {
				continue
			}
			score, ok := scores[id]
			if !ok {
				return 0, false
			}
			entailed = append(entailed, score.Value)
		}
		if len(entailed) > 0 {
			each = append(each, mean(entailed))
		}
	}
	return mean(each), len(each) > 0
}

// answerability adds VizWiz's figures of which questions have no answer.
func (s *Scorer) answerability(scores map[string]Score, sum *Summary, unasked int) {
	var truth []bool
	var likely []float64
	for i := range s.set.Items {
		it := &s.set.Items[i]
		if score := scores[it.ID]; score.Unanswerable != nil && it.Unanswerable != nil {
			truth, likely = append(truth, *it.Unanswerable), append(likely, *score.Unanswerable)
		}
	}
	if len(truth) == 0 {
		return
	}
	sum.Figures[FigureAveragePrecision] = averagePrecision(truth, likely)
	sum.Figures[FigureF1] = f1(truth, likely)
	if unasked > 0 && sum.N == 0 {
		sum.Overall, sum.N = sum.Figures[FigureAveragePrecision], len(truth)
		sum.Notes = append(sum.Notes, "no answers: the figure is the average precision of which questions have none")
	}
}

// averagePrecision is that of scikit-learn: the sum over the thresholds, from the highest, of the precision times the gain in recall. It is 0
// where nothing is true.
func averagePrecision(truth []bool, likely []float64) float64 {
	order := make([]int, len(truth))
	positives := 0
	for i := range order {
		order[i] = i
		if truth[i] {
			positives++
		}
	}
	if positives == 0 {
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case likely[a] > likely[b]:
			return -1
		case likely[a] < likely[b]:
			return 1
		}
		return 0
	})
	sum, found, before := 0.0, 0, 0
	for n, i := range order {
		if truth[i] {
			found++
		}
		if n+1 < len(order) && likely[order[n+1]] == likely[i] {
			continue
		}
		sum += float64(found-before) / float64(positives) * (float64(found) / float64(n+1))
		before = found
	}
	return math.Min(sum, 1)
}

// f1 is the harmonic mean of precision and recall where more than 0.5 is taken for true; 0 where nothing is true and nothing is taken for it.
func f1(truth []bool, likely []float64) float64 {
	both, either := 0, 0
	for i, is := range truth {
		said := likely[i] > 0.5
		if is && said {
			both++
		}
		if is {
			either++
		}
		if said {
			either++
		}
	}
	if either == 0 {
		return 0
	}
	return 2 * float64(both) / float64(either)
}

// means are averages by name: of groups, each of which is the average of its items.
type means map[string]*tally

// tally has the groups of a name, as they come.
type tally struct {
	sums, counts, least []float64      // of a group
	places              map[string]int // of groups with a name
}

// add takes an item. An empty group is its own.
func (m means) add(name, group string, value float64) {
	t := m[name]
	if t == nil {
		t = &tally{places: map[string]int{}}
		m[name] = t
	}
	at, ok := t.places[group]
	if !ok || group == "" {
		at = len(t.sums)
		t.sums, t.counts, t.least = append(t.sums, 0), append(t.counts, 0), append(t.least, value)
		t.places[group] = at
	}
	t.sums[at] += value
	t.counts[at]++
	t.least[at] = min(t.least[at], value)
}

// of is the average by a name, and the number of items.
func (m means) of(name string) (average float64, n int) {
	t := m[name]
	if t == nil {
		return 0, 0
	}
	each := make([]float64, len(t.sums))
	for i, sum := range t.sums {
		each[i] = sum / t.counts[i]
		n += int(t.counts[i])
	}
	return mean(each), n
}

// table is all averages but the one without a name.
func (m means) table() (map[string]float64, map[string]int) {
	averages, counts := map[string]float64{}, map[string]int{}
	for name := range m {
		if name != "" {
			averages[name], counts[name] = m.of(name)
		}
	}
	return averages, counts
}

// allRight is the part of the groups all of whose items are right; false where no group has several items.
func (m means) allRight() (float64, bool) {
	t := m[""]
	if t == nil || slices.Max(t.counts) == 1 {
		return 0, false
	}
	each := make([]float64, len(t.least))
	for i, least := range t.least {
		each[i] = oneIf(least == 1)
	}
	return mean(each), true
}
