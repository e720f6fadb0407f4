package dataset

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// WriteSubmission writes answers in the format that the benchmark's own script or server takes, in the order of the items. An item without
// an answer is left out: scripts refuse such a file as partial.
//
//	vqav2, textvqa     JSON [{"question_id": 1, "answer": "…"}]
//	vizwiz             JSON [{"image": "VizWiz_….jpg", "answer": "…"}]
//	gqa                JSON [{"questionId": "…", "prediction": "…"}]
//	docvqa, infovqa    JSON [{"questionId": 1, "answer": "…"}]
//	chartqa            JSON [{"id": 0, "question": "…", "type": "…", "prediction": "…"}], as there is no server
//	vstar              JSON lines {"question_id": …, "text": "…"}, as LLaVA's scripts of such files; of the folders, FOLDER/NAME
//	scenes             JSON lines {"id": "…", "answer": "…"}
//	hrbench, mme-realworld, tsv
//	                   TSV of the table's columns of text and prediction, as VLMEvalKit writes it (there in xlsx)
//
// A number stands for an ID that is one, save in GQA and scenes.
func (s *Set) WriteSubmission(w io.Writer, answers func(id string) (string, bool)) error {
	out := bufio.NewWriter(w)
	var err error
	switch s.Kind {
	case HRBench, MMERW, TSV:
		err = s.writeTable(out, answers)
	case VStar, Scenes:
		err = s.writeEntries(out, answers, "", "\n", "")
	default:
		err = s.writeEntries(out, answers, "[\n", ",\n", "\n]\n")
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func (s *Set) writeEntries(out *bufio.Writer, answers func(id string) (string, bool), begin, between, end string) error {
	_, _ = out.WriteString(begin)
	first := true
	for _, item := range s.Items {
		answer, ok := answers(item.ID)
		if !ok {
			continue
		}
		entry, err := json.Marshal(s.entry(item, answer))
		if err != nil {
			return err
		}
		if !first && end != "" {
			_, _ = out.WriteString(between)
		}
		first = false
		_, _ = out.Write(entry)
		if end == "" {
			_, _ = out.WriteString(between)
		}
	}
	_, err := out.WriteString(end)
	return err
}

// entry is an answer as the kind has it.
func (s *Set) entry(item Item, answer string) any {
	switch s.Kind {
	case VQAv2, TextVQA:
		return struct {
			ID     any    `json:"question_id"`
			Answer string `json:"answer"`
		}{number(item.ID), answer}
	case VizWiz:
		return struct {
			Image  string `json:"image"`
			Answer string `json:"answer"`
		}{item.ID, answer}
	case GQA:
		return struct {
			ID     string `json:"questionId"`
			Answer string `json:"prediction"`
		}{item.ID, answer}
	case DocVQA, InfoVQA:
		return struct {
			ID     any    `json:"questionId"`
			Answer string `json:"answer"`
		}{number(item.ID), answer}
	case ChartQA:
		return struct {
			ID       any    `json:"id"`
			Question string `json:"question"`
			Type     string `json:"type"`
			Answer   string `json:"prediction"`
		}{number(item.ID), item.Question, item.Category, answer}
	case VStar:
		return struct {
			ID   any    `json:"question_id"`
			Text string `json:"text"`
		}{number(item.ID), answer}
	}
	return struct {
		ID     string `json:"id"`
		Answer string `json:"answer"`
	}{item.ID, answer}
}

// number is an ID as JSON has it: a number if it is written as one.
func number(id string) any {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && strconv.FormatInt(n, 10) == id {
		return n
	}
	return id
}

const predictionColumn = "prediction"

func (s *Set) writeTable(w io.Writer, answers func(id string) (string, bool)) error {
	if len(s.tablesRead) == 0 {
		return fmt.Errorf("%s: no table was read", s.Path)
	}
	columns := slices.DeleteFunc(slices.Clone(s.tablesRead[0].columns), func(name string) bool { return name == predictionColumn })
	out := csv.NewWriter(w)
	out.Comma = '\t'
	if err := out.Write(append(slices.Clone(columns), predictionColumn)); err != nil {
		return err
	}
	i := 0
	for _, b := range s.tablesRead {
		for row := range b.rows {
			answer, ok := answers(s.Items[i].ID)
			i++
			if !ok {
				continue
			}
			var cells []string
			for _, column := range columns {
				c := b.cell(row, column)
				if c.list != nil {
					list, err := json.Marshal(c.list)
					if err != nil {
						return err
					}
					c.text = string(list)
				}
				cells = append(cells, c.text)
			}
			if err := out.Write(append(cells, answer)); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
