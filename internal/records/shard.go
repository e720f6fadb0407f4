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
	line, err := firstLine(s.file)
	if err != nil {
		return Format{}, fmt.Errorf("%s: %w", s.path, reason(err))
	}
	if line == nil { // none, or the only one, which is cut off
		if line, err = io.ReadAll(io.NewSectionReader(s.file, 0, mostHeader)); len(line) == 0 || err != nil {
			return Format{}, err
		}
	}
	f, err := formatOf(line)
	if err != nil {
		return Format{}, fmt.Errorf("%s: %w", s.path, err)
	}
	return f, nil
}

// firstLine is the first line of a file with its end; nil if it has no end.
func firstLine(f io.ReaderAt) ([]byte, error) {
	line, err := bufio.NewReader(io.NewSectionReader(f, 0, mostHeader)).ReadBytes('\n')
	if err == io.EOF {
		return nil, nil
	}
	return line, err
}

// mostHeader is more than any header has, in bytes.
const mostHeader = 1 << 20
