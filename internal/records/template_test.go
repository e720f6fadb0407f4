package records

import (
	"regexp"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
)

// goWords are of messages that package text/template writes for programmers.
var goWords = regexp.MustCompile(`operand|evaluat|executing|in type|records\.|mcllava\.[A-Z]|\*|float64|args|nil|operator|unclosed|EOF|template:|<|index out of range`)

// TestTemplateFaults has a plain line for each kind of fault.
func TestTemplateFaults(t *testing.T) {
	for text, want := range map[string]string{
		"{{.Answer}":                           `"}" stands where a field or a value is expected`,
		"{{.Answer":                            "{{ has no }} behind it",
		"a\n{{.Answer\n}} {{":                  "line 3",
		"{{if .Error}}x":                       "{{if}}, {{range}} or {{with}} has no {{end}}",
		"{{end}}":                              "{{end}} has no {{if}}",
		"{{else}}":                             "{{else}} has no {{if}}",
		"{{}}":                                 "there is nothing where a field",
		"{{if}}{{end}}":                        "there is nothing where a field",
		`{{"a}}`:                               "a quotation mark has no second one",
		"{{`a}}":                               "a quotation mark has no second one",
		"{{(len .Answer}}":                     "( and ) do not come in pairs",
		"{{len .Answer)}}":                     "( and ) do not come in pairs",
		"{{$x}}":                               "there is no variable $x",
		"{{.Answer | shout}}":                  "there is no function shout, expected one of base, dir, ext, json",
		"{{.Shop}}":                            "there is no field .Shop; fields are .Image .Name .Question .Answer",
		"{{.Seconds.Sum}}":                     ".Seconds has no field .Sum; its fields are .Load .Preprocess .Encode .Prefill .Decode",
		"{{.Answer.Length}}":                   ".Answer has no fields, and so no .Length",
		"{{$.Shop}}":                           "there is no field .Shop",
		"{{range .Tokens}}{{.Shop}}{{end}}":    "what {{.Shop}} is about has no field .Shop",
		"{{upper .Crops}}":                     "a text is expected",
		"{{upper}}":                            "upper takes 1 values, got 0",
		"{{upper 1}}":                          "a text is expected",
		"{{.Answer 1}}":                        "is no function, and takes no values",
		"{{1 2}}":                              "is no function, and takes no values",
		"{{range .Seconds}}{{end}}":            "range takes a list",
		"{{index .Tokens 9}}":                  "there is no element 9",
		"{{index .Crops 1}}":                   "there is nothing to take an element of",
		"{{slice .Answer 5 9}}":                "there is no element 5",
		"{{len .Crops}}":                       "len takes a text or a list",
		`{{template "x"}}`:                     `there is no template "x"`,
		"{{eq .Crops .Answer}}":                "values of kinds that do not go together",
		"{{.Answer ^ 1}}":                      `"^" stands where`,
		"{{break}}":                            "{{break}} stands outside {{range}}",
		"{{/* x}}":                             "a comment is {{/* and */}} around it",
		"{{1x}}":                               `"1x" is no number`,
		"{{.Attention.Shop}}":                  ".Attention has no field .Shop; its fields are .Peak .Box",
		`{{printf "%d" .Answer}}`:              "at {{printf \"%d\" .Answer}}: %d does not go with a text; %v goes with all values",
		`{{printf "%s" .Crops}}`:               "%s does not go with a whole number",
		`{{printf "%d" .Confidence}}`:          "%d does not go with a number",
		`{{printf "%s"}}`:                      "%s has no value; %% prints a %",
		`{{printf "100%" }}`:                   "a % has no letter behind it; %% prints one",
		`{{printf "a" .Answer}}`:               "there are more values than places for them, such as %v",
		`{{printf "%[3]v" .Answer}}`:           "a number in [ ] is that of no value",
		"{{.MarshalJSON}}":                     "there is no field .MarshalJSON",
		"{{.Attention.MarshalJSON}}":           "there is no field .MarshalJSON",
		"{{with .Search}}{{.All}}{{end}}":      "there is no field .All",
		"{{$.Check}}":                          "there is no field .Check",
		"{{index .Tokens 3}}":                  "put {{if gt (len .Tokens) 3}} and {{end}} around it",
		"{{slice .Answer 9}}":                  "put {{if ge (len .Answer) 9}} and {{end}} around it",
		"{{slice .Answer 1 9}}":                "put {{if ge (len .Answer) 9}} and {{end}} around it",
		"{{if .Error}}{{else}}{{else}}{{end}}": "{{else}} stands where {{end}} is expected",
	} {
		_, err := ParseFormat("template", text)
		if err == nil || !strings.HasPrefix(err.Error(), "--template, line ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
			continue
		}
		if found := goWords.FindString(strings.ReplaceAll(err.Error(), "{{/*", "")); found != "" && !strings.Contains(want, found) || len(err.Error()) > 300 {
			t.Errorf("%s: %v, which has %q or is long", text, err, found)
		}
		if _, err := ParseNaming(text); err == nil || !strings.HasPrefix(err.Error(), "--sidecar, line ") {
			t.Errorf("%s as a name: %v", text, err)
		}
	}
}

// TestPrintfAhead refuses a printf that the made-up records do not come to, and none that is right.
func TestPrintfAhead(t *testing.T) {
	const if1 = `{{if eq .Answer "x"}}`
	for text, want := range map[string]string{
		if1 + `{{printf "%d" .Answer}}{{end}}`:                                   `--template, line 1: at {{printf "%d" .Answer}}: %d does not go with a text`,
		"{{if .Error}}\n{{else}}" + if1 + `{{printf "%s" .Crops}}{{end}}{{end}}`: `--template, line 2: at {{printf "%s" .Crops}}: %s does not go with a whole number`,
		if1 + `{{(printf "%s" .N) | upper}}{{end}}`:                              "%s does not go with a whole number",
		if1 + `{{printf "%d %s" .Crops .Answer}}{{end}}`:                         "",
		if1 + `{{with .Crops}}{{printf "%d" .}}{{end}}{{end}}`:                   "",
		if1 + `{{range .Tokens}}{{printf "%d" .}}{{end}}{{end}}`:                 "",
		if1 + `{{$n := .Answer}}{{printf "%s" $n}}{{end}}`:                       "",
		if1 + `{{.Answer | printf "%s"}}{{end}}`:                                 "",
		if1 + `{{.Answer | printf "%s %d" .Question}}{{end}}`:                    "",
	} {
		_, err := ParseFormat("template", text)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestTemplateValues prints JSON of what has parts, and nothing of what is not there.
func TestTemplateValues(t *testing.T) {
	half := 0.5
	r := Record{Image: "a.png", Question: "q", Answer: "100%!d(x) of it", Tokens: []int{7, 8, 9, 10}, Confidence: &half, Probabilities: map[string]float64{"b": 0.25, "a": 0.75}}
	r.Search = &mcllava.Found{Crops: 3, Answers: 1, Stop: mcllava.StopSure}
	r.Region, r.Choices = mcllava.Region{1, 2, 30, 40}, []string{"a", "b"}
	failed := Record{Image: "a.png", Question: "q", Error: "none"}
	for text, want := range map[string][2]string{
		"{{.Search}}":             {`{"crops":3,"answers":1,"stop":"sure","steps":null}`, ""},
		"{{.Search.Stop}}":        {"sure", "-"},
		"{{.Tokens}}":             {"[7,8,9,10]", ""},
		"{{.Probabilities}}":      {`{"a":0.75,"b":0.25}`, ""},
		"{{.Choices}}":            {`["a","b"]`, ""},
		"{{.Region}}":             {"1,2,30,40", ""},
		"{{.Confidence}}":         {"0.5", "0"},
		"{{.Score}}":              {"", ""},
		"{{.Name}} {{.Crops}}":    {"a 0", "a 0"},
		`{{printf "%s" .Answer}}`: {"100%!d(x) of it", ""},
		`{{printf "%.1f%%!d(%q)" .Confidence .Name}}`:                {`0.5%!d("a")`, `0.0%!d("a")`},
		"{{$t := .Tokens}}{{if gt (len $t) 3}}{{index $t 3}}{{end}}": {"10", ""},
		"{{if gt (len .Tokens) 3}}{{index .Tokens 3}}{{end}}":        {"10", ""},
		"{{with .Search}}{{.}}{{end}}":                               {`{"crops":3,"answers":1,"stop":"sure","steps":null}`, ""},
	} {
		f := Format{name: templateName}
		var err error
		if f.template, err = newTemplate(templateFlag, text); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for i, one := range []Record{r, failed} {
			got, err := f.execute(one)
			if want[i] != "-" && (err != nil || strings.TrimSuffix(string(got), "\n") != want[i]) {
				t.Errorf("%s: %q, %v, want %q", text, got, err, want[i])
			}
		}
	}
}

// TestPrints tells fields that a template prints from those that it asks for.
func TestPrints(t *testing.T) {
	for text, want := range map[string]bool{
		"{{.Confidence}}":                                                true,
		"{{$.Confidence}}":                                               true,
		`{{printf "%.2f" .Confidence | upper}}`:                          true,
		"{{range .Tokens}}{{if .}}{{$.Confidence}}{{end}}{{end}}":        true,
		"{{if .Error}}x{{else}}{{len (printf `%v` .Confidence)}}{{end}}": true,
		"{{if .Confidence}}{{.Confidence}}{{end}}":                       false,
		"{{with .Confidence}}{{.}}{{end}}":                               false,
		"{{.Answer}} Confidence":                                         false,
		"{{json .}}":                                                     false,
	} {
		f, err := ParseFormat("template", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := f.Prints("Confidence", "confidence"); got != want {
			t.Errorf("%s prints the confidence: %v", text, got)
		}
	}
	for text, want := range map[string]bool{
		"{{with .Confidence}}{{.}}{{end}}":            true,
		"{{if .Error}}{{else if .Confidence}}{{end}}": true,
		"{{$r := .}}{{$r.Confidence}}":                true,
		"{{.Answer}}":                                 false,
	} {
		if f, err := ParseFormat("template", text); err != nil || f.Mentions("Confidence", "confidence") != want {
			t.Errorf("%s mentions the confidence: %v, %v", text, !want, err)
		}
	}
	chosen, err := NewCSV(CSVOptions{Columns: []string{"image", "confidence"}})
	if err != nil || !chosen.Prints("Confidence", "confidence") || chosen.Prints("LogProb", "logprob") || CSV.Prints("Confidence", "confidence") {
		t.Errorf("columns: %v", err)
	}
}
