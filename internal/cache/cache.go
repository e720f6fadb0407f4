// Package cache keeps the features of pictures on disk, so that another question about a picture need not encode it again.
//
// A cache is a folder that any number of processes may use at once. It has a file an entry, under a name that is made of its key:
//
//	ab/cdef….features    an entry
//	features-….tmp       one that is being written; what a crash left is removed after an hour
//	usage.json           the bytes that entries take at most
//	lock                 held while an entry is put into place; never deleted
//
// An entry is found whole and as it was stored, or not at all. The bytes of all entries never exceed the limit of who stores; those
// least recently used make room. Nothing but these files is touched in the folder.
package cache

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

const (
	suffix    = ".features"
	temporary = "features-*.tmp"
	lockName  = "lock"

	lockPatience = 5 * time.Second
	lockPoll     = 2 * time.Millisecond
)

// Cache is a folder of features. Its methods may be called from several goroutines and processes. A nil Cache holds nothing.
type Cache struct {
	folder   string
	limit    int64
	patience time.Duration // with another process that holds the lock
}

// Open is the cache in a folder, for at most limit bytes of entries. Nothing is read or made before it is needed; a folder that
// cannot be used is an error of Store. Without a limit or a folder nothing is stored and nothing found.
func Open(folder string, limit int64) (*Cache, error) {
	if limit < 0 {
		return nil, fmt.Errorf("a cache of %d bytes, expected 0 or more", limit)
	}
	return &Cache{folder, limit, lockPatience}, nil
}

func (c *Cache) holdsNothing() bool { return c == nil || c.folder == "" || c.limit == 0 }

func (c *Cache) path(k Key) string {
	name := k.name()
	return filepath.Join(c.folder, name[:2], name[2:]+suffix)
}

// Load finds the entry of a key, and counts as a use of it. A file that is not what Store wrote for the key is removed.
func (c *Cache) Load(k Key) (Entry, bool) {
	if c.holdsNothing() {
		return Entry{}, false
	}
	path := c.path(k)
	found, e, err := read(path)
	if err == nil && found != k {
		err = damage("holds another key")
	}
	if isDamage(err) {
		_ = os.Remove(path)
	}
	if err != nil {
		return Entry{}, false
	}
	touch(path)
	return e, true
}

// touch makes a file the one that was used last, where the file system lets it.
func touch(path string) {
	now := time.Now()
	_ = os.Chtimes(path, now, now)
}

// Store keeps an entry, unless the one that is there has at least its rows of every crop, or it alone is above the limit. After an
// error the cache is as it was, but that entries may have been removed to make room.
func (c *Cache) Store(k Key, e Entry) error {
	if err := e.check(); err != nil || c.holdsNothing() {
		return err
	}
	head, err := encodeHeader(k, e)
	if err != nil {
		return err
	}
	if fileSize(head, e) > c.limit || c.has(k, e) {
		return nil
	}
	if err := os.MkdirAll(c.folder, 0o700); err != nil {
		return err
	}
	c.removeTemporary(time.Now().Add(-time.Hour))
	f, err := os.CreateTemp(c.folder, temporary)
	if err != nil {
		return err
	}
	err = errors.Join(write(f, head, e), f.Close())
	if err == nil {
		err = c.place(f.Name(), k, e, fileSize(head, e))
	}
	_ = os.Remove(f.Name())
	return err
}

// Has says whether there is an entry of a key with at least keep[b] rows of each crop, as its header says, which counts as a use
// of it.
func (c *Cache) Has(k Key, keep []int, width int) bool {
	return !c.holdsNothing() && c.has(k, Entry{Keep: keep, Width: width})
}

// has says whether the entry of a key has at least the rows of e, which counts as a use of it.
func (c *Cache) has(k Key, e Entry) bool {
	path := c.path(k)
	h, err := peek(path)
	if err != nil || h.Width != e.Width || !covers(h.Keep, e.Keep) {
		return false
	}
	found, err := h.key()
	if err != nil || found != k {
		return false
	}
	touch(path)
	return true
}

// place makes room for a written file and moves it to its path. It stays where it is if meanwhile another process has stored a
// better one or cleared the cache.
func (c *Cache) place(written string, k Key, e Entry, size int64) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.has(k, e) {
		return nil
	}
	path := c.path(k)
	if err := c.makeRoom(path, size); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err = os.Rename(written, path)
	if errors.Is(err, fs.ErrNotExist) || err != nil && beingRead(path) {
		return nil
	}
	return err
}

// beingRead says whether a file may be there that cannot be replaced since somebody reads it, which only Windows minds.
func beingRead(path string) bool {
	_, err := os.Stat(path)
	return runtime.GOOS == "windows" && err == nil
}

// lock waits some time for the lock of the folder, which must be there. Holders work on names and sizes only.
func (c *Cache) lock() (unlock func(), err error) {
	lock := flock.New(filepath.Join(c.folder, lockName))
	ctx, cancel := context.WithTimeout(context.Background(), c.patience)
	defer cancel()
	_, err = lock.TryLockContext(ctx, lockPoll)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("%s: another process has held it for %v", lock.Path(), c.patience)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", lock.Path(), err)
	}
	return func() { _ = lock.Unlock() }, nil
}
