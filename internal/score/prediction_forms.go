package score

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/dataset"
)

// form is a kind of record: the field that names the item, and those of which one at least has what was predicted.
type form struct {
	id    string
	texts []string
}

// forms are the files of answers that the benchmarks take.
var forms = map[dataset.Kind]form{
	dataset.VStar:   {"question_id", []string{"text"}},
	dataset.VQAv2:   {"question_id", []string{"answer"}},
	dataset.TextVQA: {"question_id", []string{"answer"}},
	dataset.VizWiz:  {"image", []string{"answer", "answerable"}},
	dataset.GQA:     {"questionId", []string{"prediction"}},
	dataset.HRBench: {"index", []string{"prediction"}},
	dataset.DocVQA:  {"questionId", []string{"answer"}},
	dataset.InfoVQA: {"questionId", []string{"answer"}},
	dataset.ChartQA: {"question_id", []string{"answer"}},
	dataset.MMERW:   {"index", []string{"prediction"}},
	dataset.TSV:     {"index", []string{"prediction"}},
	dataset.Scenes:  {"id", []string{"answer"}},
}

// The forms that any benchmark may have.
var (
	samplesForm = form{"doc_id", []string{"filtered_resps"}}
	recordsForm = form{"id", []string{"answer", "error"}}
	common      = []form{{"id", []string{"answer"}}, {"id", []string{"prediction"}}, {"question_id", []string{"text"}}, {"index", []string{"prediction"}}}
)

// fields of a record in JSON.
type object map[string]json.RawMessage

// fits says whether an object has the fields of a form.
func (f form) fits(o object) bool {
	return o[f.id] != nil && slices.ContainsFunc(f.texts, func(t string) bool { return o[t] != nil })
}

// formOf is the form of a file whose first record is o.
func formOf(o object, kind dataset.Kind, lines bool) (form, error) {
	var choices []form
	if lines {
		choices = append(choices, samplesForm, recordsForm)
	}
	choices = append(append(choices, forms[kind]), common...)
	for _, f := range choices {
		if f.fits(o) {
			return f, nil
		}
	}
	want := forms[kind]
	return form{}, fmt.Errorf("expected the fields %s and %s", want.id, orList(want.texts))
}

func orList(names []string) string {
	text := names[0]
	for _, n := range names[1:] {
		text += " or " + n
	}
	return text
}

// record is what a record of any form says.
type record struct {
	idField      string
	id           string
	byDoc        bool
	doc          int
	text         string
	noText       bool
	choice       string
	tie          bool
	unanswerable *float64
}

// called is how messages call the item.
func (r *record) called() string {
	if r.byDoc {
		return strconv.Itoa(r.doc)
	}
	return fmt.Sprintf("%.80q", r.id)
}

// parse reads a record. The error names the field.
func (f form) parse(o object, records bool) (*record, error) {
	r := &record{idField: f.id}
	raw := o[f.id]
	if raw == nil {
		return nil, fmt.Errorf("has no %s", f.id)
	}
	var err error
	if f.id == samplesForm.id {
		r.byDoc = true
		if r.doc, err = strconv.Atoi(string(raw)); err != nil {
			return nil, wrong(f.id, raw, "a whole number")
		}
		r.text, err = firstText(o["filtered_resps"])
		return r, err
	}
	if r.id, err = idOf(f.id, raw); err != nil {
		return nil, err
	}
	if records {
		return r, r.ofRun(o)
	}
	text, answerable := f.texts[0], ""
	if len(f.texts) > 1 {
		answerable = f.texts[1]
	}
	r.noText = o[text] == nil
	if !r.noText {
		if r.text, err = textOf(text, o[text]); err != nil {
			return nil, err
		}
	}
	switch {
	case answerable != "" && o[answerable] != nil:
		likely, err := chanceOf(answerable, o[answerable])
		if err != nil {
			return nil, err
		}
		none := 1 - likely
		r.unanswerable = &none
	case r.noText:
		return nil, fmt.Errorf("has no %s", orList(f.texts))
	}
	return r, nil
}

// ofRun reads what this program writes.
func (r *record) ofRun(o object) error {
	failed, err := optionalText(o, "error")
	if err != nil || failed != "" {
		return err
	}
	if r.text, err = optionalText(o, "answer"); err != nil {
		return err
	}
	if o["answer"] == nil {
		return errors.New("has neither answer nor error")
	}
	if r.choice, err = optionalText(o, "choice"); err != nil {
		return err
	}
	if raw := o["tie"]; raw != nil && json.Unmarshal(raw, &r.tie) != nil {
		return wrong("tie", raw, "true or false")
	}
	if raw := o["unanswerable"]; raw != nil {
		likely, err := chanceOf("unanswerable", raw)
		if err != nil {
			return err
		}
		r.unanswerable = &likely
	}
	return nil
}

func optionalText(o object, field string) (string, error) {
	if o[field] == nil {
		return "", nil
	}
	return textOf(field, o[field])
}

func textOf(field string, raw json.RawMessage) (text string, err error) {
	if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
		return "", wrong(field, raw, "a string")
	}
	return text, nil
}

var whole = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

func idOf(field string, raw json.RawMessage) (string, error) {
	if whole.Match(raw) {
		return string(raw), nil
	}
	id, err := textOf(field, raw)
	if err != nil {
		return "", wrong(field, raw, "a string or a whole number")
	}
	return id, nil
}

func chanceOf(field string, raw json.RawMessage) (chance float64, err error) {
	if raw[0] == 'n' || json.Unmarshal(raw, &chance) != nil || !(chance >= 0 && chance <= 1) || math.IsNaN(chance) {
		return 0, wrong(field, raw, "a number from 0 to 1")
	}
	return chance, nil
}

// firstText is the first text of filtered_resps, which stands in one list or in two.
func firstText(raw json.RawMessage) (string, error) {
	inner := raw
	for range 2 {
		var list []json.RawMessage
		if len(inner) == 0 || inner[0] != '[' || json.Unmarshal(inner, &list) != nil || len(list) == 0 {
			break
		}
		inner = list[0]
	}
	if len(inner) == 0 {
		return "", errors.New("has no filtered_resps")
	}
	text, err := textOf("filtered_resps", inner)
	if err != nil {
		return "", wrong("filtered_resps", raw, "a list of strings")
	}
	return text, nil
}

// wrong says that a field has a value of another type.
func wrong(field string, raw json.RawMessage, want string) error {
	if s := string(raw); len(s) <= 40 && utf8.ValidString(s) {
		return fmt.Errorf("%s is %s, expected %s", field, s, want)
	}
	kinds := map[byte]string{'{': "a JSON object", '[': "a JSON array", '"': "a string"}
	if name, ok := kinds[raw[0]]; ok {
		return fmt.Errorf("%s is %s, expected %s", field, name, want)
	}
	return fmt.Errorf("%s is a long number, expected %s", field, want)
}

// objectOf reads a JSON object.
func objectOf(raw []byte) (object, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("is not UTF-8")
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil || o == nil {
		var broken *json.SyntaxError
		if errors.As(err, &broken) {
			return nil, fmt.Errorf("is not JSON: %w", broken)
		}
		return nil, errors.New("is no JSON object")
	}
	return o, nil
}

// readArray reads a JSON array of objects or, for ChartQA, of strings.
func readArray(from io.Reader, into *collector) error {
	d := json.NewDecoder(from)
	if _, err := d.Token(); err != nil {
		return notJSON("", err)
	}
	var f form
	n := 0
	for ; d.More(); n++ {
		where := fmt.Sprintf("record %d", n+1)
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return notJSON(where, err)
		}
		if raw[0] == '"' && into.set.Kind == dataset.ChartQA && f.id == "" {
			text, err := textOf("it", raw)
			if err == nil {
				err = into.add(where, &record{idField: "place", byDoc: true, doc: n, text: text})
			}
			if err != nil {
				return err
			}
			continue
		}
		o, err := objectOf(raw)
		if err == nil && f.id == "" {
			f, err = formOf(o, into.set.Kind, false)
		}
		var r *record
		if err == nil {
			r, err = f.parse(o, false)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		if err := into.add(where, r); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return notJSON("", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("has something after the JSON array")
	}
	return nil
}

func notJSON(where string, err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("ends early")
	}
	if where == "" {
		return fmt.Errorf("is not JSON: %w", err)
	}
	return fmt.Errorf("%s: is not JSON: %w", where, err)
}

// readLines reads an object a line.
func readLines(from *bufio.Reader, into *collector) error {
	var f form
	records := false
	for n := 1; ; n++ {
		line, err := from.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		last := err != nil
		if line = bytes.TrimSpace(line); len(line) > 0 {
			where := fmt.Sprintf("line %d", n)
			o, err := objectOf(line)
			if err == nil && f.id == "" {
				f, err = formOf(o, into.set.Kind, true)
				records = slices.Equal(f.texts, recordsForm.texts)
				into.latest = records
			}
			var r *record
			if err == nil {
				r, err = f.parse(o, records)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			if err := into.add(where, r); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
	}
}

// readTable reads VLMEvalKit's TSV.
func readTable(from io.Reader, into *collector) error {
	r := csv.NewReader(from)
	r.Comma, r.LazyQuotes = '\t', true
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("is neither JSON nor TSV: %w", err)
	}
	index, prediction := -1, slices.Index(header, "prediction")
	for _, name := range []string{"index", "id", "question_id", "questionId"} {
		if index < 0 {
			index = slices.Index(header, name)
		}
	}
	if prediction < 0 || index < 0 && !slices.Contains(header, "question") {
		return errors.New("is neither JSON nor a TSV with the columns index and prediction")
	}
	for n := 1; ; n++ {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		where := fmt.Sprintf("record %d", n)
		if err != nil {
			return fmt.Errorf("%s: %w", where, err)
		}
		p := &record{idField: "place", byDoc: true, doc: n - 1, text: row[prediction]}
		if index >= 0 {
			p = &record{idField: header[index], id: row[index], text: row[prediction]}
		}
		if !utf8.ValidString(p.id) || !utf8.ValidString(p.text) {
			return fmt.Errorf("%s: is not UTF-8", where)
		}
		if err := into.add(where, p); err != nil {
			return err
		}
	}
}
