package records

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mcllava/mcllava/internal/files"
)

// shard is an output that is joined with others.
type shard struct {
	path string
	file *os.File
}

// openShard opens and locks an output that is none of the others.
func openShard(path string, others []*shard) (*shard, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = errors.New("is a folder, expected the output of a run")
	case !info.Mode().IsRegular():
		err = errors.New("is no regular file, expected the output of a run")
	default:
		err = files.Lock(f, true)
	}
	for _, s := range others {
		other, statErr := s.file.Stat()
		if err == nil && statErr == nil && os.SameFile(info, other) {
			err = fmt.Errorf("is given twice, also as %s", s.path)
		}
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w", path, reason(err))
	}
	return &shard{path, f}, nil
}

// format is the format that a file begins in; that of an empty one is the zero Format.
func (s *shard) format() (Format, error) {
	line, err := bufio.NewReader(io.NewSectionReader(s.file, 0, mostHeader)).ReadBytes('\n')
	switch {
	case len(line) == 0 && err == io.EOF:
		return Format{}, nil
	case err != nil && err != io.EOF:
		return Format{}, fmt.Errorf("%s: %w", s.path, reason(err))
	}
	f, err := formatOf(line)
	if err != nil {
		return Format{}, fmt.Errorf("%s: %w", s.path, err)
	}
	return f, nil
}

// mostHeader is more than any header has, in bytes.
const mostHeader = 1 << 20
