package dataset_test

import (
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
)

// TestSubmissions writes answers to the first two items, one of which has what JSON and TSV have to escape.
func TestSubmissions(t *testing.T) {
	const hard = "a \"b\"\t<c>\nd"
	for kind, want := range map[dataset.Kind]string{
		dataset.VQAv2:   `[{"question_id":100000,"answer":"HARD"},{"question_id":100010,"answer":"two"}]`,
		dataset.TextVQA: `[{"question_id":34602,"answer":"HARD"},{"question_id":34603,"answer":"two"}]`,
		dataset.VizWiz:  `[{"image":"VizWiz_val_00000000.jpg","answer":"HARD"},{"image":"VizWiz_val_00000001.jpg","answer":"two"}]`,
		dataset.GQA:     `[{"questionId":"20159","prediction":"HARD"},{"questionId":"20166","prediction":"two"}]`,
		dataset.DocVQA:  `[{"questionId":49153,"answer":"HARD"},{"questionId":49154,"answer":"two"}]`,
		dataset.InfoVQA: `[{"questionId":98300,"answer":"HARD"},{"questionId":98301,"answer":"two"}]`,
		dataset.ChartQA: `[{"id":0,"question":"What colour are the squares?","type":"human_test","prediction":"HARD"},{"id":1,"question":"How many squares are there?","type":"augmented_test","prediction":"two"}]`,
		dataset.VStar:   `{"question_id":"direct_attributes/sa_0","text":"HARD"} {"question_id":"direct_attributes/sa_1","text":"two"}`,
		dataset.Scenes:  `{"id":"squares/0000","answer":"HARD"} {"id":"squares/0001","answer":"two"}`,
	} {
		s, _ := mini(t, kind)
		answers := map[string]string{s.Items[0].ID: hard, s.Items[1].ID: "two"}
		var b strings.Builder
		if err := s.WriteSubmission(&b, func(id string) (string, bool) { a, ok := answers[id]; return a, ok }); err != nil {
			t.Error(err)
		}
		escaped, _ := json.Marshal(hard)
		if got := strings.Join(strings.Fields(b.String()), " "); strings.NewReplacer("[ ", "[", " ]", "]", "}, {", "},{").Replace(got) != strings.Replace(want, `"HARD"`, string(escaped), 1) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}

func TestTableSubmissions(t *testing.T) {
	for kind, columns := range map[dataset.Kind]int{dataset.HRBench: 9, dataset.TSV: 10, dataset.MMERW: 6} {
		s, _ := mini(t, kind)
		answers := map[string]string{s.Items[1].ID: "B\t\"", s.Items[7].ID: "C"}
		var b strings.Builder
		if err := s.WriteSubmission(&b, func(id string) (string, bool) { a, ok := answers[id]; return a, ok }); err != nil {
			t.Error(err)
		}
		r := csv.NewReader(strings.NewReader(b.String()))
		r.Comma = '\t'
		rows, err := r.ReadAll()
		if err != nil || len(rows) != 3 || len(rows[0]) != columns+1 {
			t.Fatalf("%s: %v\n%s", kind, err, b.String())
		}
		if rows[0][columns] != "prediction" || rows[1][columns] != "B\t\"" || rows[2][columns] != "C" || rows[2][0] != s.Items[7].ID {
			t.Errorf("%s: %q", kind, rows)
		}
		if slices.Contains(rows[0], "image") || slices.Contains(rows[0], "bytes") {
			t.Errorf("%s: pictures are in it: %q", kind, rows[0])
		}
	}
}

func TestVStarLinesSubmission(t *testing.T) {
	dir := t.TempDir()
	datasettest.VStarLines(t, dir)
	s := open(t, dataset.VStar, dir)
	var b strings.Builder
	if err := s.WriteSubmission(&b, func(id string) (string, bool) { return "A", id == "3" }); err != nil || b.String() != `{"question_id":3,"text":"A"}`+"\n" {
		t.Errorf("%v: %q", err, b.String())
	}
}
