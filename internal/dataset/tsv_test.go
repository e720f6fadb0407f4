package dataset_test

import (
	"encoding/base64"
	"encoding/csv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
)

func encoded(t *testing.T, number int) string {
	t.Helper()
	return base64.StdEncoding.EncodeToString(datasettest.Encoded(t, number, true))
}

func tsv(t *testing.T, text string) (*dataset.Set, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.tsv")
	write(t, path, text)
	return dataset.Open(dataset.TSV, path, dataset.Options{})
}

// TestCells reads what pandas writes of texts with tabs, quotes and ends of lines, with either end of a line, with a byte order mark and
// without a last end of line.
func TestCells(t *testing.T) {
	text := "index\tquestion\timage\tanswer\n" +
		"1\t\"a \"\"b\"\"\tc\nd\"\t" + encoded(t, 1) + "\tno\n" +
		"2\tit's \"so\"\t\"" + encoded(t, 2) + "\"\t\"\"\"\"\n" +
		"3\t\"\t\"\"\"\t1\t['x', \"it's\", 'a\\'b\\\\c', 4.50]\n\n" +
		"\"4\"\tlast\t['" + encoded(t, 4) + "']\tyes"
	for name, text := range map[string]string{
		"as pandas": text,
		"CRLF":      strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\r\n"), "c\r\nd", "c\nd"),
		"BOM":       "\ufeff" + text,
		"last end":  text + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			s, err := tsv(t, text)
			if err != nil {
				t.Fatal(err)
			}
			questions := []string{"a \"b\"\tc\nd", `it's "so"`, `"`, "last"}
			answers := [][]string{{"no"}, {`"`}, {"x", "it's", `a'b\c`, "4.50"}, {"yes"}}
			for i, item := range s.Items {
				if item.Question != questions[i] || !slices.Equal(item.Answers, answers[i]) || item.ID != string(rune('1'+i)) {
					t.Errorf("item %d: %q, %q, %q", i, item.ID, item.Question, item.Answers)
				}
			}
			for i, number := range []int{1, 2, 1, 4} {
				checkPicture(t, s.Items[i], number)
			}
			if s.Items[2].Picture.Name != "a.tsv#1" {
				t.Errorf("row 3 has the picture %s", s.Items[2].Picture.Name)
			}
		})
	}
}

// TestTableOptions reads options: letters with a gap, a hint, and lists.
func TestTableOptions(t *testing.T) {
	s, err := tsv(t, "index\tquestion\thint\tA\tB\tC\tD\timage\tanswer\n1\tWhich?\tLook.\tNone\tblue\t\tred\t"+encoded(t, 0)+"\tD\n")
	if err != nil {
		t.Fatal(err)
	}
	item := s.Items[0]
	if item.Question != "Hint: Look.\nWhich?" || !slices.Equal(item.Options, []string{"None", "blue", "red"}) || !slices.Equal(item.Letters, []string{"A", "B", "D"}) || item.Right != 2 {
		t.Errorf("%+v", item)
	}
	s, err = tsv(t, "index\tquestion\tchoices\timage\tanswer\n1\tWhich?\t['B. x', 'y']\t"+encoded(t, 0)+"\tB\n2\tWhich?\t['A. x', 'B. y']\t1\tA\n")
	if err != nil {
		t.Fatal(err)
	}
	if first, second := s.Items[0], s.Items[1]; !slices.Equal(first.Options, []string{"B. x", "y"}) || first.Right != 1 || !slices.Equal(second.Options, []string{"x", "y"}) {
		t.Errorf("%q right %d, %q", first.Options, first.Right, second.Options)
	}
	s, err = tsv(t, "index\tquestion\tA\tB\timage\n1\tWhich?\tx\ty\t"+encoded(t, 0)+"\n")
	if err != nil || s.Items[0].Right != -1 || s.Items[0].Options == nil {
		t.Errorf("without answers: %v, %+v", err, s)
	}
}

// TestTablePictures reads the ways to name a picture, good and bad.
func TestTablePictures(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "p", "1.png"), string(datasettest.Encoded(t, 1, true)))
	path := filepath.Join(dir, "a.tsv")
	write(t, path, "index\tquestion\timage\timage_path\tanswer\n"+
		"1\tWhat?\t\tp/1.png\ta\n"+
		"2\tWhat?\t"+strings.Repeat("?", 80)+"\tp/2.png\ta\n"+
		"3\tWhat?\t['"+encoded(t, 2)+"', '"+encoded(t, 3)+"']\tp/2.png\ta\n"+
		"4\tWhat?\tdata:image/png;base64,"+encoded(t, 4)+"\tp/2.png\ta\n"+
		"5\tWhat?\t\t['p/1.png', 'p/2.png']\ta\n"+
		"6\tWhat?\t6b\t\ta\n6b\tWhat?\t7\t\ta\n7\tWhat?\t"+strings.TrimRight(encoded(t, 7), "=")+"\t\ta\n")
	s := open(t, dataset.TSV, dir)
	if err := s.CheckPictures(); err != nil {
		t.Error(err)
	}
	checkPicture(t, s.Items[0], 1)
	checkPicture(t, s.Items[3], 4)
	for _, i := range []int{5, 6, 7} {
		checkPicture(t, s.Items[i], 7)
	}
	for i, want := range map[int][]string{1: {path, "row 2", "image", "base64"}, 2: {path, "row 3", "image", "2 pictures"}, 4: {path, "row 5", "image_path", "2 pictures"}} {
		_, err := s.Items[i].Picture.Open()
		refused(t, err, want...)
	}
	if err := os.Remove(filepath.Join(dir, "p", "1.png")); err != nil {
		t.Fatal(err)
	}
	refused(t, s.CheckPictures(), "item 1", "1.png")
}

// TestTableHash changes with what is asked, and not with pictures.
func TestTableHash(t *testing.T) {
	row := func(question, picture string) string {
		s, err := tsv(t, "index\tquestion\timage\tanswer\n1\t"+question+"\t"+picture+"\ta\n")
		if err != nil {
			t.Fatal(err)
		}
		return s.Hash
	}
	first := row("What?", encoded(t, 1))
	if row("What?", encoded(t, 2)) != first || row("\"What?\"", encoded(t, 1)) != first {
		t.Error("the hash is of pictures or quotes too")
	}
	if row("Who?", encoded(t, 1)) == first {
		t.Error("the hash is not of the question")
	}
	for _, kind := range []dataset.Kind{dataset.MMERW, dataset.ChartQA} {
		one, _ := mini(t, kind)
		two, _ := mini(t, kind)
		if one.Hash != two.Hash {
			t.Errorf("%s: the hash depends on the folder", kind)
		}
	}
}

// TestFileHash is that which sha256sum prints of the file, or of what it prints of several.
func TestFileHash(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "questions.jsonl"), `{"id":"a","image":"a.png","question":"What?","answers":["x"]}`+"\n")
	if s := open(t, dataset.Scenes, dir); s.Hash != "c28a56a32bc3202b009959fe5b8d1e4223d305f0da953c9e9a5e2883a5665225" {
		t.Error(s.Hash)
	}
	dir = t.TempDir()
	write(t, filepath.Join(dir, "OCR", "1.json"), `{"question":"What?","options":["x","y"]}`)
	write(t, filepath.Join(dir, "OCR", "10.json"), `{"question":"Who?","options":["x","y"]}`)
	write(t, filepath.Join(dir, "OCR", "9.json"), `{"question":"Where?","options":["x","y"]}`)
	s := open(t, dataset.VStar, dir)
	if s.Hash != "92a6ae605dd40bb4d409836053a470234a7914845e5ab183ce2b77280536d449" || s.Items[1].ID != "OCR/9" {
		t.Error(s.Hash, s.Items[1].ID)
	}
}

// TestCellsAgainstWriter reads cells of all that needs quotes as package csv writes them, long ones too.
func TestCellsAgainstWriter(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	signs := []string{`"`, `""`, "\t", "\n", "\r\n", "'", "a", "é", " ", "[", ","}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = '\t'
	rows := [][]string{{"question", "image", "index", "answer"}}
	for i := range 300 {
		question := "q"
		for range dice.IntN(8) {
			question += signs[dice.IntN(len(signs))]
		}
		if i%50 == 7 {
			question += strings.Repeat(`"`, 100_000+dice.IntN(100)) + "end"
		}
		rows = append(rows, []string{question, encoded(t, i%10), strconv.Itoa(i), "a"})
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	s, err := tsv(t, b.String())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Items) != 300 {
		t.Fatalf("%d items", len(s.Items))
	}
	for i, item := range s.Items {
		if want := strings.TrimSpace(rows[i+1][0]); item.Question != want {
			t.Errorf("item %d: %.80q, expected %.80q", i, item.Question, want)
		}
		if i%25 == 8 {
			checkPicture(t, item, i%10)
		}
	}
}
