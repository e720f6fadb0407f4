// Package cache keeps on disk what the encoder and the decoder have computed, so that it need not be computed again: the features of
// a picture's crops, and the keys and values of prompts.
//
// A cache is a folder that any number of processes may use at once:
//
//	ab/cdef…-0123….crops   a segment: crops of one Key, written once and never changed
//	ab/cdef….prompt        the keys and values of one prompt
//	.mcllava-…             a file that is being written
//	usage.json             the bytes that entries take at most
//	lock                   held while an entry is put into place; never deleted
//
// Segments and prompts are the entries. What is in one is found whole and as it was stored, or not at all. The bytes of all entries
// never exceed the limit of who stores; the least recently used are evicted. Nothing but these files is touched in the folder, no
// link in it is followed, and a folder that others can write to is not used.
package cache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mcllava/mcllava/internal/files"
)

const (
	cropsSuffix  = ".crops"
	promptSuffix = ".prompt"
	lockName     = "lock"

	lockPatience = 5 * time.Second
)

// Cache is a folder of entries. Its methods may be called from several goroutines and processes. A nil Cache holds nothing.
type Cache struct {
	folder   string
	limit    int64
	patience time.Duration // with another process that holds the lock
}

// Open is the cache in a folder, for at most limit bytes of entries. Nothing is read or made before it is needed; a folder that
// cannot be used is an error of Check and of what stores. Without a limit or a folder nothing is stored and nothing found.
func Open(folder string, limit int64) (*Cache, error) {
	if limit < 0 {
		return nil, fmt.Errorf("a cache of %d bytes, expected 0 or more", limit)
	}
	return &Cache{folder, limit, lockPatience}, nil
}

func (c *Cache) holdsNothing() bool { return c == nil || c.folder == "" || c.limit == 0 }

// Check says why the cache's folder is not to be used: it is no folder, belongs to another user, or is writable by all. One that is
// not there yet can be used.
func (c *Cache) Check() error {
	if c == nil || c.folder == "" {
		return nil
	}
	info, err := os.Stat(c.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: is not a folder", c.folder)
	}
	if err := private(info); err != nil {
		return fmt.Errorf("%s: %w, expected a cache folder of this user alone", c.folder, err)
	}
	return nil
}

// usable says whether entries may be read.
func (c *Cache) usable() bool { return !c.holdsNothing() && c.Check() == nil }

// prepare makes the folder, and removes from it what killed processes left.
func (c *Cache) prepare() error {
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	if err := c.Check(); err != nil {
		return err
	}
	files.RemoveLeft(c.folder, 0)
	return nil
}

// path is that of an entry with a name, which is a SHA-256.
func (c *Cache) path(name [32]byte, end string) string {
	text := hex.EncodeToString(name[:])
	return filepath.Join(c.folder, text[:2], text[2:]+end)
}

// touch makes a file the one that was used last, where the file system lets it.
func touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// place makes room for a written file and gives it its path, unless under the lock it turns out to be stale. Then placed is called,
// still under the lock.
func (c *Cache) place(written *os.File, path string, stale func() bool, placed func()) error {
	size, err := written.Seek(0, io.SeekEnd)
	if err != nil {
		files.Discard(written)
		return err
	}
	unlock, err := c.lock()
	if err != nil {
		files.Discard(written)
		return err
	}
	defer unlock()
	if stale() {
		files.Discard(written)
		return nil
	}
	err = c.makeRoom(path, size)
	if folder := filepath.Dir(path); err == nil && !isFolder(folder) {
		err = os.Mkdir(folder, 0o700)
	}
	if err != nil {
		files.Discard(written)
		return err
	}
	switch err = files.Place(written, path); {
	case err == nil:
		placed()
	case errors.Is(err, fs.ErrNotExist), beingRead(path):
		return nil
	}
	return err
}

// beingRead says whether a file may be there that cannot be replaced since somebody reads it, which only Windows minds.
func beingRead(path string) bool {
	_, err := os.Stat(path)
	return runtime.GOOS == "windows" && err == nil
}

// lock waits some time for the lock of the folder, which must be there. Holders read no more than headers.
func (c *Cache) lock() (unlock func(), err error) {
	return files.Hold(filepath.Join(c.folder, lockName), c.patience)
}

// damage is why a file is no entry, or not the one that its name says.
type damage string

func (d damage) Error() string { return string(d) }

func isDamage(err error) bool {
	var d damage
	return errors.As(err, &d)
}
