package records

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/mcllava/mcllava"
)

// column is a field of a record as CSV has it. An empty field is one that the record has not, or that is zero.
type column struct {
	name string
	get  func(*Record) (string, error)
	set  func(*Record, string) error
}

// columns are those of every CSV, in order. A new one goes to the end.
var columns = []column{
	textColumn("id", func(r *Record) *string { return &r.ID }),
	textColumn("image", func(r *Record) *string { return &r.Image }),
	textColumn("question", func(r *Record) *string { return &r.Question }),
	textColumn("answer", func(r *Record) *string { return &r.Answer }),
	textColumn("error", func(r *Record) *string { return &r.Error }),
	textColumn("choice", func(r *Record) *string { return &r.Choice }),
	jsonColumn("probabilities", func(r *Record) any { return &r.Probabilities }, func(r *Record) bool { return r.Probabilities != nil }),
	jsonColumn("logprob", func(r *Record) any { return &r.LogProb }, func(r *Record) bool { return r.LogProb != nil }),
	jsonColumn("confidence", func(r *Record) any { return &r.Confidence }, func(r *Record) bool { return r.Confidence != nil }),
	tokensColumn,
	textColumn("finish", func(r *Record) *mcllava.Finish { return &r.Finish }),
	numberColumn("crops", func(r *Record) any { return &r.Crops }),
	numberColumn("image_tokens", func(r *Record) any { return &r.ImageTokens }),
	numberColumn("prompt_tokens", func(r *Record) any { return &r.PromptTokens }),
	numberColumn("max_crops", func(r *Record) any { return &r.MaxCrops }),
	numberColumn("num_tokens", func(r *Record) any { return &r.NumTokens }),
	numberColumn("max_new_tokens", func(r *Record) any { return &r.MaxNewTokens }),
	numberColumn("temperature", func(r *Record) any { return &r.Temperature }),
	numberColumn("top_p", func(r *Record) any { return &r.TopP }),
	textColumn("system", func(r *Record) *string { return &r.System }),
	textColumn("prompt", func(r *Record) *string { return &r.Prompt }),
	textColumn("model", func(r *Record) *string { return &r.Model }),
	textColumn("precision", func(r *Record) *string { return &r.Precision }),
	numberColumn("seed", func(r *Record) any { return &r.Seed }),
	numberColumn("seconds_load", func(r *Record) any { return &r.Seconds.Load }),
	numberColumn("seconds_preprocess", func(r *Record) any { return &r.Seconds.Preprocess }),
	numberColumn("seconds_encode", func(r *Record) any { return &r.Seconds.Encode }),
	numberColumn("seconds_prefill", func(r *Record) any { return &r.Seconds.Prefill }),
	numberColumn("seconds_decode", func(r *Record) any { return &r.Seconds.Decode }),
	textColumn("image_sha256", func(r *Record) *string { return &r.ImageSHA256 }),
	textColumn("checkpoint", func(r *Record) *string { return &r.Checkpoint }),
	textColumn("run", func(r *Record) *string { return &r.Run }),
	textColumn("key", func(r *Record) *string { return &r.Key }),
	ofPair(numberColumn("n", func(r *Record) any { return &r.N })),
	ofPair(jsonColumn("of", func(r *Record) any { return &r.Of }, func(r *Record) bool { return r.Of > 0 })),
}

func textColumn[T ~string](name string, field func(*Record) *T) column {
	return column{
		name,
		func(r *Record) (string, error) { return string(*field(r)), nil },
		func(r *Record, text string) error { *field(r) = T(text); return nil },
	}
}

// numberColumn is empty for a failed record.
func numberColumn(name string, field func(*Record) any) column {
	return jsonColumn(name, field, func(r *Record) bool { return !r.Failed() })
}

// jsonColumn is the field's JSON where it is there.
func jsonColumn(name string, field func(*Record) any, there func(*Record) bool) column {
	return column{
		name,
		func(r *Record) (string, error) {
			if !there(r) {
				return "", nil
			}
			text, err := marshal(field(r))
			return strings.TrimSuffix(string(text), "\n"), err
		},
		func(r *Record, text string) error { return json.Unmarshal([]byte(text), field(r)) },
	}
}

// ofPair is a column that failed records have too.
func ofPair(c column) column {
	get := c.get
	c.get = func(r *Record) (string, error) {
		pair := Record{N: r.N, Of: r.Of}
		return get(&pair)
	}
	return c
}

// tokensColumn has the tokens with a space between them.
var tokensColumn = column{
	"tokens",
	func(r *Record) (string, error) { return strings.Trim(fmt.Sprint(r.Tokens), "[]"), nil },
	func(r *Record, text string) error {
		for field := range strings.FieldsSeq(text) {
			id, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			r.Tokens = append(r.Tokens, id)
		}
		return nil
	},
}

// csvHeader is the first line of a CSV.
var csvHeader = func() []byte {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	return joinCSV(names)
}()

func encodeCSV(r Record) ([]byte, error) {
	if r.Failed() {
		r = Record{ID: r.ID, Image: r.Image, Question: r.Question, Error: r.Error, Key: r.Key, N: r.N, Of: r.Of}
	}
	fields := make([]string, len(columns))
	for i, c := range columns {
		var err error
		if fields[i], err = c.get(&r); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return joinCSV(fields), nil
}

func parseCSV(text []byte) (Record, error) {
	fields, err := splitCSV(text)
	if err != nil {
		return Record{}, err
	}
	if len(fields) != len(columns) {
		return Record{}, fmt.Errorf("has %d fields, expected %d", len(fields), len(columns))
	}
	r := Record{N: -1}
	for i, c := range columns {
		if fields[i] == "" {
			continue
		}
		if err := c.set(&r, fields[i]); err != nil {
			return Record{}, fmt.Errorf("is no record: %s is %q", c.name, fields[i])
		}
	}
	return r, r.check()
}

// joinCSV makes a line of RFC 4180. What encoding/csv writes differs in newlines within a field, which it changes.
func joinCSV(fields []string) []byte {
	var line []byte
	for i, field := range fields {
		if i > 0 {
			line = append(line, ',')
		}
		if !strings.ContainsAny(field, ",\"\r\n") && strings.TrimSpace(field) == field {
			line = append(line, field...)
			continue
		}
		line = append(line, '"')
		line = append(line, strings.ReplaceAll(field, `"`, `""`)...)
		line = append(line, '"')
	}
	return append(line, "\r\n"...)
}

// splitCSV takes a line of RFC 4180 apart, and leaves what is in quotes as it is.
func splitCSV(line []byte) ([]string, error) {
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	var fields []string
	for {
		var field []byte
		if len(line) > 0 && line[0] == '"' {
			line = line[1:]
			for {
				i := bytes.IndexByte(line, '"')
				if i < 0 {
					return nil, errors.New("has a quote that does not end")
				}
				field, line = append(field, line[:i]...), line[i+1:]
				if len(line) == 0 || line[0] != '"' {
					break
				}
				field, line = append(field, '"'), line[1:]
			}
			if len(line) > 0 && line[0] != ',' {
				return nil, errors.New("has text behind a quoted field")
			}
		} else {
			i := bytes.IndexByte(line, ',')
			if i < 0 {
				i = len(line)
			}
			if bytes.IndexByte(line[:i], '"') >= 0 {
				return nil, errors.New("has a quote within a field")
			}
			field, line = line[:i], line[i:]
		}
		fields = append(fields, string(field))
		if len(line) == 0 {
			return fields, nil
		}
		line = line[1:]
	}
}
