package records

import (
	"bytes"
	"fmt"
	"io"
	"iter"
)

// Entry is a record as it stands in an output.
type Entry struct {
	Record
	JSON []byte // its text, of which a Record may not know all fields; nil in CSV
	Line int    // number of its first line, from 1
}

// Read goes through the records of an output, in JSON lines or CSV, as they stand. An error names the file and the line, and comes
// last; so does a last record that was cut off.
func Read(path string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for e, err := range Entries(path) {
			if !yield(e.Record, err) || err != nil {
				return
			}
		}
	}
}

// Entries is Read with what stands in the file.
func Entries(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		s, err := openShard(path, nil)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer func() { _ = s.file.Close() }()
		for e, err := range s.entries() {
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// entries goes through a file's records.
func (s *shard) entries() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		format, err := s.format()
		if err != nil || format.name == "" {
			if err != nil {
				yield(Entry{}, err)
			}
			return
		}
		header := format.name == csvName
		for r, err := range format.scan(io.NewSectionReader(s.file, 0, 1<<62)) {
			entry := Entry{Line: r.line}
			switch {
			case err != nil:
				err = fmt.Errorf("%s: %w", s.path, reason(err))
			case r.torn && !format.entire(r.text):
				err = fmt.Errorf("%s: line %d is cut off", s.path, r.line)
			case header:
				header = false
				continue
			default:
				if entry.Record, err = format.parse(r.text); err != nil {
					err = fmt.Errorf("%s: line %d %w", s.path, r.line, err)
				}
				if format.name == jsonlName {
					entry.JSON = bytes.Clone(bytes.TrimSpace(r.text))
				}
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}
