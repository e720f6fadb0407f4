package score

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
)

// summed scores texts for all items of a set and puts them together.
func summed(t *testing.T, set *dataset.Set, scoring Scoring, predictions ...Prediction) Summary {
	t.Helper()
	s, err := New(set, scoring)
	if err != nil {
		t.Fatal(err)
	}
	items := map[string]*dataset.Item{}
	for i := range set.Items {
		items[set.Items[i].ID] = &set.Items[i]
	}
	var scores []Score
	for _, p := range predictions {
		score, err := s.Score(items[p.ID], p)
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, score)
	}
	return s.Summary(scores)
}

func near(t *testing.T, name string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%s is %v, expected %v", name, got, want)
	}
}

func TestSummaryJSON(t *testing.T) {
	set := &dataset.Set{Kind: dataset.DocVQA, Items: []dataset.Item{
		{ID: "1", Answers: []string{"abc"}, AnswerType: "x", Category: "form"},
		{ID: "2", Answers: []string{"abd"}, QuestionType: "y"},
		{ID: "3", Answers: []string{"z"}, AnswerType: "x"},
	}}
	// The first of an item's scores is replaced, and the order is that of the set.
	got, err := json.Marshal(summed(t, set, "", Prediction{ID: "2", Text: "abc"}, Prediction{ID: "1", Text: "q"}, Prediction{ID: "1", Text: "ABC"}))
	want := `{"dataset":"docvqa","scoring":"official","n":2,"overall":0.8333333333333334,"by":{"answer_type":{"x":1},"question_type":{"y":0.6666666666666667},"category":{"form":1}},` +
		`"count":{"answer_type":{"x":1},"question_type":{"y":1},"category":{"form":1}},"figures":{},"items":[{"id":"1","score":1},{"id":"2","score":0.6666666666666667}]}`
	if err != nil || string(got) != want {
		t.Errorf("%s\n%v\nexpected\n%s", got, err, want)
	}
	got, err = json.Marshal(summed(t, set, ""))
	want = `{"dataset":"docvqa","scoring":"official","n":0,"overall":0,"by":{"answer_type":{},"question_type":{},"category":{}},"count":{"answer_type":{},"question_type":{},"category":{}},"figures":{},"items":[]}`
	if err != nil || string(got) != want {
		t.Errorf("%s\n%v\nexpected\n%s", got, err, want)
	}
}

func TestSummaryVStar(t *testing.T) {
	options := []string{"a", "b", "c", "d"}
	set := &dataset.Set{Kind: dataset.VStar}
	var predictions []Prediction
	for category, right := range map[string][2]int{"direct_attributes": {3, 4}, "relative_position": {1, 2}, "OCR": {1, 3}, "GPT4V-hard": {0, 1}} {
		for i := range right[1] {
			id := fmt.Sprintf("%s/%d", category, i)
			item := dataset.Item{ID: id, Options: options, Category: category}
			if category == "relative_position" {
				item.Options = options[:2]
			}
			set.Items = append(set.Items, item)
			predictions = append(predictions, Prediction{ID: id, Choice: int(1 - oneIf(i < right[0])), Tie: category == "OCR" && i > 0})
		}
	}
	got := summed(t, set, "", predictions...)
	near(t, "overall", got.Overall, 4./6)
	near(t, "all", got.Figures[FigureAll], 5./10)
	near(t, "chance", got.Figures[FigureChance], (8*0.25+2*0.5)/10)
	near(t, "ties", got.Figures[FigureTies], 2)
	near(t, "OCR", got.By.Category["OCR"], 1./3)
	if got.N != 6 || len(got.Items) != 10 || got.Count.Category["direct_attributes"] != 4 || len(got.Notes) != 0 {
		t.Errorf("%+v", got)
	}
	set.Items = slices.DeleteFunc(set.Items, func(it dataset.Item) bool { return it.Category != "OCR" })
	got = summed(t, set, "", Prediction{ID: "OCR/0"}, Prediction{ID: "OCR/1", Choice: 1})
	near(t, "overall without the two categories", got.Overall, 0.5)
	if got.N != 2 || len(got.Notes) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestSummaryGQA(t *testing.T) {
	item := func(id, answer, structural string, balanced bool, entailed ...string) dataset.Item {
		return dataset.Item{ID: id, Answers: []string{answer}, QuestionType: structural, Balanced: balanced, Entailed: entailed}
	}
	set := &dataset.Set{Kind: dataset.GQA, Items: []dataset.Item{
		item("1", "yes", "verify", true, "1", "2", "5"), // itself does not count
		item("2", "red", "query", true, "6"),            // wrong: what it entails does not count
		item("3", "left", "choose", true, "5", "6", "4"),
		item("4", "dog", "query", true),        // entails nothing
		item("5", "no", "verify", false, "6"),  // not balanced
		item("6", "no", "logical", false, "1"), // likewise
	}}
	all := []Prediction{{ID: "1", Text: "Yes."}, {ID: "2", Text: "blue"}, {ID: "3", Text: "left"}, {ID: "4", Text: "dog"}, {ID: "5", Text: "no"}, {ID: "6", Text: "yes"}}
	got := summed(t, set, "", all...)
	near(t, "overall", got.Overall, 3./4)
	near(t, "binary", got.Figures[FigureBinary], 1)
	near(t, "open", got.Figures[FigureOpen], 1./2)
	near(t, "consistency", got.Figures[FigureConsistency], (1./2+2./3)/2) // of 1: 2 and 5; of 3: 5, 6 and 4
	if got.N != 4 || len(got.Items) != 6 || got.Count.QuestionType["verify"] != 1 || got.Scoring != LLaVA {
		t.Errorf("%+v", got)
	}
	got = summed(t, set, Official, all...)
	near(t, "official", got.Overall, 2./4)
	got = summed(t, set, "", all[:4]...)
	if _, ok := got.Figures[FigureConsistency]; ok || len(got.Notes) != 1 {
		t.Errorf("consistency without all entailed questions: %+v", got)
	}
}

func TestSummaryRotations(t *testing.T) {
	set := &dataset.Set{Kind: dataset.HRBench}
	var predictions []Prediction
	for q, right := range []int{4, 2, 0} {
		for i := range 4 {
			id := fmt.Sprint(4*q + i)
			set.Items = append(set.Items, dataset.Item{
				ID: id, Group: fmt.Sprint(q), Category: []string{"single", "cross", "cross"}[q],
				Options: []string{"w", "x", "y", "z"}, Letters: []string{"A", "B", "C", "D"}, Right: i,
			})
			text := "none of them"
			if i < right {
				text = string("ABCD"[i]) + "."
			}
			predictions = append(predictions, Prediction{ID: id, Text: text, Choice: -1})
		}
	}
	got := summed(t, set, "", predictions...)
	near(t, "overall", got.Overall, 0.5)
	near(t, "single", got.By.Category["single"], 1)
	near(t, "cross", got.By.Category["cross"], 0.25)
	near(t, "chance", got.Figures[FigureChance], 0.25)
	near(t, "all rotations", got.Figures[FigureAllRotations], 1./3)
	if got.N != 12 || got.Count.Category["cross"] != 8 {
		t.Errorf("%+v", got)
	}
	// Of a part, each question counts once.
	near(t, "part", summed(t, set, "", predictions[:5]...).Overall, 1)
}

func TestSummaryVizWiz(t *testing.T) {
	set := &dataset.Set{Kind: dataset.VizWiz}
	truth := []bool{true, false, true, false, true}
	likely := []float64{0.9, 0.8, 0.8, 0.5, 0.2}
	var with, without []Prediction
	for i := range truth {
		id := fmt.Sprintf("VizWiz_val_%08d.jpg", i)
		set.Items = append(set.Items, dataset.Item{ID: id, Answers: slices.Repeat([]string{"unanswerable"}, 10), AnswerType: "unanswerable", Unanswerable: &truth[i]})
		with = append(with, Prediction{ID: id, Text: "Unanswerable.", Choice: -1, Unanswerable: &likely[i]})
		without = append(without, Prediction{ID: id, Choice: -1, Unanswerable: &likely[i], NoText: true})
	}
	// Thresholds 0.9: 1 of 1; 0.8: 2 of 3; 0.5: 2 of 4; 0.2: 3 of 5. Each gain in recall is a third.
	precision := (1 + 2./3 + 3./5) / 3
	got := summed(t, set, "", with...)
	near(t, "overall", got.Overall, 1)
	near(t, "average precision", got.Figures[FigureAveragePrecision], precision)
	near(t, "F1", got.Figures[FigureF1], 2*2./(3+3)) // 0.5 is not more than 0.5
	got = summed(t, set, "", without...)
	near(t, "overall without answers", got.Overall, precision)
	if got.N != 5 || len(got.Items) != 0 || len(got.Notes) != 1 || len(got.By.AnswerType) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestAveragePrecision(t *testing.T) {
	for _, c := range []struct {
		truth  []bool
		likely []float64
		ap, f1 float64
	}{
		{[]bool{false, false, true, true}, []float64{0.1, 0.4, 0.35, 0.8}, 0.8333333333333333, 2. / 3}, // the example of sklearn.metrics.average_precision_score
		{[]bool{false, false}, []float64{0.9, 0.1}, 0, 0},
		{[]bool{false, false}, []float64{0.5, 0.1}, 0, 0},
		{[]bool{true, true}, []float64{0, 0}, 1, 0},
		{[]bool{true, false, true, false}, []float64{1, 1, 1, 1}, 0.5, 2. / 3}, // all tied: one threshold
		{[]bool{true}, []float64{1}, 1, 1},
	} {
		near(t, "average precision", averagePrecision(c.truth, c.likely), c.ap)
		near(t, "F1", f1(c.truth, c.likely), c.f1)
	}
}

func TestSummaryTextVQA(t *testing.T) {
	set := &dataset.Set{Kind: dataset.TextVQA, Items: []dataset.Item{{ID: "1", Answers: slices.Repeat([]string{"STOP"}, 10)}}}
	got := summed(t, set, "", Prediction{ID: "1", Text: "stop"})
	if got.Overall != 1 || !slices.Equal(got.Notes, []string{"without OCR tokens"}) {
		t.Errorf("%+v", got)
	}
}
