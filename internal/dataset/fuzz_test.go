package dataset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
	"github.com/mcllava/mcllava/internal/dataset/datasettest"
)

// fuzzed opens a set one of whose files is fuzzed: it is read with its pictures and answers written, or its error is one line.
func fuzzed(t *testing.T, kind dataset.Kind, dir string) {
	s, err := dataset.Open(kind, dir, dataset.Options{})
	if err != nil {
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("error of several lines: %q", err)
		}
		return
	}
	_ = s.CheckPictures()
	ids := map[string]bool{}
	for i, item := range s.Items {
		if item.ID == "" || ids[item.ID] || item.Doc != i || item.Question == "" {
			t.Errorf("item %d: %+v", i, item)
		}
		ids[item.ID] = true
		if len(item.Letters) != len(item.Options) || item.Right >= len(item.Options) || item.Right < -1 || item.Options == nil && item.Right != -1 {
			t.Errorf("item %d: options %q, letters %q, right %d", i, item.Options, item.Letters, item.Right)
		}
		for _, box := range item.Boxes {
			if box.Dx() < 0 || box.Dy() < 0 {
				t.Errorf("item %d: box %v", i, box)
			}
		}
		_, _ = item.Picture.Open()
	}
	if err := s.WriteSubmission(&strings.Builder{}, func(string) (string, bool) { return "a", true }); err != nil {
		t.Error(err)
	}
}

// one writes a file into a folder.
func one(t *testing.T, name string, text []byte) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// seed is a file of a miniature.
func seed(f *testing.F, kind dataset.Kind, name string) []byte {
	dir := f.TempDir()
	datasettest.Write(f, kind, dir)
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		f.Fatal(err)
	}
	return b
}

func FuzzTSV(f *testing.F) {
	f.Add([]byte("index\tquestion\timage\tA\tB\tanswer\n1\t\"a \"\"b\"\"\"\t2\tx\ty\tB\n2\twhat\t" + strings.Repeat("AAAA", 17) + "\tx\ty\tA\n"))
	f.Add([]byte("index\tquestion\timage_path\tanswer\r\n1\tq\t['a.png']\t['x', \"y\\u0041\"]\r\n"))
	f.Add([]byte("index\tquestion\timage\n1\tq\t1\n"))
	f.Fuzz(func(t *testing.T, text []byte) { fuzzed(t, dataset.TSV, one(t, "a.tsv", text)) })
}

// jsonFiles are a file of each layout in JSON.
var jsonFiles = []struct {
	kind dataset.Kind
	name string
}{
	{dataset.VQAv2, "v2_OpenEnded_mscoco_val2014_questions.json"},
	{dataset.VQAv2, "v2_mscoco_val2014_annotations.json"},
	{dataset.TextVQA, "TextVQA_0.5.1_val.json"},
	{dataset.VizWiz, "val.json"},
	{dataset.GQA, "testdev_balanced_questions.json"},
	{dataset.VStar, "direct_attributes/sa_0.json"},
	{dataset.Scenes, "questions.jsonl"},
	{dataset.VStar, "test_questions.jsonl"},
}

func FuzzJSON(f *testing.F) {
	rests := make([]string, len(jsonFiles)) // folders with the other files of the layout
	for i, file := range jsonFiles {
		rests[i] = f.TempDir()
		if file.name == "test_questions.jsonl" {
			datasettest.VStarLines(f, rests[i])
		} else {
			datasettest.Write(f, file.kind, rests[i])
		}
		b, err := os.ReadFile(filepath.Join(rests[i], file.name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), b)
		f.Add(uint8(i), b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		i := int(which) % len(jsonFiles)
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(rests[i])); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, jsonFiles[i].name), text, 0o666); err != nil {
			t.Fatal(err)
		}
		fuzzed(t, jsonFiles[i].kind, dir)
	})
}

func FuzzParquet(f *testing.F) {
	f.Add(seed(f, dataset.ChartQA, "data/test-00000-of-00001.parquet"))
	f.Add(seed(f, dataset.MMERW, "data/train-00001-of-00002.parquet"))
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := one(t, "test.parquet", text)
		fuzzed(t, dataset.ChartQA, dir)
		fuzzed(t, dataset.TSV, dir)
	})
}
