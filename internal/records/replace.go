package records

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// errLocked says that another process writes a file, or reads what it must not change.
var errLocked = errors.New("is in use by another mcllava")

// openLocked opens a file, which it makes if there is none, and locks it: the file that has this path now, and not one that
// another process has just replaced. What is no regular file is not locked.
func openLocked(path string) (*os.File, error) {
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
			err = lock(f, false)
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

// reason is an error without the operation and the path.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// replacement writes a file beside the one of the path, which is as it was until commit gives the path to the new one.
type replacement struct {
	*os.File
	path string
}

// newReplacement calls write, and keeps what it wrote for commit. After an error nothing is left. The file has the mode, or that
// of any new file if mode is 0.
func newReplacement(path string, mode fs.FileMode, write func(io.Writer) error) (*replacement, error) {
	name := filepath.Join(filepath.Dir(path), ".mcllava-"+rand.Text())
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, renamed(err, name, path)
	}
	buffered := bufio.NewWriterSize(f, 1<<18)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil && mode != 0 {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	r := &replacement{f, path}
	if err != nil {
		r.discard()
		return nil, renamed(err, name, path)
	}
	return r, nil
}

// renamed is an error about the file that the user knows.
func renamed(err error, from, to string) error {
	var e *fs.PathError
	if errors.As(err, &e) && e.Path == from {
		return &fs.PathError{Op: e.Op, Path: to, Err: e.Err}
	}
	return err
}

func (r *replacement) discard() {
	_ = r.Close()
	_ = os.Remove(r.Name())
}

// commit closes the file and gives it the path.
func (r *replacement) commit() error {
	err := r.Close()
	if err == nil {
		err = os.Rename(r.Name(), r.path)
	}
	if err != nil {
		_ = os.Remove(r.Name())
	}
	return err
}

// commitLocked gives the path of a locked file to the new one, and is the new one, open and locked. No other process finds
// the path without a lock, but on Windows, which renames no open file.
func (r *replacement) commitLocked(old *os.File) (*os.File, error) {
	if runtime.GOOS == "windows" {
		_ = old.Close()
		if err := r.commit(); err != nil {
			return nil, err
		}
		return openLocked(r.path)
	}
	err := lock(r.File, false)
	if err == nil {
		err = os.Rename(r.Name(), r.path)
	}
	if err != nil {
		r.discard()
		return nil, err
	}
	return r.File, old.Close()
}

// WriteFile writes a file such that its path has what it had before, or all of what write writes. It refuses a path that holds
// something already, unless overwrite is true, and one that another process writes. What is no file, such as a pipe, is
// written to as it is.
func WriteFile(path string, overwrite bool, write func(io.Writer) error) error {
	mode := fs.FileMode(0)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, expected a file", path)
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	case info.Size() > 0 && !overwrite:
		return errNotEmpty(path, "--overwrite replaces it")
	default:
		mode = info.Mode().Perm()
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return err
		}
		if err := checkUnlocked(path); err != nil {
			return err
		}
	}
	r, err := newReplacement(path, mode, write)
	if err != nil {
		return err
	}
	return r.commit()
}

// checkUnlocked refuses a file that a process writes.
func checkUnlocked(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := errors.Join(lock(f, true), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func errNotEmpty(path, remedy string) error {
	return fmt.Errorf("%s: exists and is not empty; %s", path, remedy)
}
