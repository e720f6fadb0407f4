package records

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// column is a field of a record as CSV has it, under the field's JSON name. An empty text is a field that the record has not.
type column struct {
	name  string
	index []int // of the field in a Record
	kept  bool  // failed records have it too
	cell  bool  // and so have those of failed cells
	spare bool  // a zero is left out
}

// keptWithFailures are the fields of a record without an answer.
var keptWithFailures = fieldNames(reflect.TypeFor[failed]())

// keptWithFailedCells are those that a failed cell has besides.
var keptWithFailedCells = fieldNames(reflect.TypeFor[failedCell]())

// allColumns are those of a CSV unless some are chosen: every field of a record, the seconds of each part under a name of its own.
var allColumns = columnsOf(reflect.TypeFor[Record](), "", nil)

func columnsOf(t reflect.Type, prefix string, at []int) (columns []column) {
	for i := range t.NumField() {
		field := t.Field(i)
		index := append(slices.Clone(at), i)
		name := prefix + jsonName(field)
		switch {
		case field.Anonymous:
			columns = append(columns, columnsOf(field.Type, prefix, index)...)
		case field.Type.Kind() == reflect.Struct:
			columns = append(columns, columnsOf(field.Type, name+"_", index)...)
		default:
			columns = append(columns, column{name, index, slices.Contains(keptWithFailures, name), slices.Contains(keptWithFailedCells, name), omits(field)})
		}
	}
	return columns
}

func fieldNames(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		names = append(names, jsonName(t.Field(i)))
	}
	return names
}

// omits says whether a field is left out of JSON where it is zero.
func omits(field reflect.StructField) bool {
	_, options, _ := strings.Cut(field.Tag.Get("json"), ",")
	return options == "omitempty" || options == "omitzero"
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// ColumnNames are the columns of a CSV unless some are chosen.
func ColumnNames() []string { return namesOf(allColumns) }

func namesOf(columns []column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// ColumnOf is the column of a field of Record; "" if there is none.
func ColumnOf(field string) string {
	f, found := reflect.TypeFor[Record]().FieldByName(field)
	if !found {
		return ""
	}
	return jsonName(f)
}

// parseColumns finds columns by their names.
func parseColumns(names []string) ([]column, error) {
	var columns []column
	for _, name := range names {
		i := slices.IndexFunc(allColumns, func(c column) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown column %q, expected some of %s", name, strings.Join(ColumnNames(), ", "))
		}
		if slices.ContainsFunc(columns, func(c column) bool { return c.name == name }) {
			return nil, fmt.Errorf("column %q is given twice", name)
		}
		columns = append(columns, allColumns[i])
	}
	return columns, nil
}

// resumable are the columns without which a CSV cannot be taken up again.
var resumable = []string{"id", "image", "question", "answer", "error", "run", "key", "n", "of"}

// missing is a column that a CSV must have to be taken up again, if there is one that it has not.
func missing(columns []column) string {
	names := namesOf(columns)
	for _, name := range resumable {
		if !slices.Contains(names, name) {
			return name
		}
	}
	return ""
}

// get is the text of the column in a record.
func (c column) get(r *Record) (string, error) {
	if r.Failed() && !c.kept && !(c.cell && r.Sweep != "") {
		return "", nil
	}
	v := reflect.ValueOf(r).Elem().FieldByIndex(c.index)
	switch tokens, ok := v.Interface().([]int); {
	case c.spare && v.IsZero():
		return "", nil
	case ok:
		return strings.Trim(fmt.Sprint(tokens), "[]"), nil
	case v.Kind() == reflect.String:
		return v.String(), nil
	}
	text, err := marshal(v.Interface())
	return strings.TrimSuffix(string(text), "\n"), err
}

// set reads what get wrote.
func (c column) set(r *Record, text string) error {
	v := reflect.ValueOf(r).Elem().FieldByIndex(c.index)
	if text == "" {
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
		return nil
	case reflect.Slice:
		tokens, ok := v.Addr().Interface().(*[]int)
		if !ok {
			break
		}
		for field := range strings.FieldsSeq(text) {
			id, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			*tokens = append(*tokens, id)
		}
		return nil
	}
	return json.Unmarshal([]byte(text), v.Addr().Interface())
}

// encodeCSV is a record's line. safe marks texts that a spreadsheet would take for a formula.
func encodeCSV(r Record, columns []column, safe bool) ([]byte, error) {
	fields := make([]string, len(columns))
	for i, c := range columns {
		var err error
		if fields[i], err = c.get(&r); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		if safe && c.isText() {
			fields[i] = guard(fields[i])
		}
	}
	return joinCSV(fields), nil
}

func parseCSV(text []byte, columns []column, safe bool) (Record, error) {
	fields, err := splitCSV(text)
	if err != nil {
		return Record{}, err
	}
	if len(fields) != len(columns) {
		return Record{}, fmt.Errorf("has %d fields, expected %d", len(fields), len(columns))
	}
	r := Record{N: -1}
	for i, c := range columns {
		if safe && c.isText() {
			fields[i] = unguard(fields[i])
		}
		if err := c.set(&r, fields[i]); err != nil {
			return Record{}, fmt.Errorf("is no record: %s is %q", c.name, fields[i])
		}
	}
	if r.Image == "" && r.Question == "" && r.Error == "" {
		return r, errors.New("is no record: it has no image or no question")
	}
	return r, r.check()
}

// isText says whether a column holds a text of the user's or the model's.
func (c column) isText() bool {
	t := reflect.TypeFor[Record]().FieldByIndex(c.index).Type
	return t.Kind() == reflect.String
}

// formulaSigns are what a spreadsheet takes for the beginning of a formula.
const formulaSigns = "=+-@\t\r"

// guard puts an apostrophe ahead of a text that a spreadsheet would take for a formula, and ahead of one that begins with an
// apostrophe, so that unguard finds the text again.
func guard(text string) string {
	if text != "" && strings.ContainsRune(formulaSigns+"'", rune(text[0])) {
		return "'" + text
	}
	return text
}

func unguard(text string) string { return strings.TrimPrefix(text, "'") }
