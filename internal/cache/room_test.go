package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mcllava/mcllava/internal/files"
)

// entrySize is the bytes of a picture's entry with so many rows.
func entrySize(t *testing.T, rows int) int64 {
	t.Helper()
	crops, err := encodeAll(features(0, rows), testWidth)
	if err != nil {
		t.Fatal(err)
	}
	return fileSize(testWidth, crops)
}

// total is the bytes of all entries, counted under the lock so that none comes or goes meanwhile.
func total(t *testing.T, c *Cache) (sum int64, entries int) {
	t.Helper()
	unlock, err := c.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	all, err := c.entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		sum += s.size
	}
	return sum, len(all)
}

func TestLeastRecentlyUsedGoFirst(t *testing.T) {
	size := entrySize(t, 2)
	c := cacheOf(t, 10*size)
	long := time.Now().Add(-time.Hour)
	for i := range 10 {
		store(t, c, picture(i), features(i, 2))
		usedAt(t, c, picture(i), long.Add(time.Duration(i)*time.Second))
	}
	if _, n := total(t, c); n != 10 {
		t.Fatalf("%d entries, want 10", n)
	}
	// Uses: a Load, and a Store that changes nothing.
	wantCrops(t, c, picture(0), features(0, 2))
	store(t, c, picture(2), features(2, 1))
	// Two must go, since a sixteenth of the limit is to be free.
	store(t, c, picture(10), features(10, 2))
	for i, there := range []bool{true, false, true, false, true, true, true, true, true, true, true} {
		if (len(segmentsOf(t, c, picture(i))) == 1) != there {
			t.Errorf("picture %d is there: %v, want %v", i, !there, there)
		}
	}
}

func TestLimit(t *testing.T) {
	size := entrySize(t, 2)
	for _, entries := range []int64{1, 2, 15, 16, 17, 40} {
		limit := entries*size + size/2
		c := cacheOf(t, limit)
		for i := range int(3 * entries) {
			store(t, c, picture(i), features(i, 2))
			sum, _ := total(t, c)
			if sum > limit {
				t.Fatalf("limit of %d entries: %d bytes, limit %d", entries, sum, limit)
			}
			if i >= int(entries) && sum < limit-limit/spare-size {
				t.Fatalf("limit of %d entries: %d bytes, limit %d: too many were removed", entries, sum, limit)
			}
			wantCrops(t, c, picture(i), features(i, 2))
		}
	}
}

func TestReplacementIsWithinTheLimit(t *testing.T) {
	c := cacheOf(t, entrySize(t, 20)+1)
	for rows := range 21 {
		store(t, c, picture(1), features(1, rows))
		wantCrops(t, c, picture(1), features(1, rows))
		if sum, _ := total(t, c); sum > c.limit {
			t.Errorf("%d rows: %d bytes, limit %d", rows, sum, c.limit)
		}
	}
	store(t, c, picture(1), features(1, 21))
	wantCrops(t, c, picture(1), features(1, 20))
}

func TestEntryAboveTheLimit(t *testing.T) {
	c := cacheOf(t, entrySize(t, 4))
	store(t, c, picture(1), features(1, 2))
	store(t, c, picture(2), features(2, 5))
	wantMiss(t, c, picture(2), features(2, 0))
	wantCrops(t, c, picture(1), features(1, 2))
	store(t, c, picture(3), features(3, 4))
	wantCrops(t, c, picture(3), features(3, 4))
	wantMiss(t, c, picture(1), features(1, 0))
}

func TestLowerLimit(t *testing.T) {
	size := entrySize(t, 2)
	c := cacheOf(t, 100*size)
	for i := range 50 {
		store(t, c, picture(i), features(i, 2))
	}
	lower := &Cache{c.folder, 20 * size, lockPatience}
	store(t, lower, picture(50), features(50, 2))
	if sum, _ := total(t, c); sum > lower.limit {
		t.Errorf("%d bytes, limit %d", sum, lower.limit)
	}
	wantCrops(t, lower, picture(50), features(50, 2))
}

func readUsage(t *testing.T, c *Cache) (usage, bool) {
	t.Helper()
	unlock, err := c.lock()
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	return c.readUsage()
}

// TestUsageSavesWalks removes a file by hand, which only a walk can notice.
func TestUsageSavesWalks(t *testing.T) {
	size := entrySize(t, 2)
	c := cacheOf(t, 10*size)
	for i := range 4 {
		store(t, c, picture(i), features(i, 2))
	}
	if err := os.Remove(segmentsOf(t, c, picture(0))[0]); err != nil {
		t.Fatal(err)
	}
	for i := 4; i < 10; i++ {
		store(t, c, picture(i), features(i, 2))
		if u, ok := readUsage(t, c); !ok || u.AtMost != int64(i+1)*size {
			t.Errorf("%+v, %v, want %d bytes without a walk", u, ok, int64(i+1)*size)
		}
	}
	store(t, c, picture(10), features(10, 2))
	if u, ok := readUsage(t, c); !ok || u.AtMost != 10*size {
		t.Errorf("%+v, %v, want %d bytes after a walk", u, ok, 10*size)
	}
	if _, n := total(t, c); n != 10 {
		t.Errorf("%d entries, want 10: there was room for one", n)
	}
}

func TestWrongUsageIsNotBelieved(t *testing.T) {
	size := entrySize(t, 2)
	old := time.Now().Add(-25 * time.Hour).Format(time.RFC3339)
	future := time.Now().Add(time.Hour).Format(time.RFC3339)
	for _, text := range []string{
		"", "0", "{", `{"at_most":0}`, `{"at_most":-9,"counted":"` + time.Now().Format(time.RFC3339) + `"}`,
		`{"at_most":0,"counted":"` + old + `"}`, `{"at_most":0,"counted":"` + future + `"}`, `{"at_most":"1"}`,
	} {
		c := cacheOf(t, 10*size)
		for i := range 10 {
			store(t, c, picture(i), features(i, 2))
		}
		if err := os.WriteFile(filepath.Join(c.folder, usageName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		store(t, c, picture(10), features(10, 2))
		if sum, _ := total(t, c); sum > c.limit {
			t.Errorf("usage %q: %d bytes, limit %d", text, sum, c.limit)
		}
	}
}

func TestLeftFiles(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	left, other := filepath.Join(c.folder, ".mcllava-LEFT"), filepath.Join(c.folder, "other.tmp")
	for _, path := range []string{left, other} {
		copyFile(t, segmentsOf(t, c, picture(1))[0], path)
	}
	written, err := files.Temp(c.folder, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Discard(written)
	store(t, c, picture(2), features(2, 1))
	if exists(left) || !exists(other) || !exists(written.Name()) {
		t.Errorf("left %v, other %v, being written %v", exists(left), exists(other), exists(written.Name()))
	}
}

func TestClearedWhileStoring(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	f, err := files.Temp(c.folder, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		t.Fatal(err)
	}
	path := c.path(picture(2).name(), "-0123456789abcdef.crops")
	if err := c.place(f, path, func() bool { return false }, func() { t.Error("was placed") }); err != nil {
		t.Error(err)
	}
	wantMiss(t, c, picture(2), features(2, 1))
}

func TestLockHeldTooLong(t *testing.T) {
	c := cacheOf(t, 1<<20)
	store(t, c, picture(1), features(1, 1))
	c.patience = 20 * time.Millisecond
	unlock, err := c.lock()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Store(picture(2), testWidth, features(2, 1)); err == nil {
		t.Error("stored without the lock")
	}
	wantCrops(t, c, picture(1), features(1, 1))
	unlock()
	c.patience = lockPatience
	store(t, c, picture(2), features(2, 1))
	wantCrops(t, c, picture(2), features(2, 1))
}
