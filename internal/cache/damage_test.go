package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"image"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// segmentPath is that of a segment of a key.
func segmentPath(c *Cache, k Key) string { return c.path(k.name(), "-0123456789abcdef.crops") }

// put puts data in the place of a key's only segment.
func put(t testing.TB, c *Cache, k Key, data []byte) {
	t.Helper()
	if _, err := c.Clear(); err != nil {
		t.Fatal(err)
	}
	path := segmentPath(c, k)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// wantDamage puts data in the place of a segment: each crop must be found whole or not at all, and at least one not. Then the file must
// be gone, and must not keep a new one away. It returns how many were found.
func wantDamage(t *testing.T, c *Cache, k Key, crops []Crop, data []byte, what string, args ...any) (found int) {
	t.Helper()
	put(t, c, k, data)
	for i, got := range load(c, k, crops) {
		if got.Found() {
			found++
			if !reflect.DeepEqual(got, crops[i]) {
				t.Fatalf(what+": found %+v", append(args, got)...)
			}
		}
	}
	if found == len(crops) {
		t.Fatalf(what+": found all", args...)
	}
	if exists(segmentPath(c, k)) {
		t.Fatalf(what+": the file is still there", args...)
	}
	store(t, c, k, crops)
	wantCrops(t, c, k, crops)
	return found
}

func segmentOf(t testing.TB, k Key, crops []Crop) []byte {
	t.Helper()
	all, err := encodeAll(crops, testWidth)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := writeSegment(&b, k.name(), testWidth, all); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != fileSize(testWidth, all) {
		t.Fatalf("%d bytes, want %d", b.Len(), fileSize(testWidth, all))
	}
	return b.Bytes()
}

func TestEachFlippedByteIsNoticed(t *testing.T) {
	c, k, crops := cacheOf(t, 1<<20), picture(1), []Crop{oneCrop(1, 0, 1), mapped(1, oneCrop(1, 1, 2))}
	good := segmentOf(t, k, crops)
	for at := range good {
		for _, mask := range []byte{1, 0xff} {
			data := bytes.Clone(good)
			data[at] ^= mask
			found := wantDamage(t, c, k, crops, data, "byte %d of %d, mask %x", at, len(good), mask)
			if inHeader := int64(at) < headerBytes(len(crops)); inHeader != (found == 0) {
				t.Fatalf("byte %d of %d: %d crops found", at, len(good), found)
			}
		}
	}
}

func TestEachLengthIsNoticed(t *testing.T) {
	c, k, crops := cacheOf(t, 1<<20), picture(1), features(1, 1)
	good := segmentOf(t, k, crops)
	for n := range good {
		wantDamage(t, c, k, crops, good[:n], "%d of %d bytes", n, len(good))
	}
	for _, more := range []int{1, 4, 32, 2 * testWidth, 1000} {
		wantDamage(t, c, k, crops, append(bytes.Clone(good), make([]byte, more)...), "%d bytes more", more)
	}
}

func TestForeignFilesAreNoticed(t *testing.T) {
	c, k, crops := cacheOf(t, 1<<20), picture(1), features(1, 1)
	wantDamage(t, c, k, crops, segmentOf(t, picture(2), features(2, 1)), "a segment of another key")
	wantDamage(t, c, k, crops, []byte(strings.Repeat("no features at all\n", 40)), "text")
	wantDamage(t, c, k, crops, make([]byte, 4096), "zeros")
}

// reseal puts right checksums into a file that may have anything else.
func reseal(data []byte) {
	if len(data) < prefixSize {
		return
	}
	n := int64(binary.LittleEndian.Uint32(data[len(magic)+4:]))
	width := int64(binary.LittleEndian.Uint32(data[len(magic)+8:]))
	if n > mostCrops || headerBytes(int(n)) > int64(len(data)) || width > mostWidth {
		return
	}
	at := headerBytes(int(n))
	for i := range n {
		b := data[int64(prefixSize)+i*int64(recordSize):]
		r, err := readRecord(b)
		if err != nil || at+r.dataSize(int(width)) > int64(len(data)) {
			break
		}
		sum := sha256.Sum256(data[at : at+r.dataSize(int(width))])
		copy(b[24:], sum[:])
		at += r.dataSize(int(width))
	}
	end := headerBytes(int(n)) - sha256.Size
	sum := sha256.Sum256(data[:end])
	copy(data[end:], sum[:])
}

// TestForgedFilesAreNoticed has files whose checksums are right.
func TestForgedFilesAreNoticed(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	crops := []Crop{mapped(1, oneCrop(1, 0, 2)), oneCrop(1, 1, 3)}
	good := segmentOf(t, k, crops)
	number := func(at, n int) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint32(b[at:], uint32(int32(n))) }
	}
	half := func(at, n int) func([]byte) {
		return func(b []byte) { binary.LittleEndian.PutUint16(b[at:], uint16(n)) }
	}
	first, data := prefixSize, int(headerBytes(2))
	put(t, c, k, good)
	same := bytes.Clone(good)
	reseal(same)
	if !bytes.Equal(same, good) {
		t.Fatal("reseal changes what is right")
	}
	wantCrops(t, c, k, crops)
	for what, forge := range map[string]func([]byte){
		"a later version":      number(len(magic), version+1),
		"version 1":            number(len(magic), 1),
		"no crops":             number(len(magic)+4, 0),
		"one crop":             number(len(magic)+4, 1),
		"many crops":           number(len(magic)+4, 1<<16),
		"huge numbers of them": number(len(magic)+4, -1),
		"no width":             number(len(magic)+8, 0),
		"another width":        number(len(magic)+8, 4),
		"a huge width":         number(len(magic)+8, -1),
		"another key":          number(len(magic)+16, 77),
		"an empty box":         number(first+8, 0),
		"negative rows":        number(first+16, -1),
		"fewer rows":           number(first+16, 1),
		"large rows":           number(first+16, mostRows),
		"huge rows":            number(first+16, math.MaxInt32),
		"a negative map":       number(first+20, -1),
		"a huge map":           number(first+20, math.MaxInt32),
		"no map":               number(first+20, 0),
		"a huge scale":         half(data, mostScale+1),
		"a small scale":        half(data+2, leastScale-1),
		"Inf":                  half(data+4, 0x7c00),
		"-Inf":                 half(data+4+2*9, 0xfc00),
		"NaN":                  half(data+4+2, 0x7e00),
		"too large a value":    half(data+4+2, 0x7800),
		"NaN in a map":         half(data+4+20+2+4, 0xfe01),
		"Inf in the last crop": half(len(good)-2, 0x7c00),
	} {
		bad := bytes.Clone(good)
		forge(bad)
		reseal(bad)
		wantDamage(t, c, k, crops, bad, "%s", what)
	}
	// In rows that nobody asks for, NaN is damage too.
	bad := bytes.Clone(good)
	half(data+4, 0x7e00)(bad)
	reseal(bad)
	put(t, c, k, bad)
	wantCrops(t, c, k, crops[1:])
	if got := load(c, k, []Crop{oneCrop(1, 0, 1)}); got[0].Found() {
		t.Errorf("%v", got)
	}
}

// TestDamageDoesNotKeepMoreRowsAway cuts a segment short without reading it before the next Store.
func TestDamageDoesNotKeepMoreRowsAway(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	good := segmentOf(t, k, features(1, 3))
	for n := range good {
		put(t, c, k, good[:n])
		store(t, c, k, features(1, 2))
		wantCrops(t, c, k, features(1, 2))
	}
}

// TestUnreadableFilesStay has folders where entries should be, of which nothing can be read and nothing be said.
func TestUnreadableFilesStay(t *testing.T) {
	c := cacheOf(t, 1<<20)
	paths := []string{segmentPath(c, picture(1)), c.path(promptName(1), promptSuffix)}
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	wantMiss(t, c, picture(1), features(1, 1))
	wantNoPrompt(t, c, 1)
	for _, path := range paths {
		if !exists(path) {
			t.Errorf("%s was removed", path)
		}
	}
	if err := c.StorePrompt(promptName(1), 3, whole([]byte("abc"))); err == nil {
		t.Error("stored over a folder")
	}
	store(t, c, picture(1), features(1, 1))
	wantCrops(t, c, picture(1), features(1, 1))
}

// allocated is the bytes that f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestSparseFilesTakeNoMemory has files of gigabytes that take no room on the disk and whose headers are right.
func TestSparseFilesTakeNoMemory(t *testing.T) {
	c, k := cacheOf(t, 1<<40), picture(1)
	const width = 2000
	e := encoded{record: record{box: box(0), keep: mostRows, sum: [32]byte{1}}}
	many := slices.Repeat([]encoded{e}, 64)
	put(t, c, k, header(k.name(), width, many))
	path := segmentPath(c, k)
	if err := os.Truncate(path, fileSize(width, many)); err != nil {
		t.Skip(err)
	}
	boxes := []image.Rectangle{box(0), box(1)}
	if n := allocated(func() {
		if c.Has(k, 5, boxes, []int{1, 1}, false)[0] || c.Load(k, 5, boxes, []int{1, 1})[0].Found() || !c.Has(k, width, boxes, []int{1, 1}, false)[0] {
			t.Error("another width is found, or this one is not")
		}
		if err := c.merge(k, width); err != nil {
			t.Error(err)
		}
		if c.Load(k, width, boxes, []int{1, 1})[0].Found() {
			t.Error("found")
		}
	}); n > 4<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	if exists(path) {
		t.Error("the file is still there")
	}
	// One that only claims to be that large.
	put(t, c, k, append(segmentOf(t, k, features(1, 1))[:prefixSize], bytes.Repeat([]byte{0x7f}, 1000)...))
	if err := os.Truncate(segmentPath(c, k), 8<<30); err != nil {
		t.Skip(err)
	}
	if n := allocated(func() { wantMiss(t, c, k, features(1, 1)) }); n > 4<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
}

// FuzzEntry changes a segment and a prompt. What is found is whole, and no file takes more than 4 times its size of memory.
func FuzzEntry(f *testing.F) {
	c, err := Open(filepath.Join(f.TempDir(), "cache"), 1<<30)
	if err != nil {
		f.Fatal(err)
	}
	k, crops := picture(1), []Crop{mapped(1, oneCrop(1, 0, 4)), oneCrop(1, 1, 3)}
	good := segmentOf(f, k, crops)
	f.Add(good, false)
	f.Add(good, true)
	f.Add(good[:len(good)-1], true)
	f.Add([]byte(magic), false)
	storePrompt(f, c, 1, 5000)
	path := c.path(promptName(1), promptSuffix)
	prompt, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(prompt, false)
	f.Add(prompt[:pageSize], false)
	const fixed = 1 << 16 // what an empty file takes
	f.Fuzz(func(t *testing.T, data []byte, seal bool) {
		data = bytes.Clone(data)
		if seal {
			reseal(data)
		}
		put(t, c, k, data)
		var got []Crop
		if n := allocated(func() { got = load(c, k, crops) }); n > fixed+4*uint64(len(data)) {
			t.Errorf("%d bytes were allocated for a file of %d", n, len(data))
		}
		for i, crop := range got {
			switch {
			case !crop.Found():
			case !seal && (!reflect.DeepEqual(crop.Rows, crops[i].Rows) || crop.Map != nil && !reflect.DeepEqual(crop.Map, crops[i].Map)):
				t.Errorf("%+v, want %+v", crop, crops[i])
			case len(crop.Rows) != crop.Keep*testWidth || crop.Keep != crops[i].Keep:
				t.Errorf("%+v", crop)
			}
			for _, v := range slices.Concat(crop.Rows, crop.Map) {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Errorf("%+v", crop)
				}
			}
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if n := allocated(func() {
			if m, ok := c.Prompt(promptName(1)); ok {
				if !bytes.Equal(m.Data, promptData(1, 5000)) {
					t.Error("another prompt is found")
				}
				_ = m.Close()
			}
		}); n > fixed+4*uint64(len(data)) {
			t.Errorf("%d bytes were allocated for a file of %d", n, len(data))
		}
	})
}
