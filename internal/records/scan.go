package records

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// mostRecord is the longest record that is read, in bytes.
const mostRecord = 64 << 20

// byteOrderMark is what some editors put ahead of a text.
var byteOrderMark = []byte("\ufeff")

// stretch is a record's place in a file.
type stretch struct{ begin, end int64 }

// raw is a record as it stands in a file, with its end of line unless it is torn.
type raw struct {
	text []byte // until the next one is read; without a byte-order mark
	line int    // number of its first line, from 1
	at   stretch
	torn bool
}

// scan goes through the records of a file: its lines, or in CSV those that do not end within quotes. One that the end of the
// file cuts off is torn, which only the last can be. A quote that no writer of CSV puts there is an error.
func (f Format) scan(r io.Reader) iter.Seq2[raw, error] {
	return func(yield func(raw, error) bool) {
		buffered := bufio.NewReaderSize(r, 1<<16)
		next := raw{line: 1}
		lines, within := 0, fieldStart
		for {
			piece, err := buffered.ReadSlice('\n')
			size := int64(len(piece))
			if lines == 0 && len(next.text) == 0 {
				piece = bytes.TrimPrefix(piece, byteOrderMark)
			}
			next.text = append(next.text, piece...)
			next.at.end += size
			var bad error
			if f.name == csvName {
				within, bad = within.after(piece)
			}
			switch {
			case bad != nil:
				yield(raw{}, fmt.Errorf("line %d %w", next.line, bad))
				return
			case err == io.EOF:
				if next.torn = len(next.text) > 0; next.torn {
					yield(next, nil)
				}
				return
			case err != nil && !errors.Is(err, bufio.ErrBufferFull):
				yield(raw{}, err)
				return
			case len(next.text) > mostRecord:
				yield(raw{}, fmt.Errorf("line %d is longer than any record", next.line))
				return
			case err != nil:
				continue
			}
			lines++
			if within == quotedField {
				continue
			}
			within = fieldStart
			if !yield(next, nil) {
				return
			}
			next = raw{text: next.text[:0], line: lines + 1, at: stretch{next.at.end, next.at.end}}
		}
	}
}

// beginning says whether a text that is torn can be the beginning of a file in this format. Zeros are what a power cut leaves.
func (f Format) beginning(text []byte) bool {
	if len(bytes.Trim(text, "\x00")) == 0 {
		return true
	}
	if f.name == csvName {
		return bytes.HasPrefix(f.header(), text)
	}
	for _, first := range []string{`{"id":`, `{"image":`} {
		n := min(len(first), len(text))
		if string(text[:n]) == first[:n] {
			return true
		}
	}
	return false
}

// formatOf is the format of a file whose first line is given: CSV with the columns that it names, or JSON lines.
func formatOf(line []byte) (Format, error) {
	line = bytes.TrimPrefix(line, byteOrderMark)
	if bytes.HasPrefix(line, []byte("{")) {
		return JSONL, nil
	}
	names, err := splitCSV(line)
	if err != nil {
		return Format{}, errNoOutput
	}
	columns, err := parseColumns(names)
	if err != nil {
		return Format{}, errNoOutput
	}
	return Format{name: csvName, csvOptions: csvOptions{columns: columns}}, nil
}

// errNoOutput says that a file is none that a run writes.
var errNoOutput = errors.New("is neither JSON lines nor CSV of mcllava")
