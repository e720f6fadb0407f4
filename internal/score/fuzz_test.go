package score

import (
	"bytes"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/dataset"
)

func FuzzScore(f *testing.F) {
	for _, c := range normal {
		f.Add(c.raw, c.vqav2, c.textvqa)
	}
	for _, p := range slices.Concat(similar, near5) {
		f.Add(p.answer, p.right[0], p.why)
	}
	for _, c := range chosen {
		f.Add(c.answer, c.letter, c.first)
	}
	f.Fuzz(func(t *testing.T, answer, a, b string) {
		right := append(slices.Repeat([]string{a}, 4), slices.Repeat([]string{b}, 6)...)
		for _, kind := range dataset.Kinds() {
			for _, scoring := range Scorings(kind) {
				s := scorer(t, kind, scoring)
				free, err := s.Score(&dataset.Item{Answers: right}, Prediction{Text: answer, Choice: -1})
				if err != nil || !(free.Value >= 0 && free.Value <= 1) || len(free.With) == 0 {
					t.Errorf("%s, %s: %q for %q and %q: %+v, %v", kind, scoring, answer, a, b, free, err)
				}
				option, err := s.Score(&dataset.Item{Options: []string{a, b, "x"}, Letters: []string{"A", "B", "C"}, Right: 1}, Prediction{Text: answer, Choice: -1})
				if err != nil || option.Value != oneIf(option.Compared == "B") {
					t.Errorf("%s, %s: %q of %q and %q: %+v, %v", kind, scoring, answer, a, b, option, err)
				}
			}
		}
		// Whoever says what all say is right, whatever it is, where both sides are normalised alike.
		for _, kind := range []dataset.Kind{dataset.VQAv2, dataset.TextVQA, dataset.DocVQA} {
			if got := scored(t, scorer(t, kind, ""), answer, slices.Repeat([]string{answer}, 10)); got.Value != 1 && utf8.ValidString(answer) {
				t.Errorf("%s: %q for itself is worth %v", kind, answer, got.Value)
			}
		}
	})
}

func FuzzReadPredictions(f *testing.F) {
	for _, text := range []string{
		`[{"question_id":11,"answer":"a"},{"question_id":12,"answer":"b"},{"question_id":13,"answer":"c"}]`,
		`[{"image":"a.jpg","answerable":0.75},{"image":"b.jpg","answerable":1},{"image":"c.jpg","answer":"c"}]`,
		`{"id":"11","answer":"a","choice":"A"}` + "\n" + `{"id":"12","error":"x"}` + "\n" + `{"id":"13","answer":"c","tie":true,"unanswerable":0.5}`,
		`{"doc_id":5,"filtered_resps":[["a"]]}` + "\n" + `{"doc_id":6,"filtered_resps":["b"]}` + "\n" + `{"doc_id":7,"filtered_resps":"c"}`,
		"index\tprediction\n11\tA\n12\tB\n13\t\"C\"\n", `["a","b","c"]`, "\ufeff[", "PK\x03\x04", "{", "[[[[", `[{"index":null,"prediction":{}}]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, kind := range dataset.Kinds() {
			set := three(kind)
			got, err := readPredictions(bytes.NewReader(text), set)
			if (err == nil) == (len(got) == 0) {
				t.Errorf("%s: %d predictions, %v", kind, len(got), err)
			}
			s := scorer(t, kind, "")
			for i, p := range got {
				if kind != dataset.TextVQA && p.ID == set.Items[i].ID {
					if _, err := s.Score(&set.Items[i], p); err != nil {
						t.Errorf("%s: %+v: %v", kind, p, err)
					}
				}
			}
		}
	})
}
