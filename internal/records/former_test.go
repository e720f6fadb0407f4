package records

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// firstVersion are outputs of the first version, about testdata/images with testdata/mini: the settings that each was made with, and
// how many answers it has.
var firstVersion = map[string]struct {
	knobs   mcllava.Knobs
	answers int
}{
	"plain.jsonl":   {firstKnobs(4, 12, 6), 6},
	"plain.csv":     {firstKnobs(4, 12, 6), 6},
	"sampled.jsonl": {sampledKnobs(), 3},
	"choices.csv":   {choiceKnobs(), 3},
}

const miniFormer = "d8d3dd5b5c37e0ac4e09b134c2b823e2e9858caca1decc05798ac692266cbc1d"

func firstKnobs(crops, tokens, answer int) mcllava.Knobs {
	k := mcllava.DefaultKnobs()
	k.MaxCrops, k.NumTokens, k.MaxNewTokens = crops, tokens, answer
	return k
}

func sampledKnobs() mcllava.Knobs {
	k := firstKnobs(3, 0, 5)
	k.Temperature, k.TopP, k.Seed, k.LogProbs = 0.7, 0.9, 7, true
	k.System, k.Prompt = `be brief, "please"`, "<|im_start|>user\n<image>\n{question}<|im_end|>\n<|im_start|>assistant\n"
	return k
}

func choiceKnobs() mcllava.Knobs {
	k := firstKnobs(0, 0, 200)
	k.Choices = []string{"a cat", "a dog"}
	return k
}

func formatOfName(name string) Format {
	if filepath.Ext(name) == ".csv" {
		return CSV
	}
	return JSONL
}

// TestOutputsOfTheFirstVersionResume resumes outputs as they stand, finds all of their answers, and adds one that agrees with them.
func TestOutputsOfTheFirstVersionResume(t *testing.T) {
	for name, was := range firstVersion {
		text := readTestdata(t, "version1", name)
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s := Settings{Knobs: was.knobs, Precision: "f32", Checkpoint: "2-new", Former: miniFormer, Model: "mini"}
		file, err := Create(t.Context(), path, formatOfName(name), CreateOptions{Resume: true, Many: true, Settings: []Settings{s}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		own := file.Settings()[0]
		if n := file.Found().Answered; n != was.answers || own.Checkpoint != miniFormer {
			t.Errorf("%s: %d answers, expected %d; checkpoint %s", name, n, was.answers, own.Checkpoint)
		}
		var last Record
		for r, err := range recordsOf(t, text) {
			if err != nil {
				t.Fatal(err)
			}
			last = r
			pair := Record{Image: r.Image, Question: r.Question, N: r.N, Of: r.Of, Key: own.Key(hashOf(t, r.ImageSHA256), r.Question)}
			if !file.Done(pair) {
				t.Errorf("%s: %s is asked again", name, r)
			}
		}
		next := Record{Image: "new.png", Question: "what", N: last.N + 1, Of: last.Of + 1, Answer: "new", Schema: Schema}
		own.Stamp(&next)
		next.Key = own.Key([32]byte{}, "what")
		if err := file.Write(next); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		if now, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(now, text) && last.Of > 0 && !bytes.Contains(now, []byte("new.png")) {
			t.Errorf("%s: what was there has changed: %v", name, err)
		}
		s.Former = "another checkpoint"
		if _, err := Create(t.Context(), path, formatOfName(name), CreateOptions{Resume: true, Settings: []Settings{s}}); err == nil || !strings.Contains(err.Error(), "by another checkpoint") {
			t.Errorf("%s: another checkpoint goes on with it: %v", name, err)
		}
	}
}

func TestOutputsOfTheFirstVersionMerge(t *testing.T) {
	var paths []string
	for i := range 2 {
		paths = append(paths, filepath.Join("testdata", "version1", fmt.Sprintf("shard%d.jsonl", i+1)))
	}
	m, err := OpenMerge(t.Context(), paths, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var b bytes.Buffer
	if err := m.Write(t.Context(), &b); err != nil || bytes.Count(b.Bytes(), []byte("\n")) != 3 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func readTestdata(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"testdata"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func recordsOf(t *testing.T, text []byte) func(func(Record, error) bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path)
}

func hashOf(t *testing.T, text string) (hash [32]byte) {
	t.Helper()
	if n, err := fmt.Sscanf(text, "%x", new([]byte)); n != 1 || err != nil {
		t.Fatal(text, err)
	}
	var b []byte
	_, _ = fmt.Sscanf(text, "%x", &b)
	return [32]byte(b)
}

// TestStrayQuotes puts a quote everywhere into a CSV: what is then no CSV of a run is refused, naming the line, and stays as it is.
func TestStrayQuotes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.csv")
	text, err := os.ReadFile("../../testdata/cases/csv-stray-quote/out.csv")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	var first Record
	for r := range Read(path) {
		first = r
		break
	}
	was := Settings{Knobs: first.Knobs, Precision: first.Precision, Checkpoint: first.Checkpoint, Model: first.Model}
	if was.ID() != first.Run {
		t.Fatalf("the case's settings are others than %+v", was)
	}
	refused(t, path, CSV, CreateOptions{Resume: true, Settings: []Settings{was}}, "line 3 has a quote within a field")

	write(t, path, CSV, CreateOptions{Overwrite: true}, pair(0, "a"), pair(1, "b"), broken(2, "c"), pair(3, "d"), pair(4, "e"))
	whole := []byte(read(t, path))
	for i := range whole {
		if testing.Short() && i%5 > 0 {
			continue
		}
		damaged := slices.Insert(slices.Clone(whole), i, '"')
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Create(t.Context(), path, CSV, CreateOptions{Resume: true, Settings: []Settings{settings}})
		now, readErr := os.ReadFile(path)
		if readErr != nil {
			t.Fatal(readErr)
		}
		switch {
		case err != nil && !bytes.Equal(now, damaged):
			t.Fatalf("a quote at %d is refused with %v, and the file has changed", i, err)
		case err == nil:
			found := file.Found()
			if found.Torn || found.Answered+found.Failed != 5 {
				t.Fatalf("a quote at %d, ahead of %q: %+v of 5 records", i, whole[i:min(i+20, len(whole))], found)
			}
			_ = file.Close()
		}
	}
}

// TestEditedOutputs resumes what an editor has put a byte-order mark ahead of, or taken the last newline from.
func TestEditedOutputs(t *testing.T) {
	for _, f := range []Format{JSONL, CSV} {
		path := filepath.Join(t.TempDir(), "out")
		write(t, path, f, CreateOptions{}, pair(0, "a"), pair(1, "b"))
		whole := read(t, path)
		if err := os.WriteFile(path, []byte("\ufeff"+whole), 0o600); err != nil {
			t.Fatal(err)
		}
		file := create(t, path, f, CreateOptions{Resume: true})
		if file.Found().Answered != 2 || !file.Done(pair(0, "a")) {
			t.Errorf("%s: %+v", f, file.Found())
		}
		if err := errorOf(file.Write(pair(2, "c")), file.Close()); err != nil {
			t.Fatal(err)
		}
		if got := listed(t, path, f); got != "0/10 a, 1/10 b, 2/10 c" {
			t.Errorf("%s: %s", f, got)
		}
	}
	path := filepath.Join(t.TempDir(), "out")
	write(t, path, JSONL, CreateOptions{}, pair(0, "a"), pair(1, "b"))
	if err := os.WriteFile(path, []byte(strings.TrimSuffix(read(t, path), "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	file := create(t, path, JSONL, CreateOptions{Resume: true})
	if found := file.Found(); found.Answered != 2 || found.Torn {
		t.Errorf("%+v", found)
	}
	if err := errorOf(file.Write(pair(2, "c")), file.Close()); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, path, JSONL); got != "0/10 a, 1/10 b, 2/10 c" {
		t.Error(got)
	}
	n := 0
	for r, err := range Read("../../testdata/cases/edited-outputs/e1.csv") {
		if n++; err != nil || r.Answer == "" {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if n != 2 {
		t.Errorf("%d records", n)
	}
}

func errorOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestInvalidNamesStayApart has names that differ in bytes that are no UTF-8.
func TestInvalidNamesStayApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	a, b := pair(0, "x\xff.jpg"), pair(1, "x\xfe.jpg")
	b.Key = a.Key
	write(t, path, JSONL, CreateOptions{}, a, b)
	var names []string
	for r, err := range Read(path) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, r.Image)
	}
	if !slices.Equal(names, []string{a.Image, b.Image}) {
		t.Errorf("%q", names)
	}
	file := create(t, path, JSONL, CreateOptions{Resume: true})
	if !file.Done(b) || !file.Done(a) || file.Done(a) {
		t.Error("names are mistaken for each other")
	}
	_ = file.Close()
}

func TestChosenColumns(t *testing.T) {
	f, err := NewCSV(CSVOptions{Columns: []string{"answer", "image"}, Safe: true})
	if err != nil {
		t.Fatal(err)
	}
	r := pair(0, "a.jpg")
	r.Answer = "=1+1"
	text, err := f.encode(r, true)
	if err != nil || string(f.header())+string(text) != "answer,image\r\n'=1+1,a.jpg\r\n" {
		t.Errorf("%s%s %v", f.header(), text, err)
	}
	if err := f.CheckResume(); err == nil || !strings.Contains(err.Error(), "column id") {
		t.Error(err)
	}
	if _, err := NewCSV(CSVOptions{Columns: []string{"answr"}}); err == nil || !strings.Contains(err.Error(), `unknown column "answr"`) {
		t.Error(err)
	}
	some, err := NewCSV(CSVOptions{Columns: append([]string{"max_crops"}, resumable...)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "out")
	write(t, path, some, CreateOptions{}, pair(0, "a"))
	file := create(t, path, CSV, CreateOptions{Resume: true}) // with the columns that it has
	if err := errorOf(file.Write(pair(1, "b")), file.Close()); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, path, some); got != "0/10 a, 1/10 b" {
		t.Error(got)
	}
	refused(t, path, f, CreateOptions{Resume: true}, "cannot be resumed")
}
