package inputs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree writes files below a new folder and makes it the working folder.
func tree(t *testing.T, files ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// pictures is tree, in which files of a picture's extension begin as one does.
func pictures(t *testing.T, files ...string) {
	t.Helper()
	tree(t, files...)
	for _, name := range files {
		if extensions[strings.ToLower(filepath.Ext(name))] {
			if err := os.WriteFile(name, []byte("\xff\xd8\xff content of "+name), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// listed is what the options lead to: jobs as "image|question" or "id:image|question", broken ones with "? error" in place of the
// image, errors as "! error".
func listed(t *testing.T, o Options) (lines []string) {
	t.Helper()
	j, err := New(o)
	if err != nil {
		return []string{"! " + err.Error()}
	}
	for job, err := range j.All() {
		if err != nil {
			lines = append(lines, "! "+err.Error())
			continue
		}
		if job.Source == nil || job.Source.Path != job.Image {
			t.Fatalf("%q: the source is %+v", job.Image, job.Source)
		}
		if job.Image == "" {
			_, err := job.Source.Hash()
			if _, again := job.Source.Open(); err == nil || !errors.Is(again, err) {
				t.Errorf("a broken job fails with %v and %v", err, again)
			}
			job.Image = fmt.Sprintf("? %v", err)
		}
		switch {
		case job.ID != "":
			lines = append(lines, fmt.Sprintf("%s:%s|%s", job.ID, filepath.ToSlash(job.Image), job.Question))
		default:
			lines = append(lines, filepath.ToSlash(job.Image)+"|"+job.Question)
		}
	}
	return lines
}

func expect(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n %s\nexpected\n %s", name, strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

func TestCheck(t *testing.T) {
	q := []string{"what"}
	for _, c := range []struct {
		say string
		o   Options
	}{
		{"", Options{Images: []string{"a.jpg"}, Questions: q}},
		{"", Options{Images: []string{"a.jpg"}, From: "list", NUL: true, QuestionsFile: "questions"}},
		{"", Options{Jobs: "-"}},
		{"no image", Options{Questions: q}},
		{"no question", Options{Images: []string{"a.jpg"}}},
		{"question is empty", Options{Images: []string{"a.jpg"}, Questions: []string{"what", " \t"}}},
		{"an image's name is empty", Options{Images: []string{"a.jpg", ""}, Questions: q}},
		{"expected one of them", Options{From: "-", Questions: q, QuestionsFile: "questions"}},
		{"names its own images", Options{Jobs: "a", Images: []string{"a.jpg"}}},
		{"names its own images", Options{Jobs: "a", From: "list"}},
		{"has its own questions", Options{Jobs: "a", Questions: q}},
		{"has its own questions", Options{Jobs: "a", QuestionsFile: "questions"}},
		{"NUL", Options{Images: []string{"a.jpg"}, NUL: true, Questions: q}},
		{"named 2 times", Options{Images: []string{"-", "-"}, Questions: q}},
		{"named 2 times", Options{Images: []string{"-"}, From: "-", Questions: q}},
		{"named 2 times", Options{From: "-", QuestionsFile: "-"}},
	} {
		err := c.o.Check()
		if (c.say == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.say) {
			t.Errorf("%+v: %v, expected %q", c.o, err, c.say)
		}
	}
}

func TestOrderOfJobs(t *testing.T) {
	pictures(t, "a/10.jpg", "a/2.jpg", "b.jpg", "list")
	if err := os.WriteFile("list", []byte("b.jpg\nmissing.jpg\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := Options{Images: []string{"b.jpg", "a", "b.jpg", "gone.jpg"}, From: "list", Questions: []string{"one", "two"}}
	want := []string{
		"b.jpg|one", "b.jpg|two", "a/2.jpg|one", "a/2.jpg|two", "a/10.jpg|one", "a/10.jpg|two",
		"b.jpg|one", "b.jpg|two", "gone.jpg|one", "gone.jpg|two", "b.jpg|one", "b.jpg|two", "missing.jpg|one", "missing.jpg|two",
	}
	expect(t, "all", listed(t, o), want...)

	j, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if n, known := j.Count(); n != len(want) || !known {
		t.Errorf("%d jobs, known %v, expected %d", n, known, len(want))
	}
	var sources []*Source
	for job, err := range j.All() {
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, job.Source)
		if len(sources) == 7 {
			break
		}
	}
	if sources[0] != sources[1] || sources[0] == sources[6] {
		t.Error("the questions about an image do not share its source, or two mentions of it do")
	}
}

func TestQuestionsFile(t *testing.T) {
	tree(t, "a.jpg", "folder/b.jpg")
	for text, want := range map[string][]string{
		"one\ntwo":                      {"a.jpg|one", "a.jpg|two"},
		"\ufeffone \r\n\r\n  \r\ntwo\n": {"a.jpg|one ", "a.jpg|two"},
		"one\rtwo\r\r":                  {"a.jpg|one", "a.jpg|two"},
		"one\rtwo\r\nthree\n\rfour":     {"a.jpg|one", "a.jpg|two", "a.jpg|three", "a.jpg|four"},
		"one\n\ncaf\xe9 day?\n":         {"! standard input: line 3: not UTF-8, of which character 4 is no part (byte 0xe9), expected a file in UTF-8"},
		"\xef\xbf\xbd stays":            {"a.jpg|\ufffd stays"},
		"\xff\xfeo\x00n\x00e\x00":       {"! standard input: is UTF-16, expected UTF-8"},
		"\xfe\xff\x00o\x00n\x00e":       {"! standard input: is UTF-16, expected UTF-8"},
		"":                              {"! standard input: no question, expected one a line"},
		"o\x00n\x00":                    {"! standard input: line 1 holds a NUL, expected UTF-8 and a newline after each line"},
	} {
		o := Options{Images: []string{"a.jpg"}, QuestionsFile: "-", Stdin: strings.NewReader(text)}
		expect(t, text, listed(t, o), want...)
	}
	for _, name := range []string{"gone", "folder"} {
		if got := listed(t, Options{Images: []string{"a.jpg"}, QuestionsFile: name}); len(got) != 1 || !strings.Contains(got[0], name) || got[0][0] != '!' {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestQuestionEncodings(t *testing.T) {
	const folder = "../../testdata/cases/question-encodings/"
	for name, want := range map[string][]string{
		"questions-latin1.txt": {"! " + folder + "questions-latin1.txt: line 1: not UTF-8, of which character 4 is no part (byte 0xe9), expected a file in UTF-8"},
		"questions-mac.txt":    {"a.jpg|is it day?", "a.jpg|is it night?"},
	} {
		expect(t, name, listed(t, Options{Images: []string{"a.jpg"}, QuestionsFile: folder + name}), want...)
	}
}
