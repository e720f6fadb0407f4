package score

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
)

// three is a set of three items of a kind.
func three(kind dataset.Kind) *dataset.Set {
	ids := map[dataset.Kind][]string{
		dataset.VizWiz: {"a.jpg", "b.jpg", "c.jpg"},
		dataset.VStar:  {"OCR/x", "OCR/y", "OCR/z"},
	}[kind]
	if ids == nil {
		ids = []string{"11", "12", "13"}
	}
	set := &dataset.Set{Kind: kind}
	for i, id := range ids {
		item := dataset.Item{ID: id, Doc: i + 5, Answers: []string{"x"}, Balanced: kind != dataset.GQA || i < 2}
		if kind == dataset.VStar || kind == dataset.HRBench {
			item.Options, item.Letters = []string{"red", "blue"}, []string{"A", "B"}
		}
		set.Items = append(set.Items, item)
	}
	return set
}

func TestReadPredictions(t *testing.T) {
	for name, c := range map[string]struct {
		kind dataset.Kind
		text string
		want []string // texts in the order of the items
	}{
		"VQA":                {dataset.VQAv2, `[{"question_id": 13, "answer": "c"}, {"question_id": 11, "answer": "a"}, {"question_id": "12", "answer": " b\n"}]`, []string{"a", " b\n", "c"}},
		"TextVQA":            {dataset.TextVQA, "\ufeff [\n{\"question_id\":11,\"answer\":\"a\",\"pred\":1},{\"question_id\":12,\"answer\":\"\"},{\"question_id\":13,\"answer\":\"é\"}]\n", []string{"a", "", "é"}},
		"VizWiz":             {dataset.VizWiz, `[{"image":"a.jpg","answer":"a"},{"image":"b.jpg","answer":"b"},{"image":"c.jpg","answer":"c"}]`, []string{"a", "b", "c"}},
		"GQA":                {dataset.GQA, `[{"questionId":"11","prediction":"a"},{"questionId":"12","prediction":"b"},{"questionId":"99","prediction":"no such question"}]`, []string{"a", "b"}},
		"GQA, all":           {dataset.GQA, `[{"questionId":"13","prediction":"c"},{"questionId":"11","prediction":"a"},{"questionId":"12","prediction":"b"}]`, []string{"a", "b", "c"}},
		"DocVQA":             {dataset.DocVQA, `[{"questionId":11,"answer":"a"},{"questionId":12,"answer":"b"},{"questionId":13,"answer":"c"}]`, []string{"a", "b", "c"}},
		"V*":                 {dataset.VStar, "{\"question_id\":\"OCR/x\",\"text\":\"A\"}\n\n{\"question_id\":\"OCR/z\",\"text\":\"B\"}\r\n{\"question_id\":\"OCR/y\",\"text\":\"C\"}", []string{"A", "C", "B"}},
		"LLaVA's":            {dataset.GQA, "{\"question_id\":\"11\",\"prompt\":\"?\",\"text\":\"a\"}\n{\"question_id\":\"12\",\"text\":\"b\"}\n", []string{"a", "b"}},
		"VLMEvalKit":         {dataset.HRBench, "index\tquestion\tprediction\n12\t\"two\nlines\"\t\"B. \"\"x\"\"\"\n11\tq\tA\n13\tq\t\n", []string{"A", `B. "x"`, ""}},
		"another column":     {dataset.TSV, "prediction\tid\nb\t12\na\t11\nc\t13", []string{"a", "b", "c"}},
		"VLMEvalKit in JSON": {dataset.MMERW, `[{"index":11,"prediction":"A"},{"index":12,"prediction":"B"},{"index":13,"prediction":"C"}]`, []string{"A", "B", "C"}},
		"ChartQA":            {dataset.ChartQA, `[{"id":11,"prediction":"a"},{"id":12,"prediction":"b"},{"id":13,"prediction":"c"}]`, []string{"a", "b", "c"}},
		"records":            {dataset.VQAv2, `{"id":"11","image":"i","question":"q","answer":"a","n":0}` + "\n" + `{"id":"12","error":"no picture"}` + "\n" + `{"id":"13","answer":"old"}` + "\n" + `{"id":"13","answer":"new"}` + "\n", []string{"a", "", "new"}},
		"a failure mended":   {dataset.VQAv2, `{"id":"11","answer":"a"}` + "\n" + `{"id":"12","error":"no picture"}` + "\n" + `{"id":"13","answer":"c"}` + "\n" + `{"id":"12","answer":"b"}`, []string{"a", "b", "c"}},
		"lmms-eval":          {dataset.VizWiz, `{"doc_id":6,"target":"x","filtered_resps":["b"],"doc_hash":"0"}` + "\n" + `{"doc_id":5,"filtered_resps":[["a","z"]]}` + "\n" + `{"doc_id":7,"filtered_resps":"c"}`, []string{"a", "b", "c"}},
	} {
		path := filepath.Join(t.TempDir(), "predictions")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		set := three(c.kind)
		got, err := ReadPredictions(path, set)
		var texts []string
		for i, p := range got {
			texts = append(texts, p.Text)
			if p.ID != set.Items[i].ID || p.Choice != -1 || p.NoText || p.Tie || p.Unanswerable != nil {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if err != nil || !slices.Equal(texts, c.want) {
			t.Errorf("%s: %q, %v, expected %q", name, texts, err, c.want)
		}
	}
}

func TestReadPlaces(t *testing.T) {
	set := three(dataset.ChartQA)
	for i := range set.Items {
		set.Items[i].Doc = i
	}
	got, err := readPredictions(strings.NewReader(`["a", "b", "5%"]`), set)
	if err != nil || len(got) != 3 || got[2].Text != "5%" {
		t.Errorf("%+v, %v", got, err)
	}
	set.Kind = dataset.TSV
	got, err = readPredictions(strings.NewReader("question\tprediction\n?\ta\n?\tb\n?\t5%\n"), set)
	if err != nil || len(got) != 3 || got[2].Text != "5%" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadChoices(t *testing.T) {
	got, err := readPredictions(strings.NewReader(`{"id":"OCR/x","answer":"red","choice":"red"}
{"id":"OCR/y","answer":"B","choice":"B","tie":true}
{"id":"OCR/z","error":"no picture","choice":"red"}`), three(dataset.VStar))
	if err != nil || len(got) != 3 || got[0].Choice != 0 || got[1].Choice != 1 || !got[1].Tie || got[2].Choice != -1 || got[2].Text != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestReadAnswerability(t *testing.T) {
	got, err := readPredictions(strings.NewReader(`[{"image":"a.jpg","answerable":0.75},{"image":"b.jpg","answerable":1,"answer":"b"},{"image":"c.jpg","answerable":0}]`), three(dataset.VizWiz))
	if err != nil || len(got) != 3 || *got[0].Unanswerable != 0.25 || !got[0].NoText || *got[1].Unanswerable != 0 || got[1].NoText || got[1].Text != "b" || *got[2].Unanswerable != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestPredictionsRefused(t *testing.T) {
	const rest = `,{"question_id":12,"answer":"b"},{"question_id":13,"answer":"c"}]`
	for text, says := range map[string]string{
		``:       "is empty, expected predictions",
		" \n":    "is empty",
		`[]`:     "no prediction for 3 of 3 items of vqav2, the first of them 11",
		`[`:      "is not JSON: ends early",
		`[{]`:    "record 1: is not JSON",
		`[1]`:    "record 1: is no JSON object",
		`["a"]`:  "record 1: is no JSON object",
		`[null]`: "record 1: is no JSON object",
		`[{}]`:   "record 1: expected the fields question_id and answer",
		`[{"question_id":11,"answer":"a"}` + rest + "x":                                        "something after the JSON array",
		`[{"question_id":11,"answer":"a"},{"question_id":13,"answer":"c"}]`:                    "no prediction for item 12 of vqav2",
		`[{"question_id":11,"answer":"a"},{"question_id":11,"answer":"a"}]`:                    `record 2: question_id "11" has a prediction already, in record 1`,
		`[{"question_id":11,"answer":"a"},{"question_id":14,"answer":"a"}]`:                    `record 2: question_id "14" is of no item of vqav2`,
		`[{"question_id":11,"answer":1}]`:                                                      "record 1: answer is 1, expected a string",
		`[{"question_id":11,"answer":null}]`:                                                   "record 1: answer is null, expected a string",
		`[{"question_id":11,"answer":["` + strings.Repeat("x", 50) + `"]}]`:                    "record 1: answer is a JSON array, expected a string",
		`[{"question_id":11.0,"answer":"a"}]`:                                                  "record 1: question_id is 11.0, expected a string or a whole number",
		`[{"question_id":true,"answer":"a"}]`:                                                  "record 1: question_id is true",
		`[{"question_id":11,"answer":"a"},{"question_id":12}]`:                                 "record 2: has no answer",
		`[{"question_id":11,"answer":"a"},{"answer":"a"}]`:                                     "record 2: has no question_id",
		`[{"question_id":11,"answer":"a"},{"question_id":12,"answer":"` + "\xff" + `"}]`:       "record 2: is not UTF-8",
		"{\"id\":\"11\",\"answer\":\"a\"}\n{\"id\":\"12\",":                                    "line 2: is not JSON",
		"{\"id\":\"11\",\"answer\":\"a\"}\n\n{\"id\":\"12\",\"answer\":2}":                     "line 3: answer is 2, expected a string",
		"{\"id\":\"11\",\"answer\":\"a\"}\n{\"id\":\"12\",\"answer\":\"b\"} x":                 "line 2: is not JSON",
		"{\"id\":\"11\",\"answer\":\"a\"}\n{\"id\":\"12\"}":                                    "line 2: has neither answer nor error",
		"{\"doc_id\":4,\"filtered_resps\":[\"a\"]}":                                            "line 1: doc_id 4 is of no item",
		"{\"doc_id\":\"4\",\"filtered_resps\":[\"a\"]}":                                        `line 1: doc_id is "4", expected a whole number`,
		"{\"doc_id\":5,\"filtered_resps\":[]}":                                                 "line 1: filtered_resps is [], expected a list of strings",
		"{\"doc_id\":5,\"filtered_resps\":[\"a\"]}\n{\"doc_id\":5,\"filtered_resps\":[\"a\"]}": "line 2: doc_id 5 has a prediction already, in line 1",
		"index\tanswer\n1\tx":           "a TSV with the columns index and prediction",
		"index\tprediction\n11\tx\tz\n": "record 1: ",
		"index\tprediction\n14\tx\n":    `record 1: index "14" is of no item`,
		"hello":                         "is neither JSON nor a TSV",
		"PK\x03\x04":                    "an XLSX file, expected JSON, JSON lines or TSV",
	} {
		if got, err := readPredictions(strings.NewReader(text), three(dataset.VQAv2)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, expected %q", text, got, err, says)
		}
	}
	for text, says := range map[string]string{
		`[{"image":"a.jpg","answerable":2}]`:                                        "answerable is 2, expected a number from 0 to 1",
		`[{"image":"a.jpg","answerable":"yes"}]`:                                    `answerable is "yes", expected a number from 0 to 1`,
		`[{"image":"a.jpg","answerable":null}]`:                                     "answerable is null",
		`[{"image":"a.jpg","answerable":1},{"image":"b.jpg"}]`:                      "record 2: has no answer or answerable",
		`[{"question":"a.jpg"}]`:                                                    "expected the fields image and answer or answerable",
		`{"id":"a.jpg","answer":"x","unanswerable":-1}`:                             "unanswerable is -1",
		`{"id":"a.jpg","answer":"x","tie":3}`:                                       "tie is 3, expected true or false",
		`[{"image":"a.jpg","answer":"x"},{"image":"` + "x" + `.jpg","answer":"x"}]`: `image "x.jpg" is of no item`,
	} {
		if got, err := readPredictions(strings.NewReader(text), three(dataset.VizWiz)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, expected %q", text, got, err, says)
		}
	}
	for text, says := range map[string]string{
		`[{"questionId":"11","prediction":"a"}]`:                                      "no prediction for item 12 of gqa",
		`[{"questionId":"11","prediction":"a"},{"questionId":"11","prediction":"a"}]`: "has a prediction already",
	} {
		if got, err := readPredictions(strings.NewReader(text), three(dataset.GQA)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, %v, expected %q", text, got, err, says)
		}
	}
	if got, err := readPredictions(strings.NewReader(`{"id":"OCR/x","answer":"C","choice":"C"}`), three(dataset.VStar)); err == nil || !strings.Contains(err.Error(), `line 1: choice is "C", which is no option of item OCR/x`) {
		t.Errorf("%v, %v", got, err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := ReadPredictions(path, three(dataset.VQAv2)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
