package inputs

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

func TestList(t *testing.T) {
	long := strings.Repeat("x", maxName)
	for _, c := range []struct {
		name, text string
		nul        bool
		want       []string
	}{
		{"newlines", "a.jpg\nb/../c d.jpg\n", false, []string{"a.jpg", "b/../c d.jpg"}},
		{"no last newline", "a.jpg\n./b.jpg", false, []string{"a.jpg", "./b.jpg"}},
		{"CRLF and empty lines", "\r\na.jpg\r\n\n\r\nb.jpg\r\n", false, []string{"a.jpg", "b.jpg"}},
		{"spaces stay", " a.jpg \n", false, []string{" a.jpg "}},
		{"byte-order mark", "\ufeffa.jpg\n\ufeffb.jpg\n", false, []string{"a.jpg", "\ufeffb.jpg"}},
		{"neither patterns nor folders nor standard input", "*.jpg\n.\n-\n", false, []string{"*.jpg", ".", "-"}},
		{"NUL", "a.jpg\x00b\n.jpg\r\x00\x00c.jpg", true, []string{"a.jpg", "b\n.jpg\r", "c.jpg"}},
		{"CR", "a.jpg\rb.jpg\r\r", false, []string{"a.jpg", "b.jpg"}},
		{"any bytes", "caf\xe9.jpg\n\xff.jpg", false, []string{"caf\xe9.jpg", "\xff.jpg"}},
		{"UTF-16", "\xff\xfea\x00\n\x00", false, []string{"! standard input: is UTF-16, expected UTF-8"}},
		{"nothing", "", false, []string{"! standard input: no image in the list"}},
		{"no names", "", true, []string{"! standard input: no image in the list"}},
		{"only newlines", "\n\r\n\n", false, []string{"! standard input: no image in the list"}},
		{"NUL where lines are expected", "a.jpg\nb\x00c\nd.jpg", false, []string{"a.jpg", "? standard input: line 2 holds a NUL, expected UTF-8 and a newline after each line", "d.jpg"}},
		{"longest name", long + "\nb.jpg", false, []string{long, "b.jpg"}},
		{"too long a name", long + "xxx\nb.jpg", false, []string{"? standard input: line 1 is longer than 65536 bytes", "b.jpg"}},
		{"far too long a name", "a\x00" + long + long + long + "\x00b.jpg", true, []string{"a", "? standard input: name 2 is longer than 65536 bytes", "b.jpg"}},
	} {
		var got []string
		for source, err := range (Options{From: "-", NUL: c.nul, Stdin: strings.NewReader(c.text)}).list() {
			switch {
			case err != nil:
				got = append(got, "! "+err.Error())
			case source.failed != nil:
				got = append(got, "? "+source.failed.Error())
			default:
				got = append(got, source.Path)
			}
		}
		expect(t, c.name, got, c.want...)
	}
}

func TestListThatCannotBeRead(t *testing.T) {
	tree(t, "list", "folder/a.jpg")
	for _, name := range []string{"gone", "folder"} {
		for _, o := range []Options{{From: name, Questions: []string{"q"}}, {Jobs: name}} {
			if got := listed(t, o); len(got) != 1 || got[0][0] != '!' || !strings.Contains(got[0], name) {
				t.Errorf("%q", got)
			}
		}
	}
	broken := io.MultiReader(strings.NewReader("a.jpg\nb.j"), iotest.ErrReader(errors.New("device fell off")))
	expect(t, "broken", listed(t, Options{From: "-", Stdin: broken, Questions: []string{"q"}}), "a.jpg|q", "! standard input: line 2: device fell off")

	j, err := New(Options{From: "list", Questions: []string{"q"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove("list"); err != nil {
		t.Fatal(err)
	}
	for _, err := range j.All() {
		if err == nil || !strings.Contains(err.Error(), "list") {
			t.Errorf("%v", err)
		}
	}
	if _, known := j.Count(); known {
		t.Error("the length of a list that is gone is known")
	}
}

func TestJobsFile(t *testing.T) {
	for text, want := range map[string][]string{
		`{"id":"x","image":"a.jpg","question":"what"}`:                     {"x:a.jpg|what"},
		`{"image":"a.jpg","question":"what"}`:                              {"a.jpg|what"},
		`{"id":null,"image":"a.jpg","question":"what"}`:                    {"a.jpg|what"},
		`{"question":"wo?\n","image":"ü b.jpg","id":12345678901234567890}`: {"12345678901234567890:ü b.jpg|wo?\n"},
		"\ufeff{\"image\":\"a\",\"question\":\"b\"} \r\n\r\n  \n":          {"a|b"},
		`{"image":"-","question":"what"}`:                                  {"-|what"},
		``:                                                                 {`! standard input: no job, expected one a line`},
		`{"image":"a","question":"b","crops":3}`:                           {`? standard input: line 1: unknown field "crops", expected id, image, question and choices|`},
		`{"image":"a"}`:                                                    {`? standard input: line 1: question is missing or empty|`},
		`{"image":"a","question":" "}`:                                     {`? standard input: line 1: question is missing or empty|`},
		`{"question":"b"}`:                                                 {`? standard input: line 1: image is missing or empty, expected the path of a picture|`},
		`{"image":"a\u0000","question":"b"}`:                               {`? standard input: line 1: image holds a NUL, expected the path of a picture|`},
		`null`:                                                             {`? standard input: line 1: image is missing or empty, expected the path of a picture|`},
		`["a","b"]`:                                                        {`? standard input: line 1: JSON array, expected an object with image and question|`},
		`{"image":7,"question":"b"}`:                                       {`? standard input: line 1: image is a JSON number, expected a string|`},
		`{"id":["x"],"image":"a","question":"b"}`:                          {`? standard input: line 1: id is neither a string nor a number|`},
		`{"image":"a","question":"b"`:                                      {`? standard input: line 1: not JSON: ends early|`},
		`{"image":"a","question":"b"}{"image":"a","question":"b"}`:         {`? standard input: line 1: more than one JSON object, expected one a line|`},
		`{"image":"a","question":"b"},`:                                    {`? standard input: line 1: more than one JSON object, expected one a line|`},
		`{"id":"x","image":"a","question":"b"`:                             {`x:? standard input: line 1: not JSON: ends early|`},
		`{"image":"a","ID":7,"other":{"id":8}}`:                            {`7:? standard input: line 1: unknown field "other", expected id, image, question and choices|`},
		`{"image":"a","more":{"id":8},"id":"x"`:                            {`x:? standard input: line 1: not JSON: ends early|`},
		`{"image":"a","id":"x`:                                             {`? standard input: line 1: not JSON: ends early|`},
		`{"id":"x","image":"a","question":"b"}` + "\x00":                   {"x:? standard input: line 1 holds a NUL, expected UTF-8 and a newline after each line|"},
		"{\"image\":\"a\",\"question\":\"caf\xe9\"}\r{\"image\":\"a\",\"question\":\"b\"}\r": {
			`? standard input: line 1: not UTF-8, of which character 29 is no part (byte 0xe9), expected a file in UTF-8|`, "a|b",
		},
		"\n \n": {`! standard input: no job, expected one a line`},
		"a.jpg": {`? standard input: line 1: not JSON: invalid character 'a' looking for beginning of value|`},
		"{\"image\":\"a\",\"question\":\"b\"}\n\nno\n" + `{"image":"c","question":"d"}`: {"a|b", `? standard input: line 3: not JSON: invalid character 'o' in literal null (expecting 'u')|`, "c|d"},
	} {
		expect(t, text, listed(t, Options{Jobs: "-", Stdin: strings.NewReader(text)}), want...)
	}
}

func TestJobsFileOnDisk(t *testing.T) {
	tree(t, "a.jpg", "b.jpg")
	const text = `{"image":"a.jpg","question":"one"}
{"image":"a.jpg","question":"two"}
{"image":"b.jpg","question":"one"}
{"image":"b.jpg"}
{"image":"a.jpg","question":"three"}
`
	if err := os.WriteFile("jobs.jsonl", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := New(Options{Jobs: "jobs.jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if n, known := j.Count(); n != 5 || !known {
			t.Errorf("%d jobs, known %v", n, known)
		}
		var sources []*Source
		for job, err := range j.All() {
			if err != nil {
				t.Fatal(err)
			}
			if job.Image == "" {
				if _, err := job.Source.Open(); err == nil || !strings.HasPrefix(err.Error(), "jobs.jsonl: line 4: ") {
					t.Error(err)
				}
				continue
			}
			sources = append(sources, job.Source)
			if data, err := job.Source.Open(); string(data) != "content of "+job.Image || err != nil {
				t.Errorf("%s: %q, %v", job.Image, data, err)
			}
		}
		if len(sources) != 4 || sources[0] != sources[1] || sources[1] == sources[2] {
			t.Errorf("sources %v", sources)
		}
	}
}

// lineAgain is a reader of the same line, many times.
type lineAgain struct {
	line        string
	times, next int
}

func (l *lineAgain) Read(p []byte) (n int, err error) {
	for n < len(p) && l.times > 0 {
		c := copy(p[n:], l.line[l.next:])
		n += c
		if l.next = (l.next + c) % len(l.line); l.next == 0 {
			l.times--
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Many images cost the memory of one.
func TestMemoryIsFlat(t *testing.T) {
	many := 300_000
	if testing.Short() {
		many /= 3
	}
	for name, o := range map[string]Options{
		"list": {From: "-", Stdin: &lineAgain{line: "folder/picture.jpg\n", times: many}, Questions: []string{"q"}},
		"jobs": {Jobs: "-", Stdin: &lineAgain{line: `{"id":"a","image":"folder/picture.jpg","question":"what shop is this"}` + "\n", times: many / 10}},
	} {
		j, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		n, least, most := 0, uint64(1<<63), uint64(0)
		for _, err := range j.All() {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n%(many/50) == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				least, most = min(least, m.HeapAlloc), max(most, m.HeapAlloc)
			}
		}
		if n < many/10 || most-least > 1<<20 {
			t.Errorf("%s: %d jobs, between %d and %d bytes", name, n, least, most)
		}
	}
}

// FuzzJobs states what holds of every jobs file: each line that is not blank is a whole job or an error that names it, as
// an ordinary JSON decoder sees it too.
func FuzzJobs(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "{}", `{"image":"a","question":"b"}`, "{\"image\":\"a\",\"question\":\"b\"}\r\n{\"id\":1,\"image\":\"a\",\"question\":\"b\"}",
		`{"image":"a","question":"b"`, `{"image":"a","question":"b","x":1}`, "\ufeff[]", "\x00", `{"IMAGE":"a","question":"b"}`, `{"id":{},"image":"a","question":"b"} x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []bool // for each line that is not blank, whether it is a job
		var numbers []int
		if strings.HasPrefix(string(text), "\xff\xfe") || strings.HasPrefix(string(text), "\xfe\xff") {
			t.Skip("UTF-16")
		}
		ends := strings.NewReplacer("\r\n", "\n", "\r", "\n")
		lines := bufio.NewScanner(strings.NewReader(ends.Replace(strings.TrimPrefix(string(text), "\ufeff"))))
		for n := 1; lines.Scan(); n++ {
			if blank(lines.Text()) {
				continue
			}
			var v struct{ Image, Question string }
			good := utf8.Valid(lines.Bytes()) && json.Unmarshal(lines.Bytes(), &v) == nil && v.Image != "" && !blank(v.Question)
			want, numbers = append(want, good), append(numbers, n)
		}
		j, err := New(Options{Jobs: "-", Stdin: strings.NewReader(string(text))})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for job, err := range j.All() {
			if err == nil && job.Image == "" {
				_, err = job.Source.Open()
			}
			switch {
			case n == len(want) && n > 0:
				t.Fatalf("more than %d jobs", n)
			case n == len(want) && strings.Contains(err.Error(), "no job"):
				return
			case err != nil && !strings.Contains(err.Error(), fmt.Sprintf("line %d", numbers[n])):
				t.Errorf("line %d: %v", numbers[n], err)
			case err == nil && (!want[n] || job.Image == "" || blank(job.Question) || job.Source == nil || !utf8.ValidString(job.Question)):
				t.Errorf("line %d is taken: %+v", numbers[n], job)
			}
			n++
		}
		if n != len(want) {
			t.Errorf("%d jobs and errors, expected %d", n, len(want))
		}
	})
}

// endless gives the same byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestEndlessList(t *testing.T) {
	for _, c := range []struct {
		e   endless
		nul bool
	}{{0, false}, {0, true}, {'x', false}, {'\n', false}} {
		got := listed(t, Options{From: "-", NUL: c.nul, Stdin: c.e, Questions: []string{"q"}})
		if len(got) != 1 || !strings.Contains(got[0], "16777216 bytes without a line that has an end, expected a list") {
			t.Errorf("%q, %v: %.200q", c.e, c.nul, got)
		}
	}
}
