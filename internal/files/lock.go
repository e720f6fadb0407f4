package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// ErrLocked says that another process has the lock of a file.
var ErrLocked = errors.New("is in use by another mcllava")

// Lock takes the lock of an open file, shared or not, until the file is closed. The error is ErrLocked if another process has it.
// On a file system without locks there is none to take.
func Lock(f *os.File, shared bool) error {
	if err := lock(f, shared); !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// OpenLocked opens a file for reading and writing, which it makes if there is none, and locks it: the file that has this path now,
// and not one that another process has just replaced. What is no regular file is not locked.
func OpenLocked(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			return f, nil
		}
		if err == nil {
			err = Lock(f, false)
		}
		var now fs.FileInfo
		if err == nil {
			now, err = os.Stat(path)
		}
		switch {
		case err == nil && os.SameFile(info, now):
			return f, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			_ = f.Close()
			return nil, fmt.Errorf("%s: %w", path, reason(err))
		}
		_ = f.Close()
	}
}

// Hold waits up to patience for the lock of a file that is there for nothing else. The file is made if there is none, and must never
// be removed; a link or what is no regular file is refused.
func Hold(path string, patience time.Duration) (release func(), err error) {
	const poll = 2 * time.Millisecond
	f, err := openRegular(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(poll) {
		err = Lock(f, false)
		if err == nil {
			return func() { _ = f.Close() }, nil
		}
		if !errors.Is(err, ErrLocked) || time.Now().After(end) {
			break
		}
	}
	_ = f.Close()
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("%s: another process has held it for %v: %w", path, patience, ErrLocked)
	}
	return nil, fmt.Errorf("%s: %w", path, reason(err))
}

// reason is an error without the operation and the path.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
