package records

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// merged is what a merge of outputs lists, or its error. Each output is a list of records.
func merged(t *testing.T, f Format, o MergeOptions, outputs ...[]Record) (string, error) {
	t.Helper()
	folder := t.TempDir()
	var paths []string
	for i, records := range outputs {
		paths = append(paths, filepath.Join(folder, fmt.Sprint("shard", i+1)))
		var file bytes.Buffer
		file.Write(f.header())
		for _, r := range records {
			if !r.Failed() && r.Run == "" {
				settings.Stamp(&r)
			}
			text, err := f.encode(r, true)
			if err != nil {
				t.Fatal(err)
			}
			file.Write(text)
		}
		if err := os.WriteFile(paths[i], file.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	m, err := OpenMerge(t.Context(), paths, o)
	if err != nil {
		return "", errors.New(strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), ""))
	}
	defer m.Close()
	out := filepath.Join(folder, "out")
	if err := WriteFile(t.Context(), out, false, func(w io.Writer) error { return m.Write(t.Context(), w) }); err != nil {
		t.Fatal(err)
	}
	return listed(t, out, f), nil
}

// three is a pair of an input of three.
func three(n int, image string) Record {
	r := pair(n, image)
	r.Of = 3
	return r
}

func threeFailed(n int, image string) Record {
	r := broken(n, image)
	r.Of = 3
	return r
}

func TestMerge(t *testing.T) {
	a, b, c := three(0, "a"), three(1, "b"), three(2, "c")
	noB := threeFailed(1, "b")
	stream := func(r Record) Record { r.Of = 0; return r }
	other := func(r Record, change func(*Settings)) Record {
		s := settings
		change(&s)
		s.Stamp(&r)
		return r
	}
	for _, x := range []struct {
		name    string
		options MergeOptions
		outputs [][]Record
		want    string
		message string
	}{
		{"shards", MergeOptions{}, [][]Record{{a, c}, {b}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"one out of order", MergeOptions{}, [][]Record{{c, a, b}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"an empty shard", MergeOptions{}, [][]Record{{}, {c, a, b}, {}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"pairs agree", MergeOptions{Pairs: 3}, [][]Record{{c, a, b}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"a stream", MergeOptions{Pairs: 2}, [][]Record{{stream(a)}, {stream(b)}}, "0/0 a, 1/0 b", ""},
		{"failed allowed", MergeOptions{AllowFailed: true}, [][]Record{{a, c}, {noB}}, "0/3 a, 1/3 b!, 2/3 c", ""},
		{"failed twice", MergeOptions{AllowFailed: true}, [][]Record{{a, noB, c}, {noB}}, "0/3 a, 1/3 b!, 2/3 c", ""},
		{"failed, then answered", MergeOptions{}, [][]Record{{a, noB, c}, {b}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"answered, then failed", MergeOptions{}, [][]Record{{b}, {a, noB, c}}, "0/3 a, 1/3 b, 2/3 c", ""},
		{"the model is called otherwise", MergeOptions{}, [][]Record{{a, c}, {other(b, func(s *Settings) { s.Model = "x" })}}, "0/3 a, 1/3 b, 2/3 c", ""},

		{"failed", MergeOptions{}, [][]Record{{a, c}, {noB}}, "", `pairs that failed: 1, the first in shard2: line LINE1: b "what,\n\"shop\"?" (not a picture); resume`},
		{"missing", MergeOptions{}, [][]Record{{a}, {b}}, "", `1 of 3 pairs are in none of the files: 2 (counted from 0; the first comes after b "what,`},
		{"missing at the beginning", MergeOptions{}, [][]Record{{b}}, "", "2 of 3 pairs are in none of the files: 0, 2 (counted from 0; the first comes before b \"what"},
		{"many missing", MergeOptions{}, [][]Record{{pair(3, "d")}}, "", "9 of 10 pairs are in none of the files: 0, 1, 2, 4, 5, … (counted"},
		{"missing in between", MergeOptions{}, [][]Record{{a, c}}, "", `files: 1 (counted from 0; the first comes after a "what,\n\"shop\"?" and before c "what,\n\"shop\"?")`},
		{"all missing", MergeOptions{Pairs: 1}, [][]Record{{}}, "", "1 of 1 pairs are in none of the files: 0 (counted from 0)"},
		{"doubled", MergeOptions{}, [][]Record{{a, b}, {b, c}}, "", `shard1: line LINE2 and shard2: line LINE1 both answer pair 1, b "what,\n\"shop\"?"; expected it once`},
		{"of other inputs", MergeOptions{}, [][]Record{{a, b}, {three(1, "x"), c}}, "", `shard1: line LINE2 and shard2: line LINE1 are both pair 1, but one is b "what,\n\"shop\"?" and the other x "what`},
		{"of a longer input", MergeOptions{}, [][]Record{{a, b}, {pair(2, "c")}}, "", "shard2: line LINE1 is of an input of 10 pairs, but shard1: line LINE1 of one of 3 pairs"},
		{"partly of a stream", MergeOptions{}, [][]Record{{a, b}, {stream(c)}}, "", "shard2: line LINE1 is of an input of an unknown number of pairs"},
		{"a stream of unknown length", MergeOptions{}, [][]Record{{stream(a)}}, "", "--pairs says it"},
		{"too many", MergeOptions{Pairs: 1}, [][]Record{{stream(a), stream(c)}}, "", "shard1: line LINE2 is pair 2, expected 0 to 0 of an input of 1 pairs"},
		{"pairs disagree", MergeOptions{Pairs: 4}, [][]Record{{a, b, c}}, "", "pairs is 4, but shard1: line LINE1 is of an input of 3"},
		{"nothing", MergeOptions{}, [][]Record{{}, {}}, "", "the files hold no record"},
		{"other knobs", MergeOptions{}, [][]Record{{a, c}, {other(b, func(s *Settings) { s.Knobs.MaxCrops = 5 })}}, "", "shard2: line LINE1 was answered otherwise than shard1: line LINE1: with different settings: max-crops 5, there 100"},
		{"another checkpoint", MergeOptions{}, [][]Record{{a, c}, {other(b, func(s *Settings) { s.Checkpoint = "x" })}}, "", "another checkpoint of the name demo"},
	} {
		for _, f := range []Format{JSONL, CSV} {
			// Each answer takes four lines of a CSV, and the header one.
			lines := strings.NewReplacer("LINE1", "1", "LINE2", "2")
			if f.name == csvName {
				lines = strings.NewReplacer("LINE1", "2", "LINE2", "6")
			}
			got, err := merged(t, f, x.options, x.outputs...)
			switch message := lines.Replace(x.message); {
			case message == "" && (err != nil || got != x.want):
				t.Errorf("%s, %s: got %s, %v; want %s", x.name, f, got, err, x.want)
			case message != "" && (err == nil || !strings.Contains(err.Error(), message)):
				t.Errorf("%s, %s: %v, want %q", x.name, f, err, message)
			}
		}
	}
}

func TestMergeRefusesFiles(t *testing.T) {
	folder := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	encode := func(f Format, r Record) string {
		settings.Stamp(&r)
		text, err := f.encode(r, true)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	a := encode(JSONL, three(0, "a"))
	jsonl := file("a.jsonl", a)
	if err := os.Symlink(jsonl, filepath.Join(folder, "link.jsonl")); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		paths   []string
		message string
	}{
		{[]string{jsonl, filepath.Join(folder, "none.jsonl")}, "none.jsonl: no such file"},
		{[]string{folder}, "is a folder"},
		{[]string{jsonl, jsonl}, "a.jsonl: is given twice"},
		{[]string{jsonl, filepath.Join(folder, "link.jsonl")}, "link.jsonl: is given twice, also as"},
		{[]string{jsonl, file("torn.jsonl", a+a[:40])}, "torn.jsonl: line 2 is cut off"},
		{[]string{jsonl, file("torn1.jsonl", a[:40])}, "torn1.jsonl: line 1 is cut off"},
		{[]string{jsonl, file("a.csv", string(CSV.header())+encode(CSV, three(1, "b")))}, "a.csv: is in the format csv, expected jsonl"},
		{[]string{file("torn.csv", string(CSV.header())+encode(CSV, three(1, "b"))[:30])}, "torn.csv: line 2 is cut off"},
		{[]string{jsonl, file("notes", "a note\n")}, "notes: is neither JSON lines nor CSV"},
		{[]string{jsonl, file("other.jsonl", "{\"a\":1}\n")}, "other.jsonl: line 1 is no record"},
	} {
		m, err := OpenMerge(t.Context(), c.paths, MergeOptions{})
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s: %v, want %q", c.paths, err, c.message)
		}
	}
}

// TestMergeKeepsRecords has what another program has added in the records that are merged.
func TestMergeKeepsRecords(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	var want []string
	for n := range 50 {
		want = append(want, fmt.Sprintf(`{"image":"%d.jpg", "question":"what", "mine": [1.50], "n":%d, "of":50}`+"\n", n, n))
	}
	mixed := append([]string{}, want...)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	if err := os.WriteFile(path, []byte(strings.Join(mixed, "")), 0o644); err != nil {
		t.Fatal(err)
	}
	m, err := OpenMerge(t.Context(), []string{path}, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	// In place, too.
	if err := WriteFile(t.Context(), path, true, func(w io.Writer) error { return m.Write(t.Context(), w) }); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != strings.Join(want, "") {
		t.Errorf("got %s", got)
	}
}

func TestWriteFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "out")
	some := func(text string, err error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			return err
		}
	}
	if err := WriteFile(t.Context(), path, false, some("one", nil)); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(t.Context(), path, false, some("two", nil)); err == nil || !strings.Contains(err.Error(), "out: exists and is not empty; --overwrite replaces it") {
		t.Errorf("over another: %v", err)
	}
	failure := errors.New("a failure")
	if err := WriteFile(t.Context(), path, true, some("two", failure)); !errors.Is(err, failure) {
		t.Errorf("a failure: %v", err)
	}
	if got := read(t, path); got != "one" {
		t.Errorf("the file is %q", got)
	}
	if err := WriteFile(t.Context(), path, true, some("two", nil)); err != nil || read(t, path) != "two" {
		t.Errorf("the file is %q, %v", read(t, path), err)
	}
	if err := WriteFile(t.Context(), folder, true, some("", nil)); err == nil || !strings.Contains(err.Error(), "is a folder") {
		t.Errorf("a folder: %v", err)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestMergeInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	r := pair(0, "a")
	r.Of = 1
	write(t, path, JSONL, CreateOptions{}, r)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := OpenMerge(stopped, []string{path}, MergeOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("while it reads: %v", err)
	}
	m, err := OpenMerge(t.Context(), []string{path}, MergeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Write(stopped, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("while it writes: %v", err)
	}
}
