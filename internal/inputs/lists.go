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
	"unicode/utf8"
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
		for l := range o.lines(o.From, end, maxName, false) {
			if l.err != nil {
				yield(nil, l.err)
				return
			}
			source := o.file(l.text)
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

// maxWait is how many bytes without an end or a name a list may have, so that a device without end is told from a list.
const maxWait = 1 << 24

// lines goes through the lines of a file, or of standard input, without their ends and without empty ones. After a failure to
// read there are no more. Where lines end with '\n', so they do with "\r\n" and '\r', and a byte-order mark is no part of them. A text
// is UTF-8; names are any bytes.
func (o Options) lines(name string, end byte, most int, isText bool) iter.Seq[line] {
	return func(yield func(line) bool) {
		r, where := o.Stdin, called(name)
		if name != Stdin {
			f, err := openFile(orBackground(o.Context), name)
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
		from := &splitter{r: bufio.NewReader(r), end: end, most: most}
		for n := 1; ; n++ {
			text, long, err := from.next()
			if n == 1 && end == '\n' {
				if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
					yield(line{err: fmt.Errorf("%s: is UTF-16, expected UTF-8", where)})
					return
				}
				text = bytes.TrimPrefix(text, []byte("\ufeff"))
			}
			if len(text) == 0 && !long && err == nil {
				continue
			}
			l := line{where: fmt.Sprintf("%s: %s %d", where, kind, n)}
			switch {
			case err != nil && err != io.EOF:
				var file *fs.PathError
				if errors.As(err, &file) {
					err = file.Err
				}
				yield(line{err: fmt.Errorf("%s: %w", l.where, err)})
				return
			case long:
				l.broken = fmt.Errorf("%s is longer than %d bytes", l.where, most)
			default:
				l.text, l.broken = string(text), l.fault(text, isText)
			}
			if (l.broken != nil || l.text != "") && !yield(l) || err != nil {
				return
			}
		}
	}
}

// fault is why bytes make no line.
func (l line) fault(text []byte, isText bool) error {
	if bytes.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("%s holds a NUL, expected UTF-8 and a newline after each line", l.where)
	}
	if !isText {
		return nil
	}
	for at, left := 1, text; len(left) > 0; at++ {
		r, size := utf8.DecodeRune(left)
		if r == utf8.RuneError && size == 1 {
			return fmt.Errorf("%s: not UTF-8, of which character %d is no part (byte %#x), expected a file in UTF-8", l.where, at, left[0])
		}
		left = left[size:]
	}
	return nil
}

// splitter cuts what it reads into lines.
type splitter struct {
	r        *bufio.Reader
	end      byte
	most     int
	text     []byte
	returned bool // the last line ended with '\r', of which a '\n' may be the rest
	waited   int  // bytes since the last line that was not empty
}

// next is a line without its end, of which the first most bytes are held, and valid until the next call. With the last line comes
// io.EOF.
func (s *splitter) next() (text []byte, long bool, err error) {
	s.text = s.text[:0]
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return s.text, long, err
		}
		if s.waited++; s.waited > maxWait {
			return nil, false, fmt.Errorf("%d bytes without a line that has an end, expected a list", maxWait)
		}
		rest := s.returned && c == '\n'
		s.returned = false
		switch {
		case rest:
		case c == s.end || c == '\r' && s.end == '\n':
			s.returned = c == '\r' && s.end == '\n'
			if len(s.text) > 0 {
				s.waited = 0
			}
			return s.text, long, nil
		case len(s.text) == s.most:
			long = true
		default:
			s.text = append(s.text, c)
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
	for l := range o.lines(o.QuestionsFile, '\n', maxLine, true) {
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
		for l := range o.lines(o.Jobs, '\n', maxLine, true) {
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
					last = o.file(job.Image)
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
