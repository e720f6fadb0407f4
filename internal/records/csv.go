package records

import (
	"bytes"
	"errors"
	"strings"
)

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
					return nil, errOpenQuote
				}
				field, line = append(field, line[:i]...), line[i+1:]
				if len(line) == 0 || line[0] != '"' {
					break
				}
				field, line = append(field, '"'), line[1:]
			}
			if len(line) > 0 && line[0] != ',' {
				return nil, errBehindQuote
			}
		} else {
			i := bytes.IndexByte(line, ',')
			if i < 0 {
				i = len(line)
			}
			if bytes.IndexByte(line[:i], '"') >= 0 {
				return nil, errQuoteWithin
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

// What no writer of CSV makes, and a hand that edits it does.
var (
	errOpenQuote   = errors.New("has a quote that does not end")
	errBehindQuote = errors.New("has text behind a quoted field")
	errQuoteWithin = errors.New("has a quote within a field")
)

// quotes is how far a record of CSV has been read.
type quotes int

const (
	fieldStart quotes = iota
	plainField
	quotedField
	quoteInQuoted // which ends the field, or is the first of two
)

// after goes on through some text. The error is of a quote that no writer of CSV puts there.
func (q quotes) after(text []byte) (quotes, error) {
	for _, c := range text {
		switch {
		case q == quotedField:
			if c == '"' {
				q = quoteInQuoted
			}
		case q == quoteInQuoted && c == '"':
			q = quotedField
		case c == ',', c == '\n':
			q = fieldStart
		case q == quoteInQuoted && c != '\r':
			return q, errBehindQuote
		case q == fieldStart && c == '"':
			q = quotedField
		case c == '"':
			return q, errQuoteWithin
		case q == fieldStart:
			q = plainField
		}
	}
	return q, nil
}

// strayQuote says whether a record that ends within quotes is none that was cut off, but one into which a quote was put: without its
// last opening quote the first line of it is a whole record, or a later line is.
func strayQuote(text []byte, whole func(line []byte) bool) bool {
	q, opened := fieldStart, -1
	for i := range text {
		next, err := q.after(text[i : i+1])
		if err != nil {
			return false
		}
		if q == fieldStart && next == quotedField {
			opened = i
		}
		q = next
	}
	if q != quotedField || opened < 0 {
		return false
	}
	first, rest, ended := bytes.Cut(text[opened+1:], []byte("\n"))
	if ended && whole(append(bytes.Clone(text[:opened]), first...)) {
		return true
	}
	for line := range bytes.Lines(rest) {
		if bytes.HasSuffix(line, []byte("\n")) && whole(line) {
			return true
		}
	}
	return false
}
