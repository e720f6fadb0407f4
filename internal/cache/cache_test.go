package cache

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if folder := os.Getenv(workerFolder); folder != "" {
		if err := work(folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func cacheOf(t *testing.T, limit int64) *Cache {
	t.Helper()
	c, err := Open(filepath.Join(t.TempDir(), "picture", "features"), limit)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// picture is the key of the i-th picture.
func picture(i int) Key {
	k := Key{Grid: "100 crops of 378", Precision: "q8", Checkpoint: "abc"}
	k.Picture[0], k.Picture[31] = byte(i), byte(i>>8)
	return k
}

const testCrops, testWidth = 3, 5

// value is a feature of the i-th picture, of which a row is known by its distance from its crop's end.
func value(i, crop, fromEnd, column int) float32 {
	return float32(((i*testCrops+crop)*1000+fromEnd)*testWidth+column) + 0.25
}

// features is the entry of the i-th picture with so many rows of the first crop, and one more of each other.
func features(i, rows int) Entry {
	e := Entry{Width: testWidth}
	for crop := range testCrops {
		e.Keep = append(e.Keep, rows+crop)
		for fromEnd := rows + crop; fromEnd > 0; fromEnd-- {
			for column := range testWidth {
				e.Features = append(e.Features, value(i, crop, fromEnd, column))
			}
		}
	}
	return e
}

func store(t *testing.T, c *Cache, k Key, e Entry) {
	t.Helper()
	if err := c.Store(k, e); err != nil {
		t.Fatal(err)
	}
}

func wantEntry(t *testing.T, c *Cache, k Key, want Entry) {
	t.Helper()
	if got, ok := c.Load(k); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: %v, %v, want %v", k, got, ok, want)
	}
}

func wantMiss(t *testing.T, c *Cache, k Key) {
	t.Helper()
	if got, ok := c.Load(k); ok {
		t.Errorf("%v: %v, want nothing", k, got)
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func TestRoundTrip(t *testing.T) {
	c := cacheOf(t, 1<<20)
	wantMiss(t, c, picture(1))
	if exists(c.folder) {
		t.Error("the folder is there before the first Store")
	}
	for i := range 9 {
		store(t, c, picture(i), features(i, i))
	}
	for i := range 9 {
		wantEntry(t, c, picture(i), features(i, i))
	}
	wantMiss(t, c, picture(9))
	other, err := Open(c.folder, 1)
	if err != nil {
		t.Fatal(err)
	}
	wantEntry(t, other, picture(8), features(8, 8))
}

func TestValuesKeepTheirBits(t *testing.T) {
	c := cacheOf(t, 1<<20)
	bits := []uint32{0, 1 << 31, 1, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc00001, 0xffffffff, 0x7f7fffff, 0x3f800001}
	e := Entry{Keep: []int{0, len(bits)}, Width: 1}
	for _, b := range bits {
		e.Features = append(e.Features, math.Float32frombits(b))
	}
	store(t, c, picture(1), e)
	got, ok := c.Load(picture(1))
	if !ok || len(got.Features) != len(bits) {
		t.Fatalf("%v, %v", got, ok)
	}
	for i, v := range got.Features {
		if math.Float32bits(v) != bits[i] {
			t.Errorf("%x, want %x", math.Float32bits(v), bits[i])
		}
	}
}

func TestEntriesOfSeveralChunks(t *testing.T) {
	for _, n := range []int{chunk/4 - 1, chunk / 4, chunk/4 + 1, 3*chunk/4 + 7} {
		c := cacheOf(t, 1<<20)
		e := Entry{Keep: []int{n}, Width: 1, Features: make([]float32, n)}
		for i := range e.Features {
			e.Features[i] = float32(i) + 0.5
		}
		store(t, c, picture(1), e)
		wantEntry(t, c, picture(1), e)
	}
}

func TestKeysAreApart(t *testing.T) {
	c := cacheOf(t, 1<<20)
	one := picture(1)
	store(t, c, one, features(1, 2))
	for what, change := range map[string]func(*Key){
		"picture":     func(k *Key) { k.Picture[13]++ },
		"grid":        func(k *Key) { k.Grid += " " },
		"precision":   func(k *Key) { k.Precision = "q4" },
		"checkpoint":  func(k *Key) { k.Checkpoint = "" },
		"quotes":      func(k *Key) { k.Grid, k.Precision = k.Grid+`" "`+k.Precision, "" },
		"line breaks": func(k *Key) { k.Checkpoint = "é\n\"\\\x00" },
	} {
		other := one
		change(&other)
		if _, ok := c.Load(other); ok {
			t.Errorf("another %s has an entry", what)
		}
		store(t, c, other, features(2, 1))
		wantEntry(t, c, other, features(2, 1))
		wantEntry(t, c, one, features(1, 2))
	}
}

func TestMoreRowsReplaceFewer(t *testing.T) {
	c := cacheOf(t, 1<<20)
	one := picture(1)
	for _, rows := range []int{3, 2, 0, 5, 4, 5} {
		before, _ := c.Load(one)
		store(t, c, one, features(1, rows))
		want := features(1, rows)
		if len(before.Features) > len(want.Features) {
			want = before
		}
		wantEntry(t, c, one, want)
	}
	s, err := c.Stats()
	if err != nil || s.Entries != 1 {
		t.Errorf("%d entries, %v, want 1", s.Entries, err)
	}
	// Of entries that are neither more nor fewer, the last is kept.
	for _, e := range []Entry{
		{Keep: []int{9, 0, 0}, Width: testWidth, Features: make([]float32, 9*testWidth)},
		{Keep: []int{1}, Width: testWidth, Features: make([]float32, testWidth)},
		{Keep: []int{1}, Width: 2, Features: make([]float32, 2)},
		{Keep: []int{1, 1}, Width: 2, Features: make([]float32, 4)},
	} {
		store(t, c, one, e)
		wantEntry(t, c, one, e)
	}
}

func TestLast(t *testing.T) {
	e := features(7, 4)
	for rows := range 5 {
		if got, ok := e.Last(features(7, rows).Keep); !ok || !slices.Equal(got, features(7, rows).Features) {
			t.Errorf("%d rows: %v, %v, want %v", rows, got, ok, features(7, rows).Features)
		}
	}
	for _, keep := range [][]int{{4, 5, 7}, {5, 0, 0}, {4, 5}, {4, 5, 6, 0}, nil, {1, -1, 1}} {
		if got, ok := e.Last(keep); ok {
			t.Errorf("%v: %v, want nothing", keep, got)
		}
	}
}

func TestNothingIsHeld(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "features")
	for _, c := range []*Cache{nil, {}, {folder: folder}, {limit: 1 << 20}} {
		store(t, c, picture(1), features(1, 1))
		wantMiss(t, c, picture(1))
		s, err := c.Stats()
		if err != nil || s.Entries != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		if err := c.Clear(); err != nil {
			t.Error(err)
		}
		if n, err := c.Verify(t.Context(), nil); n != 0 || err != nil {
			t.Errorf("%d whole, %v", n, err)
		}
	}
	if exists(folder) {
		t.Error("the folder was made")
	}
}

func TestWrongShapesAreNotStored(t *testing.T) {
	c := cacheOf(t, 1<<20)
	for _, e := range []Entry{
		{},
		{Keep: []int{1}, Features: []float32{1}},
		{Keep: []int{1}, Width: 2, Features: []float32{1}},
		{Keep: []int{-1, 2}, Width: 1, Features: []float32{1}},
		{Keep: []int{1}, Width: -1, Features: []float32{1}},
	} {
		if err := c.Store(picture(1), e); err == nil {
			t.Errorf("%+v was stored", e)
		}
	}
}

// TestUnusableFolders has a folder that cannot be made, and one that is a file. Permissions are tested where they hold.
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
		if err := c.Store(picture(1), features(1, 1)); err == nil {
			t.Errorf("%s: stored", folder)
		}
		wantMiss(t, c, picture(1))
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
	path := c.path(picture(1))
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
	if err := c.Store(picture(2), features(2, 1)); err == nil {
		t.Error("stored")
	}
	wantEntry(t, c, picture(1), features(1, 1))
	flip(t, path, 40, 1)
	wantMiss(t, c, picture(1))
	damaged := 0
	if n, err := c.Verify(t.Context(), func(string, string) { damaged++ }); n != 0 || damaged != 1 || err == nil {
		t.Errorf("%d whole, %d damaged, %v; want 0, 1, an error", n, damaged, err)
	}
	if err := c.Clear(); err == nil {
		t.Error("cleared")
	}
}

func TestVerifyAndClear(t *testing.T) {
	c := cacheOf(t, 1<<20)
	for i := range 20 {
		store(t, c, picture(i), features(i, 2))
	}
	flip(t, c.path(picture(3)), 200, 8)
	copyFile(t, c.path(picture(4)), c.path(picture(5)))
	mine := []string{
		filepath.Join(c.folder, "notes.txt"),
		filepath.Join(filepath.Dir(c.path(picture(6))), "cat.jpg"),
		filepath.Join(filepath.Dir(c.path(picture(6))), "cat.features"),
		filepath.Join(c.folder, "cat.features"),
	}
	for _, path := range mine {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	n, err := c.Verify(t.Context(), func(path, reason string) { got = append(got, path+" "+reason) })
	slices.Sort(got)
	want := []string{c.path(picture(3)) + " does not match its checksum", c.path(picture(5)) + " has the name of another key"}
	slices.Sort(want)
	if n != 18 || err != nil || !slices.Equal(got, want) {
		t.Errorf("%d whole, %v, damaged:\n%q, want\n%q", n, err, got, want)
	}
	n, err = c.Verify(t.Context(), func(path, reason string) { t.Error(path, reason) })
	if n != 18 || err != nil {
		t.Errorf("%d whole, %v, want 18", n, err)
	}
	if s, err := c.Stats(); err != nil || s.Entries != 18 {
		t.Errorf("%+v, %v", s, err)
	}

	unfinished := filepath.Join(c.folder, "features-1.tmp")
	copyFile(t, c.path(picture(4)), unfinished)
	if err := c.Clear(); err != nil {
		t.Error(err)
	}
	if s, err := c.Stats(); err != nil || s.Entries != 0 || s.Bytes != 0 || !s.Oldest.IsZero() {
		t.Errorf("%+v, %v", s, err)
	}
	if exists(unfinished) {
		t.Error("an unfinished file is still there")
	}
	for _, path := range mine {
		if !exists(path) {
			t.Errorf("%s was removed", path)
		}
	}
	store(t, c, picture(1), features(1, 1))
	wantEntry(t, c, picture(1), features(1, 1))
}

func TestStats(t *testing.T) {
	c := cacheOf(t, 1<<20)
	if s, err := c.Stats(); err != nil || s != (Stats{Folder: c.folder, Limit: 1 << 20}) {
		t.Errorf("%+v, %v", s, err)
	}
	oldest, newest := time.Now().Add(-72*time.Hour), time.Now().Add(-time.Hour)
	var size int64
	for i, used := range []time.Time{newest, oldest, newest.Add(-time.Hour)} {
		store(t, c, picture(i), features(i, i))
		usedAt(t, c, picture(i), used)
		info, err := os.Stat(c.path(picture(i)))
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	s, err := c.Stats()
	if err != nil || s.Entries != 3 || s.Bytes != size || s.Oldest.Sub(oldest).Abs() > time.Second || s.Newest.Sub(newest).Abs() > time.Second {
		t.Errorf("%+v, %v; want 3 entries, %d bytes, %v, %v", s, err, size, oldest, newest)
	}
}

func usedAt(t *testing.T, c *Cache, k Key, used time.Time) {
	t.Helper()
	if err := os.Chtimes(c.path(k), used, used); err != nil {
		t.Fatal(err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func flip(t *testing.T, path string, at int, mask byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[at] ^= mask
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
