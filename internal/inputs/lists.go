package inputs

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"strings"
)

// The longest name of a list and the longest line of a jobs file, in bytes.
const (
	maxName = 1 << 16
	maxLine = 1 << 20
)

// sources are the images of arguments and then those of the list.
func (o Options) sources() iter.Seq2[*Source, error] {
	return func(yield func(*Source, error) bool) {
		for source, err := range o.named() {
			if err != nil {
				source = broken(err)
			}
			if !yield(source, nil) {
				return
			}
		}
		if o.From == "" {
			return
		}
		for source, err := range o.list() {
			if !yield(source, err) {
				return
			}
		}
	}
}

// list goes through the images that a list names. They are paths as they stand: neither folders nor patterns. A list without one
// is an error.
func (o Options) list() iter.Seq2[*Source, error] {
	end := byte('\n')
	if o.NUL {
		end = 0
	}
	return func(yield func(*Source, error) bool) {
		empty := true
		for l := range o.lines(o.From, end, maxName) {
			if l.err != nil {
				yield(nil, l.err)
				return
			}
			source := file(l.text, o.MaxBytes)
			if l.broken != nil {
				source = broken(l.broken)
			}
			if !yield(source, nil) {
				return
			}
			empty = false
		}
		if empty {
			yield(nil, fmt.Errorf("%s: no image in the list", called(o.From)))
		}
	}
}

// line is one line of a file, or why there are no more.
type line struct {
	where  string // file and number
	text   string // empty if it is too long
	broken error  // why the line is none
	err    error  // why the file cannot be read on
}

// lines goes through the lines of a file, or of standard input, without their ends and without empty ones. After a failure to
// read there are no more. Where lines end with '\n', a carriage return before it and a byte-order mark are no part of them.
func (o Options) lines(name string, end byte, most int) iter.Seq[line] {
	return func(yield func(line) bool) {
		r, where := o.Stdin, called(name)
		if name != Stdin {
			f, err := os.Open(name)
			if err != nil {
				yield(line{err: err})
				return
			}
			defer func() { _ = f.Close() }()
			r = f
		}
		kind := "line"
		if end == 0 {
			kind = "name"
		}
		buffered := bufio.NewReaderSize(r, most+2) // with "\r\n"
		for n := 1; ; n++ {
			l := line{where: fmt.Sprintf("%s: %s %d", where, kind, n)}
			text, err := buffered.ReadSlice(end)
			for errors.Is(err, bufio.ErrBufferFull) {
				l.broken = fmt.Errorf("%s is longer than %d bytes", l.where, most)
				_, err = buffered.ReadSlice(end)
			}
			last := err == io.EOF
			switch {
			case err != nil && !last:
				var file *fs.PathError
				if errors.As(err, &file) {
					err = file.Err
				}
				yield(line{err: fmt.Errorf("%s: %w", l.where, err)})
				return
			case l.broken == nil:
				l.text = trim(text, end, n == 1)
				if strings.ContainsRune(l.text, 0) {
					l.broken = fmt.Errorf("%s holds a NUL, expected UTF-8 and a newline after each line", l.where)
				}
			}
			if (l.broken != nil || l.text != "") && !yield(l) || last {
				return
			}
		}
	}
}

// called is how messages call a file.
func called(name string) string {
	if name == Stdin {
		return "standard input"
	}
	return name
}

// trim takes off a line's end, and the byte-order mark of a text's first.
func trim(text []byte, end byte, first bool) string {
	text = bytes.TrimSuffix(text, []byte{end})
	if end == '\n' {
		text = bytes.TrimSuffix(text, []byte("\r"))
		if first {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
	}
	return string(text)
}

// isFile refuses a list that is not there, or is a folder.
func (o Options) isFile(name string) error {
	if name == "" || name == Stdin {
		return nil
	}
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s: is a folder, expected a file", name)
	}
	return err
}

// notEmpty refuses a list that has nothing in it, where that can be told before it is gone through.
func (o Options) notEmpty() error {
	switch {
	case o.Jobs != "" && rereadable(o.Jobs):
		for _, err := range o.jobs() {
			return err
		}
	case o.From != "" && rereadable(o.From):
		for _, err := range o.list() {
			return err
		}
	}
	return nil
}

// rereadable says whether a list can be gone through twice; no list can.
func rereadable(name string) bool {
	if name == "" {
		return true
	}
	info, err := os.Stat(name)
	return err == nil && name != Stdin && info.Mode().IsRegular()
}

func (o Options) readQuestions() (questions []string, err error) {
	if err := o.isFile(o.QuestionsFile); err != nil {
		return nil, err
	}
	for l := range o.lines(o.QuestionsFile, '\n', maxLine) {
		if err := cmp.Or(l.err, l.broken); err != nil {
			return nil, err
		}
		if !blank(l.text) {
			questions = append(questions, l.text)
		}
	}
	if len(questions) == 0 {
		return nil, fmt.Errorf("%s: no question, expected one a line", called(o.QuestionsFile))
	}
	return questions, nil
}

// jobs goes through the lines of a jobs file. One without a job is an error.
func (o Options) jobs() iter.Seq2[Pair, error] {
	return func(yield func(Pair, error) bool) {
		empty := true
		var last *Source
		for l := range o.lines(o.Jobs, '\n', maxLine) {
			if l.err != nil {
				yield(Pair{}, l.err)
				return
			}
			if l.broken == nil && blank(l.text) {
				continue
			}
			job, err := Pair{}, l.broken
			if err == nil {
				if job, err = parsePair(l.text); err != nil {
					err = fmt.Errorf("%s: %w", l.where, err)
				}
			}
			switch {
			case err != nil:
				job = Pair{ID: idIn(l.text), Source: broken(err)}
			default:
				if last == nil || last.Path != job.Image {
					last = file(job.Image, o.MaxBytes)
				}
				job.Source = last
			}
			if !yield(job, nil) {
				return
			}
			empty = false
		}
		if empty {
			yield(Pair{}, fmt.Errorf("%s: no job, expected one a line", called(o.Jobs)))
		}
	}
}

// idIn is the id of a line that makes no job, as far as it can be read.
func idIn(text string) string {
	d := json.NewDecoder(strings.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		return ""
	}
	for d.More() {
		var value json.RawMessage
		name, err := d.Token()
		if err != nil || d.Decode(&value) != nil {
			return ""
		}
		if field, _ := name.(string); strings.EqualFold(field, "id") {
			id, _ := parseID(value)
			return id
		}
	}
	return ""
}

// parsePair reads {"id", "image", "question", "choices"}, of which the id and the choices may be missing; the id may be a number.
func parsePair(text string) (Pair, error) {
	var fields struct {
		ID       json.RawMessage `json:"id"`
		Image    string          `json:"image"`
		Question string          `json:"question"`
		Choices  []string        `json:"choices"`
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&fields); err != nil {
		return Pair{}, wording(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Pair{}, errors.New("more than one JSON object, expected one a line")
	}
	id, err := parseID(fields.ID)
	switch {
	case err != nil:
		return Pair{}, err
	case fields.Image == "":
		return Pair{}, errors.New("image is missing or empty, expected the path of a picture")
	case strings.ContainsRune(fields.Image, 0):
		return Pair{}, errors.New("image holds a NUL, expected the path of a picture")
	case blank(fields.Question):
		return Pair{}, errors.New("question is missing or empty")
	}
	return Pair{ID: id, Image: fields.Image, Question: fields.Question, Choices: fields.Choices}, nil
}

func parseID(raw json.RawMessage) (string, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if len(raw) == 0 {
		return "", nil
	}
	if err := d.Decode(&v); err != nil {
		return "", wording(err)
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	}
	return "", errors.New("id is neither a string nor a number")
}

// wording says what is wrong with a line in terms of its fields.
func wording(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("JSON %s, expected an object with image and question", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s is a JSON %s, expected %s", kind.Field, kind.Value, map[bool]string{true: "strings", false: "a string"}[strings.HasPrefix(kind.Field, "choices")])
	case strings.HasPrefix(err.Error(), "json: unknown field"):
		return fmt.Errorf("%s, expected id, image, question and choices", strings.TrimPrefix(err.Error(), "json: "))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("not JSON: ends early")
	}
	return fmt.Errorf("not JSON: %w", err)
}
