package records

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"reflect"
	"slices"
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
		ImageSHA256: strings.Repeat("ab", 32), Key: settings.Key([32]byte{byte(n)}, "q"), N: n, Of: 10, Schema: Schema, PMin: number(0.5),
	}
	settings.Stamp(&r)
	return r
}

var knobs = mcllava.Knobs{
	ViewKnobs:   mcllava.ViewKnobs{MaxCrops: 100},
	AnswerKnobs: mcllava.AnswerKnobs{MaxNewTokens: 200, Temperature: 0.7, TopP: 0.9, Seed: 1<<64 - 1, System: "be\nbrief", Prompt: "<image>{question}"},
}

func failure(n int) Record {
	return Record{ID: "id-2", Image: "b.jpg", Question: "what?", Error: "not a\npicture, \"b.jpg\"", Key: settings.Key([32]byte{byte(n)}, "q"), N: n, Of: 10, Schema: Schema}
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
			if f.name == csvName && got.Tokens == nil && want.Tokens != nil {
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
			Record{Image: "<a>.jpg", Question: "what?", Answer: "a & b", Finish: "stop", Knobs: mcllava.Knobs{AnswerKnobs: mcllava.AnswerKnobs{TopP: 1}}},
			`{"image":"<a>.jpg","question":"what?","answer":"a & b","tokens":[],"finish":"stop","crops":0,"crops_encoded":0,"image_tokens":0,"prompt_tokens":0,"max_crops":0,"max_new_tokens":0,"temperature":0,"top_p":1,"seed":0,"num_tokens":0,"model":"","precision":"","seconds":{"load":0,"preprocess":0,"encode":0,"prefill":0,"decode":0},"n":0}`,
		},
		{
			Record{ID: "7", Image: "a.jpg", Question: "what?", Error: "no such file", Knobs: knobs, Key: "ab", N: 4, Of: 9},
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
	if !bytes.HasSuffix(file.Bytes(), []byte("\r\n")) || bytes.Count(file.Bytes(), CSV.header()) != 1 {
		t.Error("a line does not end with a carriage return and a newline, or there is not one header")
	}
}

func TestBadCSV(t *testing.T) {
	for _, line := range []string{``, `a,b`, `"a`, `"a"b`, `a"b`, `"a""`} {
		if _, err := CSV.parse([]byte(line + "\r\n")); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
	r := answer(1)
	for _, c := range allColumns {
		text, err := c.get(&r)
		if later := []string{"num_tokens_asked", "clamp", "region", "choices", "logprobs", "mark", "expected", "correct", "dataset", "dataset_sha256", "category", "answer_type", "question_type", "true_box", "scoring", "compared", "score", "sweep", "attention", "search", "search_asked", "search_crops", "coarse", "sure", "abstentions"}; c.name != "error" && !slices.Contains(later, c.name) && (err != nil || text == "") {
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
		{"template", "{{.Anser}}", "--template, line 1: there is no field .Anser; fields are .Image .Name "},
		{"template", "{{.Answer", "--template, line 1: {{ has no }} behind it"},
		{"template", "{{index .Tokens 0}}", "at {{index .Tokens 0}}: there is no such element"},
		{"template", "{{shell .Answer}}", "there is no function shell, expected one of base, dir,"},
		{"csv", "{{.Answer}}", "the format is csv"},
		{"", "{{.Answer}}", "the format is plain"},
		{"xml", "", `unknown format "xml", expected one of plain, jsonl, csv, template`},
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
		if !field.Anonymous && !strings.Contains(FormatsHelp, "."+field.Name) {
			t.Errorf("%s is not in the help of the formats", field.Name)
		}
	}
	for _, name := range functionNames() {
		if !strings.Contains(FormatsHelp, name) {
			t.Errorf("%s is not in the help of the formats", name)
		}
	}
}

// TestKeys changes each thing that an answer depends on.
func TestKeys(t *testing.T) {
	seen := map[string]string{}
	add := func(what string, s Settings, image byte, question string) {
		key := s.Key([32]byte{image}, question)
		if other, ok := seen[key]; ok {
			t.Errorf("%s has the key of %s", what, other)
		}
		seen[key] = what
	}
	add("the first", settings, 0, "q")
	add("another image", settings, 1, "q")
	add("another question", settings, 0, "q1")
	other := settings
	other.Checkpoint = "c1"
	add("another checkpoint", other, 0, "q")
	other = settings
	other.Precision = "f16"
	add("another precision", other, 0, "q")
	for name, s := range changed(t) {
		add(name, s, 0, "q")
	}
	other.Knobs.Choices = []string{"yes", "no"}
	add("two choices", other, 0, "q")
	if got := (Settings{Knobs: mcllava.Knobs{AnswerKnobs: mcllava.AnswerKnobs{TopP: 1}}, Checkpoint: "demo"}).Key([32]byte{1, 2}, "¿Qué?"); got != keptKey {
		t.Errorf("a key has changed, so that older outputs cannot be resumed: %s", got)
	}
}

// changed are the settings with another value of each knob.
func changed(t *testing.T) map[string]Settings {
	t.Helper()
	all := map[string]Settings{}
	for k := range new(mcllava.Knobs).All() {
		s := settings
		s.Knobs.Choices = nil
		for mine := range s.Knobs.All() {
			if mine.Name != k.Name {
				continue
			}
			switch v := mine.Value.(type) {
			case *int:
				*v++
			case *float64:
				*v = *v/2 + 0.125
			case *uint64:
				*v = 7
			case *string:
				*v = "other"
			case *bool:
				*v = !*v
			case *[]string:
				*v = []string{"yes no"}
			case *mcllava.Region:
				*v = mcllava.Region{1, 20, 300, 4000}
			default:
				t.Fatalf("%s is a %T, which this test cannot change", k.Name, v)
			}
		}
		all[k.Name] = s
	}
	return all
}

// TestEveryKnob is that of every knob a record, its CSV and the comparison of runs have the value.
func TestEveryKnob(t *testing.T) {
	plain := settings
	plain.Knobs.Choices = nil
	record := func(s Settings) Record {
		r := answer(0)
		s.Stamp(&r)
		return r
	}
	all := changed(t)
	if len(all) < 10 {
		t.Fatalf("%d knobs", len(all))
	}
	for name, s := range all {
		if s.ID() == plain.ID() {
			t.Errorf("%s does not change the run's ID", name)
		}
		got := difference(record(s), record(plain))
		if !strings.HasPrefix(got, "with different settings: "+name+" ") || strings.Contains(got, ";") {
			t.Errorf("another %s is a difference of %q", name, got)
		}
		for _, f := range []Format{JSONL, CSV} {
			text, err := f.encode(record(s), true)
			if err != nil {
				t.Fatal(err)
			}
			without, err := f.encode(record(plain), true)
			if err != nil {
				t.Fatal(err)
			}
			read, err := f.parse(text)
			if err != nil || !reflect.DeepEqual(read.Knobs, s.Knobs) || bytes.Equal(text, without) {
				t.Errorf("%s: %s of %+v is read as %+v, %v", f, name, s.Knobs, read.Knobs, err)
			}
		}
	}
}

const keptKey = "5d47d204a42d80da8c2476e4d37b9b0e7a23c2e404493065d50ed71cc67c4c79"
