package cache

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Stats is what a cache holds.
type Stats struct {
	Folder         string // "" for a cache that holds nothing
	Entries        int
	Bytes          int64 // of the entries
	Limit          int64
	Oldest, Newest time.Time // last uses, of the entry whose is longest ago and of the one just used; zero without entries
}

// Stats counts the entries. A folder that is not there has none.
func (c *Cache) Stats() (Stats, error) {
	if c == nil || c.folder == "" {
		return Stats{}, nil
	}
	s := Stats{Folder: c.folder, Limit: c.limit}
	all, err := c.entries()
	for _, e := range all {
		s.Entries++
		s.Bytes += e.size
		if s.Oldest.IsZero() || e.used.Before(s.Oldest) {
			s.Oldest = e.used
		}
		if e.used.After(s.Newest) {
			s.Newest = e.used
		}
	}
	return s, err
}

// Verify reads every entry and removes those that Load would not take, each after a call of damaged that says why. It returns how
// many entries are as they were stored, and counts as no use of them. The error is the context's, or names the first file that
// could not be read or removed.
func (c *Cache) Verify(ctx context.Context, damaged func(path, reason string)) (whole int, err error) {
	if c == nil || c.folder == "" {
		return 0, nil
	}
	all, err := c.entries()
	for _, s := range all {
		if ctx.Err() != nil {
			return whole, ctx.Err()
		}
		k, _, readErr := read(s.path)
		if readErr == nil && c.path(k) != s.path {
			readErr = damage("has the name of another key")
		}
		switch {
		case readErr == nil:
			whole++
		case isDamage(readErr):
			damaged(s.path, readErr.Error())
			err = cmp.Or(err, remove(s.path))
		case !errors.Is(readErr, fs.ErrNotExist):
			err = cmp.Or(err, readErr)
		}
	}
	return whole, err
}

// Clear removes all entries, and what was being written of others. Files that are not the cache's stay. The error names the first
// file that could not be removed.
func (c *Cache) Clear() error {
	if c == nil || c.folder == "" {
		return nil
	}
	if _, err := os.Stat(c.folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := c.entries()
	for _, s := range all {
		err = cmp.Or(err, remove(s.path))
	}
	err = cmp.Or(err, remove(filepath.Join(c.folder, usageName)))
	c.removeTemporary(time.Now().Add(time.Hour))
	folders, listErr := c.subfolders()
	for _, folder := range folders {
		_ = os.Remove(folder) // fails if it has other files
	}
	return cmp.Or(err, listErr)
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
