package inputs

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"sync"
)

// Source is where an image's bytes come from. It holds none of them, unless they can be read only once.
type Source struct {
	Path string // Stdin for standard input, empty where the input names none

	most   int64 // bytes that are read; 0 for no limit
	failed error // why there is nothing to open, if that is known

	context context.Context // ends a wait; nil for none
	offline bool            // a URL is not fetched

	read func() ([]byte, error) // reads an image that is no file of its own, as often as it is asked; nil elsewhere

	look sync.Once              // at what the path is
	once func() ([]byte, error) // reads what can be read only once; nil elsewhere
}

// SourceOf is an image within another file, which read reads, as often as it is asked. Most is the bytes that it may have; 0 for no limit.
func SourceOf(name string, most int64, read func() ([]byte, error)) *Source {
	return &Source{Path: name, most: most, read: read}
}

// checked refuses an image that has too many bytes.
func (s *Source) checked(data []byte, err error) ([]byte, error) {
	if err == nil && s.most > 0 && int64(len(data)) > s.most {
		return nil, fmt.Errorf("%s: %d bytes, expected a picture of at most %d", s.Path, len(data), s.most)
	}
	return data, err
}

// file is an image of a path or a URL.
func (o Options) file(path string) *Source {
	return &Source{Path: path, most: o.MaxBytes, context: o.Context, offline: o.Offline}
}

func file(path string, most int64) *Source { return &Source{Path: path, most: most} }

// broken is a source in the place of what names none.
func broken(reason error) *Source { return &Source{failed: reason} }

func stdin(r io.Reader, most int64) *Source {
	s := file(Stdin, most)
	s.look.Do(func() { s.keep(func() (io.ReadCloser, error) { return io.NopCloser(r), nil }) })
	return s
}

// kept reads what can be read only once, such as a pipe that a shell put in place of a file, or is fetched once; ok is false
// elsewhere.
func (s *Source) kept() (data []byte, err error, ok bool) {
	s.look.Do(func() {
		if s.failed == nil && IsURL(s.Path) {
			s.once = sync.OnceValues(func() ([]byte, error) {
				if s.offline {
					return nil, OfflineError(s.Path)
				}
				return Fetch(orBackground(s.context), s.Path, s.most)
			})
			return
		}
		if info, err := os.Stat(s.Path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			s.keep(func() (io.ReadCloser, error) { return openFile(orBackground(s.context), s.Path) })
		}
	})
	if s.once == nil {
		return nil, nil, false
	}
	data, err = s.once()
	return data, err, true
}

func (s *Source) keep(open func() (io.ReadCloser, error)) {
	s.once = sync.OnceValues(func() ([]byte, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		defer func() { _ = r.Close() }()
		return s.all(r)
	})
}

// Open reads the whole image. It is an error that names the path if there is none, if it is a folder, or if it has more bytes
// than the limit.
func (s *Source) Open() ([]byte, error) {
	if s.read != nil {
		return s.checked(s.read())
	}
	if data, err, ok := s.kept(); ok {
		return data, err
	}
	f, err := s.regular()
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return s.all(f)
}

// Hash is the SHA-256 of the image's bytes, of which few are held at a time. Errors are those of [Source.Open].
func (s *Source) Hash() (hash [sha256.Size]byte, err error) {
	if s.read != nil {
		data, err := s.checked(s.read())
		return sha256.Sum256(data), err
	}
	if data, err, ok := s.kept(); ok {
		return sha256.Sum256(data), err
	}
	f, err := s.regular()
	if err != nil {
		return hash, err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return hash, err
	}
	h.Sum(hash[:0])
	return hash, nil
}

// regular opens a file whose size is within the limit.
func (s *Source) regular() (*os.File, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = fmt.Errorf("%s: is a folder, expected a picture", s.Path)
	case s.most > 0 && info.Size() > s.most:
		err = fmt.Errorf("%s: %d bytes, expected a picture of at most %d", s.Path, info.Size(), s.most)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (s *Source) all(r io.Reader) ([]byte, error) {
	if s.most > 0 {
		r = io.LimitReader(r, s.most+1)
	}
	data, err := io.ReadAll(r)
	switch {
	case err != nil && s.Path == Stdin:
		return nil, fmt.Errorf("%s: %w", called(Stdin), err)
	case err != nil:
		return nil, err
	case s.most > 0 && int64(len(data)) > s.most:
		return nil, fmt.Errorf("%s: more than %d bytes, expected a picture of at most that", called(s.Path), s.most)
	}
	return data, nil
}

// Image is the source of one image: of a file, or of standard input if its name is Stdin. Most is the bytes that are read; 0 for no
// limit.
func Image(name string, in io.Reader, most int64) *Source {
	if name == Stdin {
		return stdin(in, most)
	}
	return file(name, most)
}

// OpenUntil is Open, which gives up on a pipe that nobody writes to once ctx is done: the error is then ctx's.
func (s *Source) OpenUntil(ctx context.Context) ([]byte, error) {
	type result struct {
		data []byte
		err  error
	}
	if s.context == nil {
		s.context = ctx
	}
	done := make(chan result, 1)
	go func() {
		data, err := s.Open()
		done <- result{data, err}
	}()
	select {
	case r := <-done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
