package evaluation

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"

	"github.com/mcllava/mcllava/internal/dataset"
)

// metrics are what lmms-eval calls the score of a benchmark; the others' is metric.
var metrics = map[dataset.Kind]string{
	dataset.VQAv2: "exact_match", dataset.TextVQA: "exact_match", dataset.VizWiz: "exact_match", dataset.GQA: "exact_match",
	dataset.DocVQA: "anls", dataset.InfoVQA: "anls", dataset.ChartQA: "relaxed_overall",
}

const metric = "accuracy"

// WriteSubmission writes the answers in the format that the benchmark takes.
func (r *Results) WriteSubmission(w io.Writer) error {
	return r.Set.WriteSubmission(w, func(id string) (string, bool) {
		i, found := r.index[id]
		if !found || r.rows[0][i].state != answered {
			return "", false
		}
		return r.rows[0][i].prediction.Text, true
	})
}

// WriteSamples writes a line of JSON an answer, with the fields of lmms-eval's samples. Its doc_hash is of the item as this program has it.
func (r *Results) WriteSamples(w io.Writer) error {
	out := bufio.NewWriter(w)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	name := metrics[r.Set.Kind]
	if name == "" {
		name = metric
	}
	for i := range r.items {
		at, it := &r.rows[0][i], &r.items[i]
		if at.state != answered {
			continue
		}
		doc, err := json.Marshal(struct {
			ID, Question     string
			Answers, Options []string
		}{it.ID, it.Question, it.Answers, it.Options})
		if err != nil {
			return err
		}
		line := map[string]any{
			"doc_id": it.Doc, "doc": json.RawMessage(doc), "doc_hash": fmt.Sprintf("%x", sha256.Sum256(doc)),
			"input": prompt(r.Set.Kind, it, r.Style), "target": target(it),
			"resps": [][]string{{at.prediction.Text}}, "filtered_resps": []string{at.prediction.Text},
		}
		if at.score != nil {
			line[name] = at.score.Value
		}
		if err := encoder.Encode(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// target is the right answer as lmms-eval's samples have it: a letter, an answer, or the answers.
func target(it *dataset.Item) any {
	switch {
	case it.Right >= 0 && it.Right < len(it.Letters):
		return it.Letters[it.Right]
	case it.Right >= 0 && it.Right < len(it.Options):
		return it.Options[it.Right]
	case len(it.Answers) == 1:
		return it.Answers[0]
	}
	return it.Answers
}
