package modelfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strings"

	"github.com/mcllava/mcllava/internal/terminal"
)

// ReadJSON reads a file of at most limit bytes into v. The error names the file and, where it is known, the field.
func ReadJSON(folder fs.FS, name string, limit int64, v any) error {
	text, err := Read(folder, name, limit)
	if err != nil {
		return err
	}
	if err := Unmarshal(text, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Unmarshal is json.Unmarshal with errors in JSON's terms and not in Go's.
func Unmarshal(text []byte, v any) error {
	return Worded(text, v, json.Unmarshal(text, v))
}

// Worded is an error of package json about a text that is read into v in JSON's terms: with the place of what is no JSON, or the field.
func Worded(text []byte, v any, err error) error {
	var wrong *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		wrong.Field = withoutEmbedded(wrong.Field, reflect.TypeOf(v))
		return wrongType(wrong)
	case errors.As(err, &broken):
		return fmt.Errorf("not JSON at %s: %w", place(text, broken.Offset), broken)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("not JSON at %s: it ends early", place(text, int64(len(text))))
	}
	return err
}

// place is where the first bytes of a text end: their number in a text of one line, and else the line and the byte in it.
func place(text []byte, bytesBefore int64) string {
	before := text[:min(int64(len(text)), bytesBefore)]
	line := bytes.Count(before, []byte{'\n'}) + 1
	if line == 1 && !bytes.Contains(bytes.TrimRight(text, "\n"), []byte{'\n'}) {
		return fmt.Sprintf("byte %d", len(before))
	}
	return fmt.Sprintf("line %d, byte %d", line, len(before)-bytes.LastIndexByte(before, '\n')-1)
}

// withoutEmbedded is the path of a field without the names of embedded structs, which JSON does not have.
func withoutEmbedded(path string, t reflect.Type) string {
	var names []string
	for name := range strings.SplitSeq(path, ".") {
		for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
			t = t.Elem()
		}
		var next reflect.Type
		embedded := false
		if t != nil && t.Kind() == reflect.Struct {
			for field := range t.Fields() {
				tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if tag == name || tag == "" && field.Name == name {
					next, embedded = field.Type, field.Anonymous && tag == ""
					break
				}
			}
		}
		if t = next; !embedded {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

func wrongType(e *json.UnmarshalTypeError) error {
	found := "a " + e.Value
	switch value, digits, _ := strings.Cut(e.Value, " "); {
	case value == "number" && digits != "":
		found = Short(digits)
	case value == "array", value == "object":
		found = "an " + value
	case value == "bool":
		found = "true or false"
	}
	if e.Field == "" {
		return fmt.Errorf("found %s, expected %s", found, terminal.KindOf(e.Type))
	}
	return fmt.Errorf("%s: found %s, expected %s", Short(e.Field), found, terminal.KindOf(e.Type))
}
