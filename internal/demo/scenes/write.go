package scenes

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/mcllava/mcllava/internal/dataset"
)

// jpegQuality is that of the pictures that are JPEGs.
const jpegQuality = 90

// hidden is what the names of folders begin with that are being written.
const hidden = ".mcllava-"

// ErrExists says that a folder is not empty.
var ErrExists = errors.New("exists and is not empty")

// WriteOptions say how a set is written.
type WriteOptions struct {
	Overwrite bool              // write into a folder that has files, of which those of the set's names are replaced and all others stay
	Progress  func(written int) // of the scenes; nil for none. It is called by one goroutine at a time
}

// Write draws a set into a folder, which is made if there is none: a folder for each part with pictures and, beside each, its question
// with options as a dataset.SceneFile; and all questions as dataset.ScenesFile. An error of a file names it in this folder. After an error,
// that of a context included, the folder is as it was, unless it comes from putting finished files in their places.
func Write(ctx context.Context, folder string, o Options, w WriteOptions) (err error) {
	if err := o.Check(); err != nil {
		return err
	}
	exists, err := isThere(folder, w.Overwrite)
	if err != nil {
		return err
	}
	beside := filepath.Dir(filepath.Clean(folder))
	if exists {
		beside = folder
	} else if err := os.MkdirAll(beside, 0o777); err != nil {
		return err
	}
	drawn := filepath.Join(beside, hidden+rand.Text())
	defer func() {
		_ = os.RemoveAll(drawn)
		err = renamed(err, drawn, folder)
	}()
	if err := os.Mkdir(drawn, 0o777); err != nil {
		return err
	}
	if err := writeAll(ctx, drawn, o, w.Progress); err != nil {
		return err
	}
	if exists {
		return move(drawn, folder)
	}
	return os.Rename(drawn, folder)
}

// isThere says whether a folder exists, and refuses one with files unless they may be overwritten.
func isThere(folder string, overwrite bool) (bool, error) {
	entries, err := os.ReadDir(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	foreign := func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), hidden) }
	if !overwrite && slices.ContainsFunc(entries, foreign) {
		return true, fmt.Errorf("%s: %w", folder, ErrExists)
	}
	return true, nil
}

// renamed is an error about a file of the folder that the user knows.
func renamed(err error, from, to string) error {
	var file *fs.PathError
	if errors.As(err, &file) && strings.HasPrefix(file.Path, from) {
		return &fs.PathError{Op: file.Op, Path: to + file.Path[len(from):], Err: file.Err}
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return &fs.PathError{Op: link.Op, Path: link.New, Err: link.Err}
	}
	return err
}

// move puts a set's files into the folder's place for them, the file of questions last.
func move(from, to string) error {
	index := filepath.Join(to, dataset.ScenesFile)
	if err := os.Remove(index); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, part := range Parts() {
		entries, err := os.ReadDir(filepath.Join(from, part))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a set of fewer scenes than there are parts
		} else if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, part), 0o777); err != nil {
			return err
		}
		for _, e := range entries {
			if err := os.Rename(filepath.Join(from, part, e.Name()), filepath.Join(to, part, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.Rename(filepath.Join(from, dataset.ScenesFile), index)
}

func writeAll(ctx context.Context, folder string, o Options, progress func(int)) error {
	for _, part := range Parts()[:min(o.N, len(Parts()))] {
		if err := os.Mkdir(filepath.Join(folder, part), 0o777); err != nil {
			return err
		}
	}
	questions := make([][]dataset.SceneQuestion, o.N)
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	var counting sync.Mutex
	written := 0
	for i := range o.N {
		if within.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := within.Err(); err != nil {
				return err
			}
			s, err := New(o, i)
			if err == nil {
				err = s.write(folder)
			}
			if err != nil {
				return err
			}
			questions[i] = s.Questions
			counting.Lock()
			defer counting.Unlock()
			if written++; progress != nil {
				progress(written)
			}
			return nil
		})
	}
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, dataset.ScenesFile), func(w io.Writer) error {
		for _, q := range slices.Concat(questions...) {
			if err := encode(w, q); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Scene) write(folder string) error {
	err := writeFile(filepath.Join(folder, filepath.FromSlash(s.Image())), func(w io.Writer) error {
		if s.JPEG {
			return jpeg.Encode(w, s.Picture.Image(), &jpeg.Options{Quality: jpegQuality})
		}
		return png.Encode(w, s.Picture.Image())
	})
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, filepath.FromSlash(s.ID())+".json"), func(w io.Writer) error { return encode(w, s.Truth) })
}

func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	return errors.Join(err, f.Close())
}
