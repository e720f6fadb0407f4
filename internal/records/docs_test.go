package records

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocs holds docs/records.md against the fields of a record, the columns of a CSV, and their order.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/records.md")
	if err != nil {
		t.Fatal(err)
	}
	var fields, columns []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9_.]+)` \\|(?:[^|\n]*\\|){3} ([^|\n]*) \\|$").FindAllStringSubmatch(string(text), -1) {
		fields = append(fields, row[1])
		if name := regexp.MustCompile("^`([a-z0-9_]+)`").FindStringSubmatch(row[2]); name != nil {
			columns = append(columns, name[1])
		} else if row[2] != "none" {
			t.Errorf("the field %s has the column %q, expected a name or none", row[1], row[2])
		}
	}
	want := jsonPaths(reflect.TypeFor[Record](), "")
	want = slices.Insert(want, slices.Index(want, "image")+1, "image_bytes") // which MarshalJSON adds
	if !slices.Equal(fields, want) {
		t.Errorf("docs/records.md has the fields\n%v\nwant\n%v", fields, want)
	}
	if !slices.Equal(columns, ColumnNames()) {
		t.Errorf("docs/records.md has the columns\n%v\nwant\n%v", columns, ColumnNames())
	}
	for _, name := range append(slices.Clone(keptWithFailures), resumable...) {
		if strings.Count(string(text), "`"+name+"`") < 2 {
			t.Errorf("docs/records.md does not name %s among the fields of a failed record or of one that can be resumed", name)
		}
	}
}

// jsonPaths are the fields of a JSON object as docs/records.md calls them.
func jsonPaths(t reflect.Type, prefix string) (paths []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		switch {
		case field.Anonymous:
			paths = append(paths, jsonPaths(field.Type, prefix)...)
		case field.Type.Kind() == reflect.Struct:
			paths = append(paths, jsonPaths(field.Type, prefix+jsonName(field)+".")...)
		default:
			paths = append(paths, prefix+jsonName(field))
		}
	}
	return paths
}
