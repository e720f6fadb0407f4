package records

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/template"
	"unicode/utf8"
)

// The names of the formats.
const (
	plainName    = "plain"
	jsonlName    = "jsonl"
	csvName      = "csv"
	templateName = "template"
)

// formatNames are the formats there are.
var formatNames = []string{plainName, jsonlName, csvName, templateName}

// Format is the form in which records are written. The zero Format is plain.
type Format struct {
	name     string
	template *template.Template
	csvOptions
}

// csvOptions are what a CSV may have otherwise.
type csvOptions struct {
	columns  []column // nil for all
	noHeader bool
	safe     bool // for spreadsheets
}

// CSVOptions say what a CSV has otherwise than CSV.
type CSVOptions struct {
	Columns  []string // in this order; nil for all
	NoHeader bool     // so that it can be appended to another, and not resumed
	Safe     bool     // an apostrophe stands ahead of texts that a spreadsheet would take for a formula
}

// NewCSV is CSV with options. The error names an unknown column.
func NewCSV(o CSVOptions) (Format, error) {
	columns, err := parseColumns(o.Columns)
	return Format{name: csvName, csvOptions: csvOptions{columns, o.NoHeader, o.Safe}}, err
}

// cells are the columns of a CSV.
func (f Format) cells() []column {
	if f.columns == nil {
		return allColumns
	}
	return f.columns
}

// The formats that need no text.
var (
	Plain = Format{name: plainName}
	JSONL = Format{name: jsonlName}
	CSV   = Format{name: csvName}
)

// FormatsHelp describes the formats to a user.
const FormatsHelp = `plain     the answers, one a line; with several images IMAGE, a tab, and the answer; with --logprobs a tab and the
          confidence behind it. Newlines, carriage returns and tabs
          in them are written as \n, \r and \t, and a backslash as \\ where it would be taken for the start of one of
          these. What failed has no line.
jsonl     one JSON object a line. What failed has image, question and error.
csv       RFC 4180 with a header, always the same columns in the same order, or those of --columns. Fields are written
          as they are; with --csv-safe an apostrophe stands ahead of one that a spreadsheet would take for a formula.
template  a Go text/template for each record, with a newline after it unless it ends with one; no line if it is empty.
          \t and \n stand for a tab and a newline. Fields: .ID .Image .Question .Answer .Choice .Probabilities .LogProb
          .Confidence .PMin .Tokens .Finish .Crops .Encoded .ImageTokens .PromptTokens .Attention (.Peak .Box …, nil
          unless it is asked for) .Search (.Stop .Crops …, likewise), the knobs (.MaxCrops …), .NumTokens .Model
          .Precision .Seconds.Encode (.Load .Preprocess .Prefill .Decode) .Error .ImageSHA256 .Checkpoint .Run .Key .N
          .Of .Schema .Name (the image's file name without its ending); of a sweep also .Mark .Expected .Correct
          .Sweep. What has parts, such as .Tokens and .Search, is printed as JSON. Functions: json VALUE, quote TEXT (as
          in Go), base, dir and ext of a PATH, trim, upper, lower, and oneline TEXT (all white space as single spaces).`

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
	return Format{}, fmt.Errorf("unknown format %q, expected one of %s", name, strings.Join(formatNames, ", "))
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
	if f.noHeader {
		return errors.New("a CSV without a header cannot be resumed")
	}
	if name := missing(f.cells()); f.name == csvName && name != "" {
		return fmt.Errorf("a CSV without the column %s cannot be resumed; it takes %s", name, strings.Join(resumable, ","))
	}
	return nil
}

// header is what stands ahead of all records.
func (f Format) header() []byte {
	if f.name == csvName && !f.noHeader {
		return joinCSV(namesOf(f.cells()))
	}
	return nil
}

// adopt takes a format's columns from the first line of a file that is gone on with, unless they were chosen. It refuses a file in
// another format.
func (f *Format) adopt(line []byte) error {
	got, err := formatOf(line)
	if err != nil || got.name != f.name {
		return fmt.Errorf("is no output in the format %s", f)
	}
	if f.columns != nil && !slices.Equal(namesOf(f.columns), namesOf(got.columns)) {
		return fmt.Errorf("has the columns %s, expected %s", strings.Join(namesOf(got.columns), ","), strings.Join(namesOf(f.columns), ","))
	}
	f.columns = got.columns
	return f.CheckResume()
}

// same says whether two formats write records alike.
func (f Format) same(g Format) bool {
	return f.name == g.name && slices.Equal(namesOf(f.cells()), namesOf(g.cells()))
}

// whole says whether a line is a record.
func (f Format) whole(line []byte) bool {
	_, err := f.parse(line)
	return err == nil
}

// entire says whether a last record without an end of line lacks nothing else. Of CSV that cannot be told.
func (f Format) entire(text []byte) bool { return f.name == jsonlName && f.whole(text) }

// encode is the text of a record, its end of line included; nothing for a record that the format leaves out.
func (f Format) encode(r Record, many bool) ([]byte, error) {
	switch f.name {
	case jsonlName:
		return marshal(r)
	case csvName:
		return encodeCSV(r, f.cells(), f.safe)
	case templateName:
		return f.execute(r)
	}
	switch {
	case r.Failed() || r.Mark != "":
		return nil, nil
	}
	line := escape(r.Answer) + r.Sureness() + "\n"
	if r.Sweep != "" {
		line = fmt.Sprintf("%d\t%d\t%s", r.MaxCrops, r.Knobs.NumTokens, line)
	}
	if many {
		line = escape(r.Image) + "\t" + line
	}
	return []byte(line), nil
}

// Size is the bytes of a record in the format.
func (f Format) Size(r Record, many bool) (int, error) {
	text, err := f.encode(r, many)
	return len(text), err
}

// parse reads what encode wrote, in a format that can be resumed.
func (f Format) parse(text []byte) (Record, error) {
	if f.name == csvName {
		return parseCSV(text, f.cells(), f.safe)
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

// readable is a text as it comes back from a file of JSON, where bytes that are no UTF-8 are lost.
func readable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return string([]rune(text))
}

// described is the format with its columns, where they were chosen.
func (f Format) described() string {
	if f.columns == nil || slices.Equal(namesOf(f.columns), ColumnNames()) {
		return f.String()
	}
	return f.String() + " with the columns " + strings.Join(namesOf(f.columns), ",")
}
