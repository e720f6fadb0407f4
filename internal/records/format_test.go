package records

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// nasty are texts that formats have to escape.
var nasty = []string{
	"", "plain", `"quoted"`, "a,b", "two\nlines", "a\r\nb", "\r", "tab\there", `back\slash`, `\n`, `\\`, `\`, "end\n", " spaces ",
	"<b>&amp;</b>", "=1+1", "¿Qué? 🙂", "a\x00b", "\u2028", `""`, `","`, "\ufeff",
}

func number(x float64) *float64 { return &x }

// answer is a record with every field.
func answer(n int) Record {
	r := Record{
		ID: "id-1", Image: "a, b/photo.jpg", Question: "what \"shop\"\nis this?", Answer: "a yoga\tstudio", Choice: "yes",
		Probabilities: map[string]float64{"yes": 0.75, "no": 0.25}, LogProb: number(-0.5), Confidence: number(0), Tokens: []int{244, 0, 362},
		Finish: mcllava.FinishStop, Crops: 97, ImageTokens: 728, PromptTokens: 750, NumTokens: 728,
		Seconds:     mcllava.Seconds{Load: 0.021, Preprocess: 1e-7, Encode: 12, Prefill: 3.5, Decode: 0},
		ImageSHA256: strings.Repeat("ab", 32), Key: Key([32]byte{byte(n)}, "q", knobs, "c"), N: n, Of: 10,
	}
	Settings{knobs, "c", "demo"}.Stamp(&r)
	return r
}

var knobs = Knobs{MaxCrops: 100, MaxNewTokens: 200, Temperature: 0.7, TopP: 0.9, Seed: 1<<64 - 1, System: "be\nbrief", Prompt: "<image>{question}", Precision: "q8"}

func failure(n int) Record {
	return Record{ID: "id-2", Image: "b.jpg", Question: "what?", Error: "not a\npicture, \"b.jpg\"", Key: Key([32]byte{byte(n)}, "q", knobs, "c"), N: n, Of: 10}
}

func TestRoundTrip(t *testing.T) {
	bare := Record{Image: "a.jpg", Question: "what?", Tokens: []int{}}
	records := []Record{answer(3), failure(0), bare}
	for _, text := range nasty {
		r := answer(1)
		r.Image, r.Question, r.Answer, r.System, r.ID, r.Choice = "x"+text, "x"+text, text, text, text, text
		f := failure(2)
		f.Error, f.ID = "x"+text, text
		records = append(records, r, f)
	}
	for _, f := range []Format{JSONL, CSV} {
		for _, want := range records {
			text, err := f.encode(want, true)
			if err != nil {
				t.Fatal(err)
			}
			got, err := f.parse(text)
			if err != nil {
				t.Fatalf("%s: %v\n%s", f, err, text)
			}
			if f == CSV && got.Tokens == nil && want.Tokens != nil {
				got.Tokens = []int{}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: read back\n%+v\nwrote\n%+v\nas %s", f, got, want, text)
			}
		}
	}
}

func TestJSONL(t *testing.T) {
	for _, c := range []struct {
		record Record
		want   string
	}{
		{
			Record{Image: "<a>.jpg", Question: "what?", Answer: "a & b", Finish: "stop", TopP: 1},
			`{"image":"<a>.jpg","question":"what?","answer":"a & b","tokens":[],"finish":"stop","crops":0,"image_tokens":0,"prompt_tokens":0,"max_crops":0,"num_tokens":0,"max_new_tokens":0,"temperature":0,"top_p":1,"model":"","precision":"","seed":0,"seconds":{"load":0,"preprocess":0,"encode":0,"prefill":0,"decode":0},"n":0}`,
		},
		{
			Record{ID: "7", Image: "a.jpg", Question: "what?", Error: "no such file", MaxCrops: 3, Key: "ab", N: 4, Of: 9},
			`{"id":"7","image":"a.jpg","question":"what?","error":"no such file","key":"ab","n":4,"of":9}`,
		},
	} {
		var got bytes.Buffer
		if err := New(&got, JSONL, true).Write(c.record); err != nil {
			t.Fatal(err)
		}
		if got.String() != c.want+"\n" {
			t.Errorf("got  %swant %s", got.String(), c.want)
		}
	}
}

// TestCSVReader reads our CSV with a reader of others. It turns newlines within fields into \n, which ours does not.
func TestCSVReader(t *testing.T) {
	var file bytes.Buffer
	w := New(&file, CSV, true)
	var want [][]string
	for _, text := range nasty {
		r := answer(1)
		r.Answer = text
		want = append(want, []string{r.Question, strings.ReplaceAll(text, "\r\n", "\n"), ""})
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Write(failure(1)); err != nil {
		t.Fatal(err)
	}
	want = append(want, []string{"what?", "", failure(1).Error})
	rows, err := csv.NewReader(bytes.NewReader(file.Bytes())).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(rows[0][:5], " "); got != "id image question answer error" {
		t.Errorf("the columns begin with %s", got)
	}
	if len(rows) != len(want)+1 {
		t.Fatalf("%d rows, want %d", len(rows), len(want)+1)
	}
	for i, row := range rows[1:] {
		if !reflect.DeepEqual(row[2:5], want[i]) {
			t.Errorf("row %d is %q, want %q", i, row[2:5], want[i])
		}
	}
	if !bytes.HasSuffix(file.Bytes(), []byte("\r\n")) || bytes.Count(file.Bytes(), csvHeader) != 1 {
		t.Error("a line does not end with a carriage return and a newline, or there is not one header")
	}
}

func TestBadCSV(t *testing.T) {
	for _, line := range []string{``, `a,b`, `"a`, `"a"b`, `a"b`, `"a""`} {
		if _, err := parseCSV([]byte(line + "\r\n")); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
	r := answer(1)
	for _, c := range columns {
		text, err := c.get(&r)
		if c.name != "error" && (err != nil || text == "") {
			t.Errorf("%s is %q, %v", c.name, text, err)
		}
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ answer, want string }{
		{"a studio", "a studio"},
		{"a\nb\r\tc", `a\nb\r\tc`},
		{`C:\home \new \\ \`, `C:\home \\new \\\ \`},
		{"\\\n", `\\\n`},
		{`\\`, `\\\`},
		{"", ""},
	} {
		for _, many := range []bool{false, true} {
			var got bytes.Buffer
			w := New(&got, Plain, many)
			if err := w.Write(Record{Image: "a\tb.jpg", Answer: c.answer}); err != nil {
				t.Fatal(err)
			}
			if err := w.Write(failure(1)); err != nil {
				t.Fatal(err)
			}
			want := c.want + "\n"
			if many {
				want = `a\tb.jpg` + "\t" + want
			}
			if got.String() != want {
				t.Errorf("%q is written as %q, want %q", c.answer, got.String(), want)
			}
		}
	}
}

// unescape is what the help says of plain answers, read backwards.
func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r", `\t`, "\t").Replace(text)
}

func TestEscapeIsUnambiguous(t *testing.T) {
	letters := []byte("\\\\\\nrta\n\r\t")
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		text := make([]byte, r.IntN(9))
		for i := range text {
			text[i] = letters[r.IntN(len(letters))]
		}
		line := escape(string(text))
		if unescape(line) != string(text) || strings.ContainsAny(line, "\n\r\t") {
			t.Fatalf("%q is written as %q, which is read as %q", text, line, unescape(line))
		}
	}
}

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{`{{.Answer}}`, "a yoga\tstudio\n"},
		{"{{.Answer}}\n", "a yoga\tstudio\n"},
		{`{{if .Error}}{{.Image}}{{end}}`, ""},
		{`{{base .Image}}|{{dir .Image}}|{{ext .Image}}`, "photo.jpg|a, b|.jpg\n"},
		{`{{quote .Answer}} {{upper .Choice}} {{lower .Finish}}`, `"a yoga\tstudio" YES stop` + "\n"},
		{`{{json .Question}} {{json .Probabilities}}`, `"what \"shop\"\nis this?" {"no":0.25,"yes":0.75}` + "\n"},
		{`{{oneline .Question}} {{trim " x "}}`, "what \"shop\" is this? x\n"},
		{`{{printf "%.2f" .LogProb}} {{.Confidence}} {{.Probabilities.yes}} {{.Probabilities.maybe}}`, "-0.50 0 0.75 0\n"},
		{`{{printf "%.1f" .Seconds.Encode}}`, "12.0\n"},
		{`{{range .Tokens}}{{.}} {{end}}{{.N}}/{{.Of}}`, "244 0 362 3/10\n"},
	} {
		f, err := ParseFormat("template", c.template)
		if err != nil {
			t.Error(err)
			continue
		}
		var got bytes.Buffer
		if err := New(&got, f, true).Write(answer(3)); err != nil || got.String() != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.template, got.String(), err, c.want)
		}
	}
	f, err := ParseFormat("template", `{{json .}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Record{answer(1), failure(1)} {
		text, err := f.encode(r, false)
		want, _ := JSONL.encode(r, false)
		if err != nil || !bytes.Equal(text, want) {
			t.Errorf("{{json .}} is %s, %v; want %s", text, err, want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, c := range []struct{ name, text, message string }{
		{"", "", ""},
		{"plain", "", ""},
		{"jsonl", "", ""},
		{"csv", "", ""},
		{"template", "{{.Answer}}", ""},
		{"template", "", "needs a template"},
		{"template", "{{.Anser}}", "can't evaluate field Anser"},
		{"template", "{{.Answer", "unclosed action"},
		{"template", "{{index .Tokens 0}}", "index out of range"},
		{"template", "{{shell .Answer}}", `function "shell" not defined`},
		{"csv", "{{.Answer}}", "the format is csv"},
		{"", "{{.Answer}}", "the format is plain"},
		{"xml", "", `"xml" is no format, expected one of plain, jsonl, csv, template`},
	} {
		f, err := ParseFormat(c.name, c.text)
		switch {
		case c.message == "" && (err != nil || f.String() != c.name && c.name != ""):
			t.Errorf("%s %s: %s, %v", c.name, c.text, f, err)
		case c.message != "" && (err == nil || !strings.Contains(err.Error(), c.message)):
			t.Errorf("%s %s: %v, want %q", c.name, c.text, err, c.message)
		}
	}
}

func TestEachFieldIsInTheHelp(t *testing.T) {
	for field := range reflect.TypeFor[Record]().Fields() {
		if !strings.Contains(FormatsHelp, "."+field.Name) {
			t.Errorf("%s is not in the help of the formats", field.Name)
		}
	}
	for name := range templateFunctions {
		if !strings.Contains(FormatsHelp, name) {
			t.Errorf("%s is not in the help of the formats", name)
		}
	}
}

// counted counts calls, and fails those after the first few.
type counted struct {
	bytes.Buffer
	writes, flushes int
}

func (c *counted) Write(p []byte) (int, error) {
	c.writes++
	return c.Buffer.Write(p)
}

func (c *counted) Flush() error {
	c.flushes++
	return nil
}

func TestOneWriteARecord(t *testing.T) {
	template, err := ParseFormat("template", "{{.Answer}}{{.Image}}")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []Format{Plain, JSONL, CSV, template} {
		var c counted
		w := New(&c, f, true)
		for n := range 3 {
			if err := w.Write(answer(n)); err != nil {
				t.Fatal(err)
			}
			if c.writes != n+1 || c.flushes != n+1 {
				t.Errorf("%s: %d writes and %d flushes for %d records", f, c.writes, c.flushes, n+1)
			}
		}
	}
}

func TestNoJSONNumber(t *testing.T) {
	r := answer(1)
	*r.LogProb /= 0 * *r.LogProb
	for _, f := range []Format{JSONL, CSV} {
		if _, err := f.encode(r, true); err == nil {
			t.Errorf("%s: an infinite log-probability is written", f)
		}
	}
}

func TestKey(t *testing.T) {
	seen := map[string]int{}
	i := 0
	add := func(image [32]byte, question string, k Knobs, checkpoint string) {
		key := Key(image, question, k, checkpoint)
		if len(key) != 64 {
			t.Errorf("key %s", key)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("cases %d and %d have the same key", other, i)
		}
		seen[key] = i
		i++
	}
	add([32]byte{}, "q", knobs, "c")
	add([32]byte{1}, "q", knobs, "c")
	add([32]byte{}, "q1", knobs, "c")
	add([32]byte{}, "q", knobs, "c1")
	v := reflect.ValueOf(&knobs).Elem()
	for f := range v.NumField() {
		k := knobs
		switch field := reflect.ValueOf(&k).Elem().Field(f); field.Interface().(type) {
		case int:
			field.SetInt(field.Int() + 1)
		case float64:
			field.SetFloat(field.Float() / 2)
		case uint64:
			field.SetUint(7)
		case string:
			field.SetString("other")
		case bool:
			field.SetBool(!field.Bool())
		case []string:
			field.Set(reflect.ValueOf([]string{"yes no"}))
		}
		add([32]byte{}, "q", k, "c")
		if a, b := (Settings{knobs, "c", ""}), (Settings{k, "c", ""}); a.ID() == b.ID() {
			t.Errorf("%s does not change the run's ID", v.Type().Field(f).Name)
		}
	}
	k := knobs
	k.Choices = []string{"yes", "no"}
	add([32]byte{}, "q", k, "c")
	if got := Key([32]byte{1, 2}, "¿Qué?", Knobs{TopP: 1}, "demo"); got != keptKey {
		t.Errorf("a key has changed, so that older outputs cannot be resumed: %s", got)
	}
}

const keptKey = "5d47d204a42d80da8c2476e4d37b9b0e7a23c2e404493065d50ed71cc67c4c79"
