//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// quick fails a test whose f waits for something.
func quick(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s: hangs", what)
	}
}

func fifo(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, target, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	_ = os.Remove(path)
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
}

// TestUsageIsNoLink has a link to another file, and to one without an end.
func TestUsageIsNoLink(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{mine, "/dev/zero", filepath.Join(t.TempDir(), "missing")} {
		c := cacheOf(t, 1<<20)
		store(t, c, picture(1), features(1, 1))
		link(t, target, filepath.Join(c.folder, usageName))
		quick(t, target, func() {
			if n := allocated(func() { store(t, c, picture(2), features(2, 1)) }); n > 4<<20 {
				t.Errorf("%s: %d bytes were allocated", target, n)
			}
		})
		wantCrops(t, c, picture(2), features(2, 1))
		if u, ok := readUsage(t, c); !ok || u.AtMost == 0 {
			t.Errorf("%s: %+v, %v", target, u, ok)
		}
		if filepath.Base(target) == "missing" && exists(target) {
			t.Error("the link's target was made")
		}
	}
	if text, err := os.ReadFile(mine); string(text) != "mine" || err != nil {
		t.Errorf("the link's target is %q, %v", text, err)
	}
}

func TestPipesHangNothing(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	fifo(t, filepath.Join(c.folder, usageName))
	quick(t, "usage", func() { store(t, c, picture(2), features(2, 1)) })

	entry, prompt := segmentPath(c, picture(3)), c.path(promptName(3), promptSuffix)
	fifo(t, entry)
	fifo(t, prompt)
	fifo(t, filepath.Join(c.folder, ".mcllava-pipe"))
	quick(t, "entries", func() {
		wantMiss(t, c, picture(3), features(3, 1))
		wantNoPrompt(t, c, 3)
		store(t, c, picture(3), features(3, 1))
		storePrompt(t, c, 3, 50)
		wantCrops(t, c, picture(3), features(3, 1))
		wantPrompt(t, c, 3, 50)
		if _, err := c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) }); err != nil {
			t.Error(err)
		}
	})
	fifo(t, filepath.Join(c.folder, lockName))
	quick(t, "lock", func() {
		if err := c.Store(picture(4), testWidth, features(4, 1)); err == nil || !strings.Contains(err.Error(), "lock: is not a regular file") {
			t.Errorf("%v", err)
		}
		if _, err := c.Clear(); err == nil {
			t.Error("cleared")
		}
	})
	wantCrops(t, c, picture(1), features(1, 1))
}

// TestEntriesAreNoLinks has links to good entries elsewhere.
func TestEntriesAreNoLinks(t *testing.T) {
	other, c := cacheOf(t, 1<<20), cacheOf(t, 1<<20)
	store(t, other, picture(1), features(1, 1))
	storePrompt(t, other, 1, 50)
	link(t, segmentsOf(t, other, picture(1))[0], segmentPath(c, picture(1)))
	link(t, other.path(promptName(1), promptSuffix), c.path(promptName(1), promptSuffix))
	wantMiss(t, c, picture(1), features(1, 1))
	wantNoPrompt(t, c, 1)
	for _, name := range []string{filepath.Dir(segmentsOf(t, other, picture(1))[0]), filepath.Dir(other.path(promptName(1), promptSuffix))} {
		path := filepath.Join(c.folder, filepath.Base(name))
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		link(t, name, path)
	}
	wantMiss(t, c, picture(1), features(1, 1))
	wantNoPrompt(t, c, 1)
	if err := c.Store(picture(1), testWidth, features(1, 2)); err == nil {
		t.Error("stored through a link")
	}
	if s, err := c.Stats(); err != nil || s.Entries != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	wantCrops(t, other, picture(1), features(1, 1))
	wantPrompt(t, other, 1, 50)
}

// wantUnused has a cache whose folder is not to be used.
func wantUnused(t *testing.T, c *Cache, reason string) {
	t.Helper()
	wantMiss(t, c, picture(1), features(1, 1))
	wantNoPrompt(t, c, 1)
	_, statsErr := c.Stats()
	_, verifyErr := c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) })
	_, clearErr := c.Clear()
	for what, err := range map[string]error{
		"Check": c.Check(), "Store": c.Store(picture(2), testWidth, features(2, 1)),
		"StorePrompt": c.StorePrompt(promptName(2), 3, whole([]byte("abc"))),
		"Stats":       statsErr, "Verify": verifyErr, "Clear": clearErr,
	} {
		if err == nil || !strings.Contains(err.Error(), reason) || !strings.Contains(err.Error(), c.folder) {
			t.Errorf("%s: %v, want the folder and %q", what, err, reason)
		}
	}
}

func TestFoldersOfOthers(t *testing.T) {
	c := cacheOf(t, 1<<20)
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	store(t, c, picture(1), features(1, 1))
	storePrompt(t, c, 1, 50)
	for _, mode := range []os.FileMode{0o777, 0o777 | os.ModeSticky, 0o702} {
		if err := os.Chmod(c.folder, mode); err != nil {
			t.Fatal(err)
		}
		wantUnused(t, c, "can be written to by every user")
	}
	if err := os.Chmod(c.folder, 0o775); err != nil {
		t.Fatal(err)
	}
	wantCrops(t, c, picture(1), features(1, 1))
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	if err := os.Chown(c.folder, 12345, -1); err != nil {
		t.Fatal(err)
	}
	wantUnused(t, c, "belongs to another user")
	if err := os.Chown(c.folder, 0, -1); err != nil {
		t.Fatal(err)
	}
	wantCrops(t, c, picture(1), features(1, 1))
	wantPrompt(t, c, 1, 50)
}

// TestUnusableFolders has a folder that cannot be made, and one that is a file.
func TestUnusableFolders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, filepath.Join(file, "features")} {
		c, err := Open(folder, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Store(picture(1), testWidth, features(1, 1)); err == nil {
			t.Errorf("%s: stored", folder)
		}
		wantMiss(t, c, picture(1), features(1, 1))
		if s, err := c.Stats(); err == nil {
			t.Errorf("%s: %+v", folder, s)
		}
	}
	if c, err := Open(t.TempDir(), -1); err == nil {
		t.Errorf("a negative limit gives %+v", c)
	}
}

func TestReadOnlyFolder(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	path := segmentsOf(t, c, picture(1))[0]
	for _, folder := range []string{filepath.Dir(path), c.folder} {
		if err := os.Chmod(folder, 0o500); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.Chmod(folder, 0o700) }()
	}
	if f, err := os.Create(filepath.Join(c.folder, "file")); err == nil {
		_ = f.Close()
		t.Skip("this user may write to read-only folders")
	}
	if err := c.Store(picture(2), testWidth, features(2, 1)); err == nil {
		t.Error("stored")
	}
	wantCrops(t, c, picture(1), features(1, 1))
	flip(t, path, 40, 1)
	if got := load(c, picture(1), features(1, 1)); !reflect.DeepEqual(got, make([]Crop, testCrops)) {
		t.Errorf("%v", got)
	}
	damaged := 0
	if v, err := c.Verify(t.Context(), func(string, string) { damaged++ }); v.Whole.Entries != 0 || damaged != 1 || err == nil {
		t.Errorf("%+v, %d damaged, %v; want 0, 1, an error", v, damaged, err)
	}
	if _, err := c.Clear(); err == nil {
		t.Error("cleared")
	}
}
