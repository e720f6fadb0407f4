package cache

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mcllava/mcllava/internal/files"
)

// Stats is what a cache holds.
type Stats struct {
	Folder         string // "" for a cache that holds nothing
	Entries        int    // segments and prompts
	Pictures       int    // that crops are kept of, once for each way to cut them, precision and checkpoint
	Prompts        int
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
	if err := c.Check(); err != nil {
		return s, err
	}
	all, err := c.entries()
	pictures := map[string]bool{}
	for _, e := range all {
		s.Entries++
		s.Bytes += e.size
		if name := entryName(e.path); promptFile().MatchString(filepath.Base(e.path)) {
			s.Prompts++
		} else {
			pictures[name] = true
		}
		if s.Oldest.IsZero() || e.used.Before(s.Oldest) {
			s.Oldest = e.used
		}
		if e.used.After(s.Newest) {
			s.Newest = e.used
		}
	}
	s.Pictures = len(pictures)
	return s, err
}

// entryName is the name of an entry's key or prompt, in hexadecimal.
func entryName(path string) string {
	return filepath.Base(filepath.Dir(path)) + filepath.Base(path)[:62]
}

// Count is a number of entries and the bytes that they take.
type Count struct {
	Entries int
	Bytes   int64
}

func (n *Count) add(s stored) { *n = Count{n.Entries + 1, n.Bytes + s.size} }

// Verified is what Verify found.
type Verified struct {
	Whole   Count // entries that are as they were stored
	Damaged Count // entries that have been removed
}

// Verify reads every entry and removes those that are damaged, each after a call of damaged that says why. That counts as no use of
// them. The error is the context's, or names the first file that could not be read or removed.
func (c *Cache) Verify(ctx context.Context, damaged func(path, reason string)) (v Verified, err error) {
	if c == nil || c.folder == "" {
		return v, nil
	}
	if err := c.Check(); err != nil {
		return v, err
	}
	all, err := c.entries()
	for _, s := range all {
		if ctx.Err() != nil {
			return v, ctx.Err()
		}
		readErr := verify(s.path)
		switch {
		case readErr == nil:
			v.Whole.add(s)
		case isDamage(readErr):
			damaged(s.path, readErr.Error())
			if removeErr := remove(s.path); removeErr != nil {
				err = cmp.Or(err, removeErr)
			} else {
				v.Damaged.add(s)
			}
		case !errors.Is(readErr, fs.ErrNotExist):
			err = cmp.Or(err, readErr)
		}
	}
	return v, err
}

// verify reads an entry whole.
func verify(path string) error {
	var name [32]byte
	if _, err := hex.Decode(name[:], []byte(entryName(path))); err != nil {
		return err
	}
	if promptFile().MatchString(filepath.Base(path)) {
		m, err := readPrompt(path, name)
		if err != nil {
			return err
		}
		return m.Close()
	}
	f, s, err := openSegment(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if s.name != name {
		return damage("has the name of another key")
	}
	for i := range s.crops {
		if _, _, err := s.read(f, i, 0); err != nil {
			return err
		}
	}
	return nil
}

// Clear removes all entries, what killed processes left, and the count of what there is. Files that are not the cache's stay. It
// returns what it has removed; the error names the first file that could not be.
func (c *Cache) Clear() (cleared Count, err error) {
	if c == nil || c.folder == "" {
		return cleared, nil
	}
	if _, err := os.Stat(c.folder); errors.Is(err, fs.ErrNotExist) {
		return cleared, nil
	}
	if err := c.Check(); err != nil {
		return cleared, err
	}
	unlock, err := c.lock()
	if err != nil {
		return cleared, err
	}
	defer unlock()
	all, err := c.entries()
	for _, s := range all {
		if removeErr := remove(s.path); removeErr != nil {
			err = cmp.Or(err, removeErr)
		} else {
			cleared.add(s)
		}
	}
	top, listErr := os.ReadDir(c.folder)
	for _, f := range top {
		if f.IsDir() && entryFolder().MatchString(f.Name()) {
			_ = os.Remove(filepath.Join(c.folder, f.Name())) // fails if it has other files
		}
	}
	files.RemoveLeft(c.folder, 0)
	return cleared, cmp.Or(err, listErr, remove(filepath.Join(c.folder, usageName)))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
