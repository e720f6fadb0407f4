package dataset_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
)

// edit replaces the first of a text in a file.
func edit(t *testing.T, path, from, to string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(from)) {
		t.Fatalf("%s has no %q", path, from)
	}
	write(t, path, strings.Replace(string(b), from, to, 1))
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// refused checks that an error is one line that has the texts.
func refused(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, expected one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("error %q has no %q", err, text)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}

func TestWrongFiles(t *testing.T) {
	const (
		vqaQ    = "v2_OpenEnded_mscoco_val2014_questions.json"
		vqaA    = "v2_mscoco_val2014_annotations.json"
		text    = "TextVQA_0.5.1_val.json"
		gqa     = "testdev_balanced_questions.json"
		sa0     = "direct_attributes/sa_0.json"
		purple  = `{"answer":"purple","answer_confidence":"yes","answer_id":10}`
		squares = "Squares.tsv"
	)
	for name, test := range map[string]struct {
		kind           dataset.Kind
		file, from, to string
		want           []string
	}{
		"nine answers":            {dataset.VQAv2, vqaA, "," + purple, "", []string{vqaA, "annotations[0] (question_id 100000)", "answers", "has 9, expected 10"}},
		"answer without text":     {dataset.VQAv2, vqaA, purple, "{}", []string{"annotations[0]", "answers[9].answer", "is missing"}},
		"id as text":              {dataset.VQAv2, vqaQ, `"question_id":100000`, `"question_id":"100000"`, []string{vqaQ, "questions[0]", "question_id", "has text, expected a whole number"}},
		"id with a fraction":      {dataset.VQAv2, vqaQ, `"question_id":100000`, `"question_id":1.5`, []string{"question_id", "number 1.5", "a whole number"}},
		"same id":                 {dataset.VQAv2, vqaQ, `"question_id":100010`, `"question_id":100000`, []string{vqaQ, "questions[1]", "100000", "questions[0]"}},
		"no question":             {dataset.VQAv2, vqaQ, `"question":"What`, `"query":"What`, []string{vqaQ, "questions[0]", "question", "is missing"}},
		"empty question":          {dataset.VQAv2, vqaQ, `"question":"What colour are the squares?"`, `"question":" \n"`, []string{vqaQ, "questions[0]", "question", "is empty"}},
		"no question for it":      {dataset.VQAv2, vqaA, `"question_id":100010`, `"question_id":7`, []string{vqaA, "annotations[1]", "7", "which no question has"}},
		"annotated twice":         {dataset.VQAv2, vqaA, `"question_id":100010`, `"question_id":100000`, []string{vqaA, "annotations[1]", "100000"}},
		"another picture":         {dataset.VQAv2, vqaA, `"image_id":100,`, `"image_id":101,`, []string{vqaA, "annotations[0]", "image_id", "101", "100"}},
		"other key":               {dataset.VQAv2, vqaQ, `"questions":`, `"question":`, []string{vqaQ, "questions", "is missing"}},
		"object for a list":       {dataset.VQAv2, vqaQ, `"questions":[`, `"questions":{},"x":[`, []string{vqaQ, "questions", "an object", "a list"}},
		"list of texts":           {dataset.VQAv2, vqaQ, `"questions":[`, `"questions":["a",`, []string{vqaQ, "questions[0]", "text", "an object"}},
		"no JSON":                 {dataset.VQAv2, vqaQ, `{`, `<html>`, []string{vqaQ, "is no JSON"}},
		"something after":         {dataset.VQAv2, vqaA, `{`, `{}{`, []string{vqaA}},
		"not UTF-8":               {dataset.VQAv2, vqaQ, `What colour`, "What colo\xfc", []string{vqaQ, "is not UTF-8 at byte"}},
		"nine TextVQA answers":    {dataset.TextVQA, text, `"purple",`, ``, []string{text, "data[0] (question_id 34602)", "answers", "has 9, expected 10"}},
		"TextVQA without answers": {dataset.TextVQA, text, `"answers":`, `"answer":`, []string{text, "data[0]", "answers", "is missing"}},
		"TextVQA path":            {dataset.TextVQA, text, `"image_id":"`, `"image_id":"../`, []string{text, "data[0]", "image_id", "../"}},
		"number for an answer":    {dataset.TextVQA, text, `"purple"`, `7`, []string{text, "data[0]", "answers", "a number", "text"}},
		"answerable":              {dataset.VizWiz, "val.json", `"answerable":1`, `"answerable":2`, []string{"val.json", "[0]", "answerable", "has 2, expected 0 or 1"}},
		"same VizWiz picture":     {dataset.VizWiz, "val.json", "VizWiz_val_00000001", "VizWiz_val_00000000", []string{"val.json", "[1]", "VizWiz_val_00000000.jpg"}},
		"same GQA key":            {dataset.GQA, gqa, `"20166": `, `"20159": `, []string{gqa, "20159"}},
		"isBalanced":              {dataset.GQA, gqa, `"isBalanced":true`, `"isBalanced":"true"`, []string{gqa, "question 20159", "isBalanced", "text", "true or false"}},
		"no structural":           {dataset.GQA, gqa, `"structural":`, `"structure":`, []string{gqa, "question 20159", "types.structural", "is missing"}},
		"GQA list":                {dataset.GQA, gqa, `"entailed":[`, `"entailed":[1,`, []string{gqa, "question 20159", "entailed", "a number", "text"}},
		"no options":              {dataset.VStar, sa0, `"options":["red","green","blue","yellow"]`, `"options":[]`, []string{sa0, "options", "has 0"}},
		"options missing":         {dataset.VStar, sa0, `"options"`, `"choices"`, []string{sa0, "options", "is missing"}},
		"negative box":            {dataset.VStar, sa0, `[20,80,50,50]`, `[20,80,-50,50]`, []string{sa0, "bbox[0]", "-50", "negative"}},
		"box of three":            {dataset.VStar, sa0, `[20,80,50,50]`, `[20,80,50]`, []string{sa0, "bbox[0]", "has 3"}},
		"box of text":             {dataset.VStar, sa0, `[20,80,50,50]`, `["20",80,50,50]`, []string{sa0, "bbox", "text", "a number"}},
		"far box":                 {dataset.VStar, sa0, `[20,80,50,50]`, `[20,80,1e300,50]`, []string{sa0, "bbox[0]", "outside"}},
		"both":                    {dataset.Scenes, "questions.jsonl", `"answers":`, `"options":["a","b"],"answers":`, []string{"questions.jsonl", "line 1", "options", "answers"}},
		"neither":                 {dataset.Scenes, "questions.jsonl", `"answers":["red"],`, ``, []string{"questions.jsonl", "line 1", "answers or options", "is missing"}},
		"unknown field":           {dataset.Scenes, "questions.jsonl", `"answers":`, `"answer":`, []string{"questions.jsonl", "line 1", "answer"}},
		"negative scene box":      {dataset.Scenes, "questions.jsonl", `[[20,80,70,130]]`, `[[20,80,10,130]]`, []string{"questions.jsonl", "line 1", "boxes[0]", "negative"}},
		"two options alike":       {dataset.Scenes, "questions.jsonl", `"options":["2","3"`, `"options":["2","2"`, []string{"line 2", "options[1]"}},
		"scene path":              {dataset.Scenes, "questions.jsonl", `"image":"`, `"image":"/`, []string{"line 1", "image", "/squares"}},
		"same scene":              {dataset.Scenes, "questions.jsonl", `"id":"squares/0001"`, `"id":"squares/0000"`, []string{"line 2", "squares/0000", "line 1"}},
		"same index":              {dataset.TSV, squares, "\n1\t", "\n0\t", []string{squares, "row 2", "index 0", "row 1"}},
		"id of two lines":         {dataset.TSV, squares, "\n0\t", "\n\"a\nb\x1b\"\t0\tq\tA\tB\tC\tD\tE\tc\tl\tx\n0\t", []string{squares, `row 1 (index a\nb\x1b)`, "answer"}},
		"no index":                {dataset.TSV, squares, "\n1\t", "\n\t", []string{squares, "row 2", "index", "is empty"}},
		"unknown letter":          {dataset.TSV, squares, "\tB\tsquares", "\tE\tsquares", []string{squares, "row 2 (index 1)", "answer", `"E"`, "A, B, C, D"}},
		"no answer":               {dataset.TSV, squares, "\tB\tsquares", "\t\tsquares", []string{squares, "row 2 (index 1)", "answer", "is empty"}},
		"short row":               {dataset.TSV, squares, "\tB\tsquares", "\tsquares", []string{squares, "row 2", "has 10 cells, expected 11"}},
		"long row":                {dataset.TSV, squares, "\tB\tsquares", "\tB\t\tsquares", []string{squares, "row 2", "more than 11 cells"}},
		"open quote":              {dataset.TSV, squares, "two lines\"\n", "two lines\n", []string{squares, "row 1", "comment"}},
		"TSV not UTF-8":           {dataset.TSV, squares, "What colour", "What colo\xfc", []string{squares, "row 1", "question", "is not UTF-8"}},
		"no such row":             {dataset.TSV, squares, "\n0\t", "\n0\t77\tq\tA\tB\tC\tD\tA\tc\tl\tx\n20\t", []string{squares, "row 1", "image", `"77"`}},
		"circle":                  {dataset.TSV, squares, "\n0\t", "\n30\t31\tq\tA\tB\tC\tD\tA\tc\tl\tx\n31\t30\tq\tA\tB\tC\tD\tA\tc\tl\tx\n0\t", []string{squares, "row 1", "image", "circle"}},
		"no question column":      {dataset.TSV, squares, "\tquestion\t", "\tquery\t", []string{squares, "question", "no such column"}},
		"two columns alike":       {dataset.TSV, squares, "\tquestion\t", "\tindex\t", []string{squares, "column 3", "index"}},
		"no picture":              {dataset.TSV, squares, "index\timage\t", "index\tpicture\t", []string{squares, "image", "no such column"}},
		"no cycle":                {dataset.HRBench, "hr_bench_4k.tsv", "cycle_category", "cycle", []string{"hr_bench_4k.tsv", "cycle_category", "no such column"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, dir := mini(t, test.kind)
			edit(t, filepath.Join(dir, test.file), test.from, test.to)
			_, err := dataset.Open(test.kind, dir, dataset.Options{})
			refused(t, err, test.want...)
		})
	}
}

func TestCutShort(t *testing.T) {
	for _, kind := range dataset.Kinds() {
		_, dir := mini(t, kind)
		var last string
		_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if strings.HasSuffix(path, "001-of-00002.parquet") || last == "" && strings.Contains(".json.jsonl.tsv.parquet", filepath.Ext(path)) && !d.IsDir() {
				last = path
			}
			return err
		})
		b, err := os.ReadFile(last)
		if err != nil {
			t.Fatal(err)
		}
		write(t, last, string(b[:len(b)*2/3]))
		_, err = dataset.Open(kind, dir, dataset.Options{})
		refused(t, err, last)
		write(t, last, "")
		_, err = dataset.Open(kind, dir, dataset.Options{})
		refused(t, err, dir)
	}
}

func TestWithoutQuestions(t *testing.T) {
	for kind, files := range map[dataset.Kind][2]string{
		dataset.VizWiz: {"val.json", "[]"},
		dataset.GQA:    {"testdev_balanced_questions.json", "{}"},
		dataset.TSV:    {"a.tsv", "index\tquestion\timage\n"},
		dataset.Scenes: {"questions.jsonl", "\n"},
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, files[0]), files[1])
		_, err := dataset.Open(kind, dir, dataset.Options{})
		refused(t, err, dir, "has no questions")
	}
}

func TestSplits(t *testing.T) {
	_, dir := mini(t, dataset.VQAv2)
	_, err := dataset.Open(dataset.VQAv2, dir, dataset.Options{Split: "train"})
	refused(t, err, "v2_OpenEnded_mscoco_train2014_questions.json", "there are the splits val")
	_, err = dataset.Open(dataset.VQAv2, dir, dataset.Options{Split: "dev"})
	refused(t, err, "vqav2", `"dev"`, "val, train, test, test-dev")
	if err := os.Remove(filepath.Join(dir, "v2_mscoco_val2014_annotations.json")); err != nil {
		t.Fatal(err)
	}
	_, err = dataset.Open(dataset.VQAv2, dir, dataset.Options{})
	refused(t, err, "v2_mscoco_val2014_annotations.json")

	if err := os.Rename(filepath.Join(dir, "v2_OpenEnded_mscoco_val2014_questions.json"), filepath.Join(dir, "v2_OpenEnded_mscoco_test-dev2015_questions.json")); err != nil {
		t.Fatal(err)
	}
	s, err := dataset.Open(dataset.VQAv2, dir, dataset.Options{Split: "test-dev"})
	if err != nil || s.Items[0].Answers != nil || s.Items[0].Right != -1 || s.Items[0].Picture.Name != "COCO_test2015_000000000100.jpg" {
		t.Errorf("test-dev: %v, %+v", err, s)
	}
	_, err = dataset.Open(dataset.VStar, dir, dataset.Options{})
	refused(t, err, dir, "direct_attributes", "test_questions.jsonl")
	_, err = dataset.Open(dataset.TSV, dir, dataset.Options{})
	refused(t, err, dir, "*.tsv")
	_, err = dataset.Open("coco", dir, dataset.Options{})
	refused(t, err, `"coco"`, "vstar, vqav2")
	_, err = dataset.Open(dataset.GQA, filepath.Join(dir, "nowhere"), dataset.Options{})
	refused(t, err, "nowhere")

	_, dir = mini(t, dataset.DocVQA)
	_, err = dataset.Open(dataset.DocVQA, dir, dataset.Options{Split: "test"})
	refused(t, err, `"test"`, "validation")
	if err := os.Remove(filepath.Join(dir, "DocVQA", "validation-00000-of-00002.parquet")); err != nil {
		t.Fatal(err)
	}
	_, err = dataset.Open(dataset.DocVQA, dir, dataset.Options{})
	refused(t, err, "has no validation-00000-of-00002.parquet")

	_, dir = mini(t, dataset.TSV)
	write(t, filepath.Join(dir, "Other.tsv"), "index\tquestion\timage_path\n1\tWhat?\ta.png\n")
	_, err = dataset.Open(dataset.TSV, dir, dataset.Options{})
	refused(t, err, "Other, Squares")
	if s, err := dataset.Open(dataset.TSV, dir, dataset.Options{Split: "Squares"}); err != nil || len(s.Items) != 10 {
		t.Error(err)
	}
}

func TestVStarPictures(t *testing.T) {
	_, dir := mini(t, dataset.VStar)
	write(t, filepath.Join(dir, "OCR", "lone.v2.jpg"), "x")
	_, err := dataset.Open(dataset.VStar, dir, dataset.Options{})
	refused(t, err, "lone.v2.jpg", "has no annotation lone.v2.json")
	write(t, filepath.Join(dir, "OCR", "lone.v2.json"), `{"question": "What?", "options": ["a", "b"], "target_object": []}`)
	s := open(t, dataset.VStar, dir)
	if item := s.Items[6]; item.ID != "OCR/lone.v2" || item.Picture.Name != "OCR/lone.v2.jpg" || item.Boxes != nil {
		t.Errorf("%+v", item)
	}
	write(t, filepath.Join(dir, "OCR", "lone.v2.png"), "x")
	_, err = dataset.Open(dataset.VStar, dir, dataset.Options{})
	refused(t, err, "lone.v2.json", "two pictures")
}

func TestVStarLabels(t *testing.T) {
	dir := t.TempDir()
	datasettest.VStarLines(t, dir)
	file := filepath.Join(dir, "test_questions.jsonl")
	edit(t, file, `"label":"B"`, `"label":"Blue"`)
	_, err := dataset.Open(dataset.VStar, dir, dataset.Options{})
	refused(t, err, file, "line 2", "label", `"Blue"`, "A, B, C, D")
}

func TestMissingPictures(t *testing.T) {
	s, dir := mini(t, dataset.VizWiz)
	for _, name := range []string{"VizWiz_val_00000002.jpg", "VizWiz_val_00000007.jpg"} {
		if err := os.Remove(filepath.Join(dir, "val", name)); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, s.CheckPictures(), "item VizWiz_val_00000002.jpg", "picture", filepath.Join("val", "VizWiz_val_00000002.jpg"), "2 of 10 pictures are missing")
	_, err := s.Items[2].Picture.Open()
	refused(t, err, "VizWiz_val_00000002.jpg")
	write(t, filepath.Join(dir, "val", "VizWiz_val_00000002.jpg"), "")
	_, err = s.Items[2].Picture.Open()
	refused(t, err, "VizWiz_val_00000002.jpg", "is empty")
	_, err = dataset.Picture{}.Open()
	refused(t, err, "no picture")
}

func TestDamagedParquet(t *testing.T) {
	_, dir := mini(t, dataset.ChartQA)
	file := filepath.Join(dir, "data", "test-00000-of-00001.parquet")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 4; at < len(whole); at += 97 {
		b := bytes.Clone(whole)
		b[at] ^= 0xa5
		write(t, file, string(b))
		s, err := dataset.Open(dataset.ChartQA, dir, dataset.Options{})
		if err != nil {
			refused(t, err, file)
			continue
		}
		for _, item := range s.Items {
			if _, err := item.Picture.Open(); err != nil {
				refused(t, err, file)
			}
		}
	}
}
