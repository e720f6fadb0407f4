package records

import (
	"fmt"
	"io"
	"iter"
)

// Read goes through the records of an output, in JSON lines or CSV, as they stand. An error names the file and the line, and comes
// last; so does a last record that was cut off.
func Read(path string) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		s, err := openShard(path, nil)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer func() { _ = s.file.Close() }()
		for r, err := range s.records() {
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// records goes through a file's records.
func (s *shard) records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		format, err := s.format()
		if err != nil || format.name == "" {
			if err != nil {
				yield(Record{}, err)
			}
			return
		}
		header := format.name == csvName
		for r, err := range format.scan(io.NewSectionReader(s.file, 0, 1<<62)) {
			var record Record
			switch {
			case err != nil:
				err = fmt.Errorf("%s: %w", s.path, reason(err))
			case r.torn && !format.entire(r.text):
				err = fmt.Errorf("%s: line %d is cut off", s.path, r.line)
			case header:
				header = false
				continue
			default:
				if record, err = format.parse(r.text); err != nil {
					err = fmt.Errorf("%s: line %d %w", s.path, r.line, err)
				}
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}
