package score

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/files"
)

// ReadPredictions reads answers to the items of a set, and gives them in the order of the items. The form is told from the content:
//
//   - the benchmark's own file of answers, a JSON array of objects or one object a line: question_id and answer (VQA v2.0, TextVQA), image
//     and answer, answerable or both (VizWiz), questionId and prediction (GQA), questionId and answer (DocVQA, InfographicVQA), question_id
//     and text (V*, and LLaVA's answers to any benchmark), index and prediction (VLMEvalKit), id and answer or prediction;
//   - for ChartQA also a JSON array of strings, in the order of the data set;
//   - VLMEvalKit's TSV with the columns index, or id, question_id or questionId, and prediction, or without any of
//     these a column question, where the rows are in the order of the data set;
//   - records of this program in JSON lines: id, answer, choice and error. What failed counts as an empty answer, and of several records
//     with one id the last counts;
//   - lmms-eval's samples in JSON lines: doc_id is the place in the published file, and the first text of filtered_resps the answer.
//
// Each item has to have one prediction, and each prediction an item. Of GQA only balanced questions need one, and predictions for questions
// that are not there are passed over, as its script does. The error names the file, the record and the field.
func ReadPredictions(path string, set *dataset.Set) ([]Prediction, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", path, files.ErrNotRegular)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	all, err := readPredictions(f, set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

func readPredictions(from io.Reader, set *dataset.Set) ([]Prediction, error) {
	r := bufio.NewReaderSize(from, 1<<16)
	if mark, _ := r.Peek(3); string(mark) == "\ufeff" {
		_, _ = r.Discard(3)
	}
	first, err := firstByte(r)
	if err != nil {
		return nil, err
	}
	into := newCollector(set)
	switch first {
	case '[':
		err = readArray(r, into)
	case '{':
		err = readLines(r, into)
	case 'P':
		if head, _ := r.Peek(4); string(head) == "PK\x03\x04" {
			return nil, errors.New("is an archive or an XLSX file, expected JSON, JSON lines or TSV")
		}
		fallthrough
	default:
		err = readTable(r, into)
	}
	if err != nil {
		return nil, err
	}
	return into.all()
}

// firstByte passes over white space.
func firstByte(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return 0, errors.New("is empty, expected predictions")
		}
		if err != nil {
			return 0, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(b)) {
			return b, r.UnreadByte()
		}
	}
}

// collector puts predictions beside the items of a set.
type collector struct {
	set    *dataset.Set
	byID   map[string]int
	byDoc  map[int]int
	found  map[int]Prediction // by the item's place
	where  map[int]string     // a prediction stood
	latest bool               // of several predictions the last counts
}

func newCollector(set *dataset.Set) *collector {
	c := &collector{set: set, byID: map[string]int{}, byDoc: map[int]int{}, found: map[int]Prediction{}, where: map[int]string{}}
	for i := range set.Items {
		c.byID[set.Items[i].ID] = i
		c.byDoc[set.Items[i].Doc] = i
	}
	return c
}

// add takes the prediction that a record makes.
func (c *collector) add(where string, f *record) error {
	i, known := c.byID[f.id]
	if f.byDoc {
		i, known = c.byDoc[f.doc]
	}
	switch {
	case !known && c.set.Kind == dataset.GQA:
		return nil
	case !known:
		return fmt.Errorf("%s: %s %s is of no item of %s", where, f.idField, f.called(), c.name())
	}
	if before, ok := c.where[i]; ok && !c.latest {
		return fmt.Errorf("%s: %s %s has a prediction already, in %s", where, f.idField, f.called(), before)
	}
	it := &c.set.Items[i]
	p := Prediction{ID: it.ID, Text: f.text, Choice: -1, Tie: f.tie, Unanswerable: f.unanswerable, NoText: f.noText}
	if f.choice != "" && len(it.Options) > 0 {
		if p.Choice = slices.Index(it.Options, f.choice); p.Choice < 0 {
			p.Choice = slices.Index(it.Letters, f.choice)
		}
		if p.Choice < 0 {
			return fmt.Errorf("%s: choice is %.80q, which is no option of item %s", where, f.choice, it.ID)
		}
	}
	c.found[i], c.where[i] = p, where
	return nil
}

func (c *collector) name() string {
	if c.set.Name != "" {
		return c.set.Name
	}
	return string(c.set.Kind)
}

// all are the predictions in the order of the items.
func (c *collector) all() ([]Prediction, error) {
	all := make([]Prediction, 0, len(c.found))
	missing, first := 0, ""
	for i := range c.set.Items {
		it := &c.set.Items[i]
		if p, ok := c.found[i]; ok {
			all = append(all, p)
			continue
		}
		if c.set.Kind == dataset.GQA && !it.Balanced {
			continue
		}
		if missing == 0 {
			first = it.ID
		}
		missing++
	}
	switch {
	case missing == 1:
		return nil, fmt.Errorf("no prediction for item %s of %s", first, c.name())
	case missing > 1:
		return nil, fmt.Errorf("no prediction for %d of %d items of %s, the first of them %s", missing, len(c.set.Items), c.name(), first)
	}
	return all, nil
}
