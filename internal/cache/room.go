package cache

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/mcllava/mcllava/internal/files"
)

const usageName = "usage.json"

// countAgain is the age at which a usage is no longer believed: files may have come by other ways.
const countAgain = 24 * time.Hour

// usage saves a walk through the folder as long as entries are far below the limit. It is read and written under the lock.
type usage struct {
	AtMost  int64     `json:"at_most"` // bytes of all entries; less if some were removed or replaced since they were counted
	Counted time.Time `json:"counted"`
}

func (c *Cache) readUsage() (u usage, ok bool) {
	const most = 4096 // bytes
	text, err := files.ReadRegular(filepath.Join(c.folder, usageName), most)
	if err != nil || json.Unmarshal(text, &u) != nil {
		return usage{}, false
	}
	age := time.Since(u.Counted)
	return u, u.AtMost >= 0 && age >= 0 && age < countAgain
}

func (c *Cache) writeUsage(u usage) error {
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	f, err := files.Temp(c.folder, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(text, '\n')); err != nil {
		files.Discard(f)
		return err
	}
	return files.Place(f, filepath.Join(c.folder, usageName))
}

// makeRoom removes the entries that were used longest ago until size bytes more are within the limit, and counts them as used. A
// file at path is about to be replaced. The lock must be held.
func (c *Cache) makeRoom(path string, size int64) error {
	u, ok := c.readUsage()
	if !ok || u.AtMost > c.limit-size {
		all, err := c.entries()
		if err != nil {
			return err
		}
		u = usage{Counted: time.Now()}
		if u.AtMost, err = c.evict(all, path, size); err != nil {
			return err
		}
	}
	u.AtMost += size
	return c.writeUsage(u)
}

// spare is the share of the limit that an eviction leaves free, so that not every Store at the limit walks the folder.
const spare = 16

// evict removes entries as makeRoom says and returns the bytes of those that remain, the one at path not among them.
func (c *Cache) evict(all []stored, path string, size int64) (int64, error) {
	all = slices.DeleteFunc(all, func(s stored) bool { return s.path == path })
	slices.SortFunc(all, func(a, b stored) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	var sum int64
	for _, s := range all {
		sum += s.size
	}
	if sum <= c.limit-size {
		return sum, nil
	}
	for _, s := range all {
		if sum <= c.limit-c.limit/spare-size {
			break
		}
		if err := os.Remove(s.path); err == nil || errors.Is(err, fs.ErrNotExist) {
			sum -= s.size
		}
	}
	if sum > c.limit-size {
		return sum, fmt.Errorf("%s: has %d bytes of entries that cannot be removed, and the limit is %d", c.folder, sum, c.limit)
	}
	return sum, nil
}

// stored is an entry's file.
type stored struct {
	path string
	size int64
	used time.Time
}

var (
	entryFolder = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{2}$`) })
	cropsFile   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{62}-[0-9a-f]{16}\.crops$`) })
	promptFile  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{62}\.prompt$`) })

	// What versions before this one left.
	oldFile      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{62}\.features$`) })
	oldTemporary = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^features-[0-9]+\.tmp$`) })
)

// entries lists the files under the names of entries; none if there is no folder. Those of older versions are removed.
func (c *Cache) entries() ([]stored, error) {
	top, err := os.ReadDir(c.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []stored
	for _, f := range top {
		if f.Type().IsRegular() && oldTemporary().MatchString(f.Name()) {
			_ = os.Remove(filepath.Join(c.folder, f.Name()))
		}
		if !f.IsDir() || !entryFolder().MatchString(f.Name()) {
			continue
		}
		folder := filepath.Join(c.folder, f.Name())
		found, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, f := range found {
			switch name := f.Name(); {
			case !f.Type().IsRegular():
				continue
			case oldFile().MatchString(name):
				_ = os.Remove(filepath.Join(folder, name))
				continue
			case !cropsFile().MatchString(name) && !promptFile().MatchString(name):
				continue
			}
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			all = append(all, stored{filepath.Join(folder, f.Name()), info.Size(), info.ModTime()})
		}
	}
	return all, nil
}

// isFolder says whether there is a folder, and no link to one.
func isFolder(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}

// Roomy says whether so many bytes more would leave half of the limit free, so that it is worth keeping what only may be wanted.
func (c *Cache) Roomy(size int64) bool {
	if c.holdsNothing() || size > c.limit/2 {
		return false
	}
	u, ok := c.readUsage()
	return !ok || u.AtMost <= c.limit/2-size
}
