package records

import (
	"regexp"
	"strings"
	"testing"
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
	chosen, err := NewCSV(CSVOptions{Columns: []string{"image", "confidence"}})
	if err != nil || !chosen.Prints("Confidence", "confidence") || chosen.Prints("LogProb", "logprob") || CSV.Prints("Confidence", "confidence") {
		t.Errorf("columns: %v", err)
	}
}
