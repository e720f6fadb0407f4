// Package modelfile reads the files of a checkpoint's folder, which may come from anywhere: regular files alone, so that nothing
// waits for a pipe or reads a device without end, each of a bounded size, and JSON whose errors name the field in JSON's terms.
package modelfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// ErrNotRegular says that a folder, a pipe or a device stands where a file is expected.
var ErrNotRegular = errors.New("not a regular file")

// ErrPointer says that a file was cloned without its content.
var ErrPointer = errors.New("is a git-lfs pointer, not the file itself: run git lfs pull in its folder")

// Open opens a regular file, of which it also returns the size.
func Open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|nonblock, 0)
	if err != nil {
		return nil, 0, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Dir is os.DirFS of which only folders and regular files can be opened.
func Dir(folder string) fs.FS { return dir(folder) }

type dir string

func (d dir) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	path := filepath.Join(string(d), filepath.FromSlash(name))
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return os.DirFS(string(d)).Open(name)
	}
	f, _, err := Open(path)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			at.Path = name
		}
		return nil, err
	}
	return f, nil
}

// Read is the content of a file of at most limit bytes. The error names the file.
func Read(folder fs.FS, name string, limit int64) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		return nil, named(name, err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, named(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", name, ErrNotRegular)
	}
	var content bytes.Buffer
	content.Grow(int(min(info.Size(), limit)) + bytes.MinRead)
	_, err = content.ReadFrom(io.LimitReader(f, limit+1))
	data := content.Bytes()
	switch {
	case err != nil:
		return nil, named(name, err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%s: more than the %d MB that are read of it", name, limit>>20)
	case IsPointer(data):
		return nil, fmt.Errorf("%s: %w", name, ErrPointer)
	}
	return data, nil
}

// named says "name: reason" for an error of the operating system's.
func named(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return fmt.Errorf("%s: %w", name, at.Err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// IsPointer says whether a file's content is a git-lfs pointer to it.
func IsPointer(data []byte) bool {
	return bytes.HasPrefix(data, []byte("version https://git-lfs.github.com/spec/"))
}

// Quote is a name from a file as a message shows it, cut as by Short.
func Quote(name string) string { return strconv.Quote(Short(name)) }

// Short is a text as a message shows it: its first 120 characters.
func Short(text string) string {
	const most = 120 // tensors of the published checkpoint have names of up to 85
	n := 0
	for i := range text {
		if n++; n > most {
			return text[:i] + "…"
		}
	}
	return text
}
