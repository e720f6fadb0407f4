package records

import (
	"bytes"
	"errors"
	"slices"
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

// mostTried is how many quotes of a record are tried.
const mostTried = 200

// strayQuote says whether a record that ends within quotes is none that was cut off, but one into which a quote was put: without one of
// its quotes, what it begins with is a whole record.
func strayQuote(text []byte, whole func(record []byte) bool) bool {
	at, tried := 0, 0
	for {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 || tried == mostTried {
			return false
		}
		at, tried = at+i, tried+1
		if record := firstRecord(slices.Delete(slices.Clone(text), at, at+1)); record != nil && whole(record) {
			return true
		}
		at++
	}
}

// firstRecord is what a text begins with up to the first newline that is not within quotes; nil if there is none.
func firstRecord(text []byte) []byte {
	within, from := fieldStart, 0
	for {
		i := bytes.IndexByte(text[from:], '\n')
		if i < 0 {
			return nil
		}
		var err error
		if within, err = within.after(text[from : from+i+1]); err != nil {
			return nil
		}
		from += i + 1
		if within != quotedField {
			return text[:from]
		}
	}
}
