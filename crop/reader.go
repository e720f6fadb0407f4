package crop

import (
	"bytes"
	"context"
	"io"
)

// reader reads data until ctx is done, and gives its error from then on: a decoder that reads as it goes ends with it.
func reader(ctx context.Context, data []byte) io.Reader {
	return &stopping{ctx, bytes.NewReader(data)}
}

type stopping struct {
	ctx context.Context
	r   *bytes.Reader
}

func (s *stopping) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

func (s *stopping) ReadAt(p []byte, at int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.r.ReadAt(p, at)
}
