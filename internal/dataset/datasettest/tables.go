package datasettest

import (
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/mcllava/mcllava/internal/dataset"
)

// lettered is a row of VLMEvalKit's columns.
type lettered struct {
	Index    int64  `parquet:"index"`
	Question string `parquet:"question,optional"`
	Answer   string `parquet:"answer,optional"`
	Category string `parquet:"category,optional"`
	A        string `parquet:"A,optional"`
	B        string `parquet:"B,optional"`
	C        string `parquet:"C,optional"`
	D        string `parquet:"D,optional"`
	Cycle    string `parquet:"cycle_category,optional"`
	Image    string `parquet:"image,optional"`
}

// rotatedRow is a question whose options are turned by so many places.
func rotatedRow(t testing.TB, number, by, index int) lettered {
	q := Questions()[number]
	options := rotated(q.Options, 4-by)
	return lettered{
		Index: int64(index), Question: q.Text, Answer: string(rune('A' + by)), Category: "single", Cycle: fmt.Sprintf("cycle_%d", by),
		A: options[0], B: options[1], C: options[2], D: options[3], Image: base64.StdEncoding.EncodeToString(Encoded(t, number, false)),
	}
}

// hrRows are questions 0 and 1 of HR-Bench's miniature in four rotations each.
func hrRows(t testing.TB) []lettered {
	var rows []lettered
	for number := range 2 {
		for by := range 4 {
			row := rotatedRow(t, number, by, len(rows))
			if number == 1 {
				row.Category = "cross"
			}
			rows = append(rows, row)
		}
	}
	return rows
}

func hrbench(f *folder) {
	var rows [][]string
	for _, r := range hrRows(f.t) {
		rows = append(rows, []string{strconv.FormatInt(r.Index, 10), r.Question, r.Answer, r.Category, r.A, r.B, r.C, r.D, r.Cycle, r.Image})
	}
	f.tsv("hr_bench_4k.tsv", []string{"index", "question", "answer", "category", "A", "B", "C", "D", "cycle_category", "image"}, rows)
}

// HRBenchParquet writes hr_bench_8k.parquet, which has the same rows as the TSV of the miniature.
func HRBenchParquet(t testing.TB, dir string) {
	t.Helper()
	parquetFile(&folder{t, dir}, "hr_bench_8k.parquet", hrRows(t))
}

// tsv has pictures of base64 as text and, in row 3, as a list of one; and cells in quotes.
func tsv(f *folder) {
	var rows [][]string
	for i, q := range Questions() {
		options := rotated(q.Options, 4-i%4)
		picture := base64.StdEncoding.EncodeToString(Encoded(f.t, i, i%2 == 1))
		if i == 3 {
			picture = "['" + picture + "']"
		}
		rows = append(rows, append(append([]string{strconv.Itoa(i), picture, q.Text}, options...), string(rune('A'+i%4)), "squares", q.Type, "a \"quoted\"\tcell\nof two lines"))
	}
	f.tsv("Squares.tsv", []string{"index", "image", "question", "A", "B", "C", "D", "answer", "category", "l2-category", "comment"}, rows)
}

type mmeRow struct {
	Index    string   `parquet:"index"`
	Bytes    string   `parquet:"bytes"`
	Question string   `parquet:"question"`
	Options  []string `parquet:"multi-choice options,list"`
	Answer   string   `parquet:"answer"`
	Category string   `parquet:"category"`
	L2       string   `parquet:"l2-category"`
}

// mme has two shards.
func mme(f *folder) {
	var rows []mmeRow
	for i, q := range Questions() {
		var options []string
		for n, option := range rotated(q.Options, 4-i%4) {
			options = append(options, fmt.Sprintf("(%c) %s", 'A'+n, option))
		}
		options = append(options, "(E) This image doesn't feature the squares.")
		rows = append(rows, mmeRow{
			"perception/squares/" + strconv.Itoa(i), base64.StdEncoding.EncodeToString(Encoded(f.t, i, false)), q.Text, options, string(rune('A' + i%4)),
			"Perception/Monitoring", q.Type,
		})
	}
	parquetFile(f, "data/train-00000-of-00002.parquet", rows[:6])
	parquetFile(f, "data/train-00001-of-00002.parquet", rows[6:])
}

// hfImage is a picture as Hugging Face's writer has it.
type hfImage struct {
	Bytes []byte `parquet:"bytes,optional"`
	Path  string `parquet:"path,optional"`
}

type docRow struct {
	ID      string   `parquet:"questionId,optional"`
	Text    string   `parquet:"question,optional"`
	Types   []string `parquet:"question_types,optional,list"`
	Image   hfImage  `parquet:"image,optional"`
	Doc     int64    `parquet:"docId,optional"`
	Answers []string `parquet:"answers,optional,list"`
}

func docvqa(f *folder) {
	var rows []docRow
	for i, q := range Questions() {
		rows = append(rows, docRow{
			strconv.Itoa(49153 + i), q.Text, []string{"form", "layout"}, hfImage{Encoded(f.t, i, true), fmt.Sprintf("%d.png", i)}, int64(i), []string{q.Answer, "The " + q.Answer},
		})
	}
	parquetFile(f, "DocVQA/validation-00000-of-00002.parquet", rows[:3])
	parquetFile(f, "DocVQA/validation-00001-of-00002.parquet", rows[3:])
}

type infoRow struct {
	ID        string   `parquet:"questionId,optional"`
	Text      string   `parquet:"question,optional"`
	Answers   []string `parquet:"answers,optional,list"`
	Type      []string `parquet:"answer_type,optional,list"`
	Image     hfImage  `parquet:"image,optional"`
	Operation []string `parquet:"operation/reasoning,optional,list"`
	OCR       string   `parquet:"ocr,optional"`
}

func infovqa(f *folder) {
	var rows []infoRow
	for i, q := range Questions() {
		rows = append(rows, infoRow{
			strconv.Itoa(98300 + i), q.Text, []string{q.Answer}, []string{"single span"}, hfImage{Encoded(f.t, i, false), ""}, []string{"counting"}, "[]",
		})
	}
	parquetFile(f, "InfographicVQA/validation-00000-of-00001.parquet", rows)
}

type chartRow struct {
	Type     string  `parquet:"type,optional"`
	Question string  `parquet:"question,optional"`
	Answer   string  `parquet:"answer,optional"`
	Image    hfImage `parquet:"image,optional"`
}

func chartqa(f *folder) {
	var rows []chartRow
	for i, q := range Questions() {
		rows = append(rows, chartRow{[]string{"human_test", "augmented_test"}[i%2], q.Text, q.Answer, hfImage{Encoded(f.t, i, true), ""}})
	}
	parquetFile(f, "data/test-00000-of-00001.parquet", rows)
}

// tsv writes a table as pandas does.
func (f *folder) tsv(name string, columns []string, rows [][]string) {
	f.t.Helper()
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = '\t'
	if err := w.WriteAll(append([][]string{columns}, rows...)); err != nil {
		f.t.Fatal(err)
	}
	f.file(name, b.Bytes())
}

// parquetFile writes rows in two row groups, compressed as pandas does.
func parquetFile[T any](f *folder, name string, rows []T) {
	f.t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(int64(len(rows)+1)/2))
	if _, err := w.Write(rows); err != nil {
		f.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.file(name, b.Bytes())
}

func init() {
	for kind, write := range map[dataset.Kind]func(*folder){
		dataset.HRBench: hrbench, dataset.TSV: tsv, dataset.MMERW: mme, dataset.DocVQA: docvqa, dataset.InfoVQA: infovqa, dataset.ChartQA: chartqa,
	} {
		writers[kind] = write
	}
}
