package dataset

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"unicode/utf8"
)

// jsonFile reads a file of JSON an entry at a time.
type jsonFile struct {
	path string
	f    *os.File
	d    *json.Decoder
	text io.Reader
}

// openJSON opens a file whose bytes are noted in sum.
func openJSON(s *Set, path string, sum *sums) (*jsonFile, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	text, err := newText(io.TeeReader(f, sum.begin(s, path)))
	if err != nil {
		_ = f.Close()
		return nil, wrong(path, "", "", "%w", err)
	}
	return &jsonFile{path: path, f: f, d: json.NewDecoder(text), text: text}, nil
}

// close ends the reading of a file that has nothing after its JSON. It is called with the error of the reading, which it returns.
func (j *jsonFile) close(err error) error {
	defer func() { _ = j.f.Close() }()
	if err != nil {
		return err
	}
	if _, err = j.d.Token(); err == nil {
		return wrong(j.path, "", "", "has something after the end of its JSON")
	}
	return j.named("", ignoreEOF(err))
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// named turns an error of the decoder into one about a record.
func (j *jsonFile) named(record string, err error) error {
	var mistyped *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mistyped):
		return wrong(j.path, record, mistyped.Field, "has %s, expected %s", found(mistyped.Value), expected(mistyped.Type))
	case errors.As(err, &syntax):
		return wrong(j.path, record, "", "is no JSON at byte %d: %w", j.d.InputOffset(), err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return wrong(j.path, record, "", "ends within its JSON, at byte %d", j.d.InputOffset())
	}
	return wrong(j.path, record, "", "%w", err)
}

// found and expected are types in JSON's words.
func found(value string) string {
	switch value {
	case "string":
		return "text"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "number":
		return "a number"
	}
	return "the " + value
}

func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Pointer:
		return expected(t.Elem())
	}
	return "an object"
}

// begin reads the bracket or brace that a value begins with.
func (j *jsonFile) begin(record string, open json.Delim) error {
	token, err := j.d.Token()
	if err != nil {
		return j.named(record, err)
	}
	if token != open {
		want := "a list"
		if open == '{' {
			want = "an object"
		}
		return wrong(j.path, record, "", "has %s, expected %s", tokenName(token), want)
	}
	return nil
}

func tokenName(token json.Token) string {
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return "an object"
		}
		return "a list"
	case string:
		return "text"
	case bool:
		return "true or false"
	case nil:
		return "null"
	}
	return "a number"
}

// list calls each for the entries of a list, which each has to read. record is of the list.
func (j *jsonFile) list(record string, each func(record string) error) error {
	if err := j.begin(record, '['); err != nil {
		return err
	}
	for n := 0; j.d.More(); n++ {
		if err := each(fmt.Sprintf("%s[%d]", record, n)); err != nil {
			return err
		}
	}
	_, err := j.d.Token()
	return j.named(record, err)
}

// object calls each for the keys of an object, whose values each has to read.
func (j *jsonFile) object(record string, each func(key string) error) error {
	if err := j.begin(record, '{'); err != nil {
		return err
	}
	for j.d.More() {
		token, err := j.d.Token()
		if err != nil {
			return j.named(record, err)
		}
		key, ok := token.(string)
		if !ok { // the decoder takes no other key
			return wrong(j.path, record, "", "has %s for a key", tokenName(token))
		}
		if err := each(key); err != nil {
			return err
		}
	}
	_, err := j.d.Token()
	return j.named(record, err)
}

// decode reads a value.
func (j *jsonFile) decode(record string, v any) error { return j.named(record, j.d.Decode(v)) }

// skip reads over a value, a token at a time.
func (j *jsonFile) skip(record string) error {
	for depth := 0; ; {
		token, err := j.d.Token()
		if err != nil {
			return j.named(record, err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// listIn reads a file that is an object with a list called key, and calls each for the list's entries.
func (j *jsonFile) listIn(key string, each func(record string) error) error {
	there := false
	err := j.object("", func(k string) error {
		if k != key {
			return j.skip(k)
		}
		if there {
			return wrong(j.path, "", key, "is there twice")
		}
		there = true
		return j.list(key, each)
	})
	if err == nil && !there {
		err = wrong(j.path, "", key, "is missing, expected a list")
	}
	return err
}

// lines calls each for the lines of a file of JSON lines that are not empty, with the reader of one.
func lines(s *Set, path string, sum *sums, each func(record string, line []byte) error) error {
	f, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	text, err := newText(io.TeeReader(f, sum.begin(s, path)))
	if err != nil {
		return wrong(path, "", "", "%w", err)
	}
	scan := bufio.NewScanner(text)
	scan.Buffer(make([]byte, 1<<16), mostLine)
	n := 0
	for scan.Scan() {
		n++
		if len(strings.TrimSpace(scan.Text())) == 0 {
			continue
		}
		if err := each(fmt.Sprintf("line %d", n), scan.Bytes()); err != nil {
			return err
		}
	}
	if err := scan.Err(); errors.Is(err, bufio.ErrTooLong) {
		return wrong(path, fmt.Sprintf("line %d", n+1), "", "has more than %d bytes", mostLine)
	} else if err != nil {
		return wrong(path, fmt.Sprintf("line %d", n+1), "", "%w", err)
	}
	return nil
}

// mostLine is how many bytes a line of JSON may have.
const mostLine = 1 << 24

// unmarshal reads a text that is one value. strict refuses fields that v does not have.
func unmarshal(file, record string, text []byte, v any, strict bool) error {
	j := &jsonFile{path: file, d: json.NewDecoder(strings.NewReader(string(text)))}
	if strict {
		j.d.DisallowUnknownFields()
	}
	if err := j.decode(record, v); err != nil {
		return err
	}
	if _, err := j.d.Token(); !errors.Is(err, io.EOF) {
		return wrong(file, record, "", "has something after the end of its JSON")
	}
	return nil
}

// text is a reader that refuses what is not UTF-8, and leaves out a byte order mark at the start.
type text struct {
	r      *bufio.Reader
	offset int64
	left   []byte // begun, and not whole
}

func newText(r io.Reader) (*text, error) {
	t := &text{r: bufio.NewReaderSize(r, 1<<16)}
	begin, err := t.r.Peek(3)
	if string(begin) == "\ufeff" {
		_, err = t.r.Discard(3)
		t.offset = 3
	}
	return t, ignoreEOF(err)
}

func (t *text) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	checked := p[:n]
	if len(t.left) > 0 {
		checked = append(t.left, checked...)
	}
	good := validUTF8(checked)
	t.offset += int64(good)
	if rest := checked[good:]; len(rest) >= utf8.UTFMax || len(rest) > 0 && utf8.FullRune(rest) || errors.Is(err, io.EOF) && len(rest) > 0 {
		return 0, fmt.Errorf("is not UTF-8 at byte %d", t.offset)
	} else {
		t.left = append([]byte(nil), rest...)
	}
	return n, err
}

// validUTF8 is how many bytes at the start are whole characters.
func validUTF8(b []byte) int {
	if utf8.Valid(b) {
		return len(b)
	}
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}
