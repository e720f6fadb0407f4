package hub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

var errNotRegular = errors.New("not a regular file")

// checkRegular is an error if there is something at path, or where a link at path leads, that is no regular file.
func checkRegular(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return nil
	}
	return &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
}

// openRegular opens a regular file to be read. Anything else is an error: a pipe would be waited for, a device never end.
func openRegular(path string) (*os.File, error) { return openChecked(path, os.O_RDONLY) }

// openOwn opens a regular file to be read and written, which is made if there is none. A link at path is not followed.
func openOwn(path string) (*os.File, error) {
	return openChecked(path, os.O_RDWR|os.O_CREATE|notFollowed)
}

func openChecked(path string, flag int) (*os.File, error) {
	if err := checkRegular(path); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, flag|notWaiting, 0o644)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat() // of what was opened, whatever has happened to the path
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: errNotRegular}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ReadSmall reads a regular file of at most limit bytes.
func ReadSmall(path string, limit int64) ([]byte, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s: more than %d bytes", path, limit)
	}
	return text, err
}
