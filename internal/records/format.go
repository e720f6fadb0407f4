package records

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"unicode/utf8"

	"github.com/mcllava/mcllava"
)

// The names of the formats.
const (
	plainName    = "plain"
	jsonlName    = "jsonl"
	csvName      = "csv"
	templateName = "template"
)

// FormatNames are the formats there are.
var FormatNames = []string{plainName, jsonlName, csvName, templateName}

// Format is the form in which records are written. The zero Format is plain.
type Format struct {
	name     string
	template *template.Template
}

// The formats that need no text.
var (
	Plain = Format{name: plainName}
	JSONL = Format{name: jsonlName}
	CSV   = Format{name: csvName}
)

// FormatsHelp describes the formats to a user.
const FormatsHelp = `plain     the answers, one a line; with several images IMAGE, a tab, and the answer. Newlines, carriage returns and tabs
          in them are written as \n, \r and \t, and a backslash as \\ where it would be taken for the start of one of
          these. What failed has no line.
jsonl     one JSON object a line. What failed has image, question and error.
csv       RFC 4180 with a header, always the same columns in the same order. Fields are written as they are: a
          spreadsheet may take one that starts with =, +, - or @ for a formula unless it is imported as text.
template  a Go text/template for each record, with a newline after it unless it ends with one; no line if it is empty.
          Fields: .ID .Image .Question .Answer .Choice .Probabilities .LogProb .Confidence .Tokens .Finish .Crops
          .ImageTokens .PromptTokens .MaxCrops .NumTokens .MaxNewTokens .Temperature .TopP .System .Prompt .Model
          .Precision .Seed .Seconds.Encode (.Load .Preprocess .Prefill .Decode) .Error .ImageSHA256 .Checkpoint .Run
          .Key .N .Of. Functions: json VALUE, quote TEXT (as in Go), base, dir and ext of a PATH, trim, upper, lower,
          and oneline TEXT (all white space as single spaces).`

// ParseFormat reads the name of a format, "" for plain, and the text of a template, which only the format template has and
// needs. The template is tried on made-up records, so that a misspelt field is refused here.
func ParseFormat(name, text string) (Format, error) {
	switch name {
	case templateName:
		if text == "" {
			return Format{}, errors.New("the format template needs a template")
		}
		return parseTemplate(text)
	case "", plainName, jsonlName, csvName:
		if text != "" {
			return Format{}, fmt.Errorf("a template is given, but the format is %s", Format{name: name})
		}
		return Format{name: name}, nil
	}
	return Format{}, fmt.Errorf("%q is no format, expected one of %s", name, strings.Join(FormatNames, ", "))
}

// String is the format's name.
func (f Format) String() string {
	if f.name == "" {
		return plainName
	}
	return f.name
}

// CheckResume refuses a format that cannot be read again, so that a run cannot go on with it.
func (f Format) CheckResume() error {
	if f.name != jsonlName && f.name != csvName {
		return fmt.Errorf("an output in the format %s cannot be resumed, expected jsonl or csv", f)
	}
	return nil
}

// header is what stands ahead of all records.
func (f Format) header() []byte {
	if f.name == csvName {
		return csvHeader
	}
	return nil
}

// encode is the text of a record, its end of line included; nothing for a record that the format leaves out.
func (f Format) encode(r Record, many bool) ([]byte, error) {
	switch f.name {
	case jsonlName:
		return marshal(r)
	case csvName:
		return encodeCSV(r)
	case templateName:
		return f.execute(r)
	}
	switch {
	case r.Failed():
		return nil, nil
	case many:
		return []byte(escape(r.Image) + "\t" + escape(r.Answer) + "\n"), nil
	}
	return []byte(escape(r.Answer) + "\n"), nil
}

// parse reads what encode wrote, in a format that can be resumed.
func (f Format) parse(text []byte) (Record, error) {
	if f.name == csvName {
		return parseCSV(text)
	}
	return parseJSON(text)
}

// escape makes one line without tabs of a text. Different texts become different lines: a backslash is doubled where what
// follows would make one of \n, \r, \t and \\ of it.
func escape(text string) string {
	if !strings.ContainsAny(text, "\\\n\r\t") {
		return text
	}
	var b strings.Builder
	for i := range len(text) {
		switch text[i] {
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\\':
			b.WriteByte('\\')
			if i+1 < len(text) && strings.IndexByte("\\\n\r\tnrt", text[i+1]) >= 0 {
				b.WriteByte('\\')
			}
		default:
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// view is a record as templates see it: with numbers in place of those that may be absent, and texts of no type of their own.
type view struct {
	Record
	LogProb, Confidence float64
	Finish              string
}

func newView(r Record) view {
	v := view{Record: r, Finish: string(r.Finish)}
	if r.LogProb != nil {
		v.LogProb = *r.LogProb
	}
	if r.Confidence != nil {
		v.Confidence = *r.Confidence
	}
	return v
}

var templateFunctions = template.FuncMap{
	"json": func(v any) (string, error) {
		text, err := marshal(v)
		return strings.TrimSuffix(string(text), "\n"), err
	},
	"quote":   strconv.Quote,
	"base":    filepath.Base,
	"dir":     filepath.Dir,
	"ext":     filepath.Ext,
	"trim":    strings.TrimSpace,
	"upper":   strings.ToUpper,
	"lower":   strings.ToLower,
	"oneline": func(text string) string { return strings.Join(strings.Fields(text), " ") },
}

func parseTemplate(text string) (Format, error) {
	t, err := template.New(templateName).Funcs(templateFunctions).Option("missingkey=zero").Parse(text)
	if err != nil {
		return Format{}, templateError(err)
	}
	f := Format{templateName, t}
	number := 0.5
	pair := Record{ID: "id", Image: "folder/image.jpg", Question: "is it day or night?", Key: Key([32]byte{}, "", Knobs{}, ""), N: 1, Of: 2}
	good, bad := pair, pair
	good.Answer, good.Choice, good.Tokens, good.Finish = "day", "day", []int{1, 2}, mcllava.FinishStop
	good.Probabilities, good.LogProb, good.Confidence = map[string]float64{"day": number, "night": number}, &number, &number
	bad.Error = "not a picture"
	for _, r := range []Record{good, bad} {
		if _, err := f.execute(r); err != nil {
			return Format{}, err
		}
	}
	return f, nil
}

var (
	templatePlace = regexp.MustCompile(`^template: template:(\d+)(?::\d+)?: `)
	templateAt    = regexp.MustCompile(`executing "template" at (<.*?>): `)
)

// templateError is an error of a template without the names that the program has for its parts.
func templateError(err error) error {
	text := templatePlace.ReplaceAllString(err.Error(), "template, line $1: ")
	text = templateAt.ReplaceAllString(text, "at $1: ")
	return errors.New(strings.ReplaceAll(text, " in type records.view", "; see mcllava ask --help for the fields"))
}

func (f Format) execute(r Record) ([]byte, error) {
	var text bytes.Buffer
	if err := f.template.Execute(&text, newView(r)); err != nil {
		return nil, templateError(err)
	}
	if text.Len() > 0 && !bytes.HasSuffix(text.Bytes(), []byte("\n")) {
		text.WriteByte('\n')
	}
	return text.Bytes(), nil
}

// readable is a text as it comes back from a file of JSON, where bytes that are no UTF-8 are lost.
func readable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}
