// Package files writes files beside their path and renames them, and locks files between processes.
//
// A file that is being written is called .mcllava- and something random, and its writer holds its lock. When the writer is killed
// the lock ends and the file stays, so that RemoveLeft of a later process can tell it from one that is still written.
package files

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
	"strings"
	"time"
)

// temporary is what the names of files begin with that are being written.
const temporary = ".mcllava-"

// Temp creates a file in a folder, open for reading and writing and locked. It ends with Place or Discard.
func Temp(folder string, perm fs.FileMode) (*os.File, error) {
	for {
		name := filepath.Join(folder, temporary+rand.Text())
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if err != nil {
			return nil, err
		}
		// RemoveLeft of another process may come between the two.
		err = Lock(f, false)
		if err == nil && isAt(f, name) {
			return f, nil
		}
		Discard(f)
		if err != nil && !errors.Is(err, ErrLocked) {
			return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
		}
	}
}

// isAt says whether an open file is the one that has a path now.
func isAt(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(opened, now)
}

// Place closes a file of Temp and gives it a path, in the place of what has it. After an error the file is gone.
func Place(f *os.File, path string) error {
	var err error
	if runtime.GOOS == "windows" { // which renames no open file
		if err = f.Close(); err == nil {
			err = os.Rename(f.Name(), path)
		}
	} else {
		// The lock is held until the file has its path.
		err = errors.Join(os.Rename(f.Name(), path), f.Close())
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// PlaceLocked gives a file of Temp the path of an open and locked file, which is closed, and returns the new file, open and locked.
// No other process finds the path without a lock, but on Windows. After an error the new file is gone.
func PlaceLocked(f, old *os.File, path string) (*os.File, error) {
	if runtime.GOOS == "windows" {
		_ = old.Close()
		if err := Place(f, path); err != nil {
			return nil, err
		}
		return OpenLocked(path)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		Discard(f)
		return nil, err
	}
	return f, old.Close()
}

// Discard closes and removes a file of Temp.
func Discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Write writes a file of Temp beside path, whole and on the disk, for Place. It has the permissions perm, or those of any new file
// if perm is 0. An error names path, and after it nothing is left.
func Write(path string, perm fs.FileMode, write func(io.Writer) error) (*os.File, error) {
	f, err := Temp(filepath.Dir(path), 0o666)
	if err != nil {
		return nil, named(err, path)
	}
	buffered := bufio.NewWriterSize(f, 1<<18)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil && perm != 0 {
		err = f.Chmod(perm)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		name := f.Name()
		Discard(f)
		return nil, renamed(err, name, path)
	}
	return f, nil
}

// Replace writes a file such that path has what it had before, or all of what write writes. It has the permissions perm, or those of
// any new file if perm is 0. A link at path is replaced and not followed.
func Replace(path string, perm fs.FileMode, write func(io.Writer) error) error {
	f, err := Write(path, perm, write)
	if err != nil {
		return err
	}
	return Place(f, path)
}

// named is an error about the file that the user knows, and not about the one beside it.
func named(err error, path string) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return &fs.PathError{Op: e.Op, Path: path, Err: e.Err}
	}
	return err
}

// renamed is named for errors about one file.
func renamed(err error, from, to string) error {
	var e *fs.PathError
	if errors.As(err, &e) && e.Path == from {
		return named(err, to)
	}
	return err
}

// RemoveLeft removes files that writers left in a folder when they were killed, and that were last written longer ago than
// olderThan. Those that a process writes stay, and so does what cannot be removed.
func RemoveLeft(folder string, olderThan time.Duration) {
	all, _ := os.ReadDir(folder)
	for _, entry := range all {
		if !strings.HasPrefix(entry.Name(), temporary) || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) >= olderThan {
			removeLeft(filepath.Join(folder, entry.Name()), info.ModTime())
		}
	}
}

func removeLeft(path string, written time.Time) {
	f, err := OpenRegular(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if err := lock(f, false); err != nil && !errors.Is(err, errors.ErrUnsupported) || !isAt(f, path) {
		return
	} else if time.Since(written) < unlocked(err) {
		return
	}
	if runtime.GOOS == "windows" { // which removes no open file
		_ = f.Close()
	}
	_ = os.Remove(path)
}

// unlocked is how long after it was written a file may have a writer without a lock, where lock gives err. On Windows, Place has
// none for a moment.
func unlocked(err error) time.Duration {
	switch {
	case err != nil:
		return 24 * time.Hour
	case runtime.GOOS == "windows":
		return time.Minute
	}
	return 0
}

// ErrNotRegular says that a path has something that is no regular file.
var ErrNotRegular = errors.New("is not a regular file")

// OpenRegular opens a regular file for reading. It follows no link at path, and does not wait for what is no file, such as a pipe.
func OpenRegular(path string) (*os.File, error) { return openRegular(path, os.O_RDONLY) }

func openRegular(path string, flag int) (*os.File, error) {
	switch info, err := os.Lstat(path); {
	case err == nil && !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	case err != nil && (flag&os.O_CREATE == 0 || !errors.Is(err, fs.ErrNotExist)):
		return nil, err
	}
	f, err := os.OpenFile(path, flag|withoutFollowing, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ReadRegular reads a file that OpenRegular opens, of at most so many bytes.
func ReadRegular(path string, most int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: has more than %d bytes", path, most)
	}
	return text, err
}
