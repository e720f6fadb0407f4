package records

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mcllava/mcllava/internal/files"
)

// reason is an error without the operation and the path.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// WriteFile writes a file such that its path has what it had before, or all of what write writes. It refuses a path that holds
// something already, unless overwrite is true, and one that another process writes. What is no file, such as a pipe, is
// written to as it is, once somebody reads it or until ctx is done.
func WriteFile(ctx context.Context, path string, overwrite bool, write func(io.Writer) error) error {
	mode := fs.FileMode(0)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s: is a folder, expected a file", path)
	case !info.Mode().IsRegular():
		f, err := files.OpenSpecial(ctx, path)
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
	files.RemoveLeft(filepath.Dir(path), 0)
	return files.Replace(path, mode, write)
}

// checkUnlocked refuses a file that a process writes.
func checkUnlocked(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := errors.Join(files.Lock(f, true), f.Close()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func errNotEmpty(path, remedy string) error {
	return fmt.Errorf("%s: exists and is not empty; %s", path, remedy)
}
