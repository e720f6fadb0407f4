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

// stretch is a record's place in a file.
type stretch struct{ begin, end int64 }

// raw is a record as it stands in a file, with its end of line unless it is torn.
type raw struct {
	text []byte // until the next one is read
	line int    // number of its first line, from 1
	at   stretch
	torn bool
}

// scan goes through the records of a file: its lines, or in CSV those that do not end within quotes. One that the end of the
// file cuts off is torn, which only the last can be.
func (f Format) scan(r io.Reader) iter.Seq2[raw, error] {
	return func(yield func(raw, error) bool) {
		buffered := bufio.NewReaderSize(r, 1<<16)
		next := raw{line: 1}
		lines, quotes := 0, 0
		for {
			piece, err := buffered.ReadSlice('\n')
			next.text = append(next.text, piece...)
			if f.name == csvName {
				quotes += bytes.Count(piece, []byte{'"'})
			}
			switch {
			case err == io.EOF:
				if next.torn = len(next.text) > 0; next.torn {
					next.at.end = next.at.begin + int64(len(next.text))
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
			if quotes%2 > 0 {
				continue
			}
			next.at.end = next.at.begin + int64(len(next.text))
			if !yield(next, nil) {
				return
			}
			next = raw{text: next.text[:0], line: lines + 1, at: stretch{begin: next.at.end}}
		}
	}
}

// beginning says whether a text that is torn can be the beginning of a file in this format. Zeros are what a power cut leaves.
func (f Format) beginning(text []byte) bool {
	if len(bytes.Trim(text, "\x00")) == 0 {
		return true
	}
	if f.name == csvName {
		return bytes.HasPrefix(csvHeader, text)
	}
	for _, first := range []string{`{"id":`, `{"image":`} {
		n := min(len(first), len(text))
		if string(text[:n]) == first[:n] {
			return true
		}
	}
	return false
}

// formatOf is the format of a file that begins so.
func formatOf(begin []byte) (Format, bool) {
	switch {
	case bytes.HasPrefix(begin, bytes.TrimRight(csvHeader, "\r\n")):
		return CSV, true
	case bytes.HasPrefix(begin, []byte("{")):
		return JSONL, true
	}
	return Format{}, false
}
