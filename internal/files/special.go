package files

import (
	"context"
	"io/fs"
	"os"
)

// IsSpecial says whether a path has something that is neither a regular file nor a folder, such as a pipe or a device.
func IsSpecial(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// OpenSpecial opens what IsSpecial is true of for writing alone: this process must not be a reader of the pipe itself, or it would
// never be told that all others have gone. Without a reader it waits for one, until ctx is done; the error is then ctx's.
func OpenSpecial(ctx context.Context, path string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	opened := make(chan result)
	go func() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		select {
		case opened <- result{f, err}:
		case <-ctx.Done():
			if err == nil {
				_ = f.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		return r.file, r.err
	case <-ctx.Done():
		return nil, &fs.PathError{Op: "open", Path: path, Err: ctx.Err()}
	}
}
