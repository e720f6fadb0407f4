package modelfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
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
	err := json.Unmarshal(text, v)
	var wrong *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return wrongType(wrong)
	case errors.As(err, &broken):
		return fmt.Errorf("not JSON at byte %d: %v", broken.Offset, broken)
	}
	return err
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
		return fmt.Errorf("found %s, expected %s", found, kindOf(e.Type))
	}
	return fmt.Errorf("%s: found %s, expected %s", Short(e.Field), found, kindOf(e.Type))
}

// kindOf is what JSON calls a Go type.
func kindOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindOf(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a string"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}
