package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantDamage puts data in the place of an entry: it must not be found, must be gone then, and must not keep a new one away.
func wantDamage(t *testing.T, c *Cache, k Key, e Entry, data []byte, what string, args ...any) {
	t.Helper()
	path := c.path(k)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Load(k); ok {
		t.Fatalf(what+": found %+v", append(args, got)...)
	}
	if exists(path) {
		t.Fatalf(what+": the file is still there", args...)
	}
	store(t, c, k, e)
	wantEntry(t, c, k, e)
}

func encode(t *testing.T, k Key, e Entry) []byte {
	t.Helper()
	head, err := encodeHeader(k, e)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := write(&b, head, e); err != nil {
		t.Fatal(err)
	}
	if int64(b.Len()) != fileSize(head, e) {
		t.Fatalf("%d bytes, want %d", b.Len(), fileSize(head, e))
	}
	return b.Bytes()
}

func TestEachFlippedByteIsNoticed(t *testing.T) {
	c, k, e := cacheOf(t, 1<<20), picture(1), features(1, 1)
	good := encode(t, k, e)
	for at := range good {
		for _, mask := range []byte{1, 0xff} {
			data := bytes.Clone(good)
			data[at] ^= mask
			wantDamage(t, c, k, e, data, "byte %d of %d, mask %x", at, len(good), mask)
		}
	}
}

func TestEachLengthIsNoticed(t *testing.T) {
	c, k, e := cacheOf(t, 1<<20), picture(1), features(1, 1)
	good := encode(t, k, e)
	for n := range good {
		wantDamage(t, c, k, e, good[:n], "%d of %d bytes", n, len(good))
	}
	for _, more := range []int{1, 4, 32, 4 * testWidth, 1000} {
		wantDamage(t, c, k, e, append(bytes.Clone(good), make([]byte, more)...), "%d bytes more", more)
	}
}

func TestForeignFilesAreNoticed(t *testing.T) {
	c, k, e := cacheOf(t, 1<<20), picture(1), features(1, 1)
	wantDamage(t, c, k, e, encode(t, picture(2), features(2, 1)), "the entry of another key")
	wantDamage(t, c, k, e, []byte(strings.Repeat("no features at all\n", 40)), "text")
	wantDamage(t, c, k, e, make([]byte, 4096), "zeros")
}

// forge makes a file with a right checksum of any version, header and features.
func forge(version uint32, header string, features []byte) []byte {
	b := []byte(magic)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(header)))
	b = append(append(b, header...), features...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func TestForgedHeadersAreNoticed(t *testing.T) {
	c, k, e := cacheOf(t, 1<<20), picture(1), Entry{Keep: []int{1, 1}, Width: 2, Features: []float32{1, 2, 3, 4}}
	values := make([]byte, 16)
	header := func(change func(map[string]any)) string {
		text, err := json.Marshal(newHeader(k, e))
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]any{}
		if err := json.Unmarshal(text, &fields); err != nil {
			t.Fatal(err)
		}
		change(fields)
		text, err = json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	path := c.path(k)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, forge(version, header(func(map[string]any) {}), values), 0o600); err != nil {
		t.Fatal(err)
	}
	wantEntry(t, c, k, Entry{Keep: e.Keep, Width: e.Width, Features: make([]float32, 4)})

	for what, data := range map[string][]byte{
		"a later version":   forge(version+1, header(func(map[string]any) {}), values),
		"version 0":         forge(0, header(func(map[string]any) {}), values),
		"no JSON":           forge(version, "features of a picture", values),
		"an empty header":   forge(version, "", values),
		"null":              forge(version, "null", nil),
		"no picture":        forge(version, header(func(h map[string]any) { delete(h, "picture") }), values),
		"a short picture":   forge(version, header(func(h map[string]any) { h["picture"] = "12" }), values),
		"no hexadecimal":    forge(version, header(func(h map[string]any) { h["picture"] = strings.Repeat("xy", 32) }), values),
		"another picture":   forge(version, header(func(h map[string]any) { h["picture"] = strings.Repeat("01", 32) }), values),
		"no width":          forge(version, header(func(h map[string]any) { delete(h, "width") }), values),
		"a negative width":  forge(version, header(func(h map[string]any) { h["width"] = -2 }), values),
		"a huge width":      forge(version, header(func(h map[string]any) { h["width"] = 1 << 62 }), values),
		"a large width":     forge(version, header(func(h map[string]any) { h["width"] = 1 << 30 }), values),
		"negative rows":     forge(version, header(func(h map[string]any) { h["keep"] = []int{3, -1} }), values),
		"huge rows":         forge(version, header(func(h map[string]any) { h["keep"] = []int{1 << 62, 1 << 62, 1 << 62, 1 << 62, 2} }), values),
		"large rows":        forge(version, header(func(h map[string]any) { h["keep"] = []int{1 << 30, 1 << 30} }), values),
		"fewer rows":        forge(version, header(func(h map[string]any) { h["keep"] = []int{1} }), values),
		"more rows":         forge(version, header(func(h map[string]any) { h["keep"] = []int{1, 2} }), values),
		"rows of strings":   forge(version, header(func(h map[string]any) { h["keep"] = []string{"1"} }), values),
		"half a value more": forge(version, header(func(map[string]any) {}), append(values, 0, 0)),
		"a huge header":     append(forge(version, "", nil)[:len(magic)+4], 0xff, 0xff, 0xff, 0xff),
	} {
		wantDamage(t, c, k, e, data, "%s", what)
	}
}

// TestDamageDoesNotKeepMoreRowsAway damages an entry without reading it before the next Store.
func TestDamageDoesNotKeepMoreRowsAway(t *testing.T) {
	c, k := cacheOf(t, 1<<20), picture(1)
	good := encode(t, k, features(1, 3))
	for n := range good {
		store(t, c, k, features(1, 3))
		if err := os.WriteFile(c.path(k), good[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		store(t, c, k, features(1, 2))
		wantEntry(t, c, k, features(1, 2))
	}
}

// TestUnreadableFilesStay has a folder where an entry should be, of which nothing can be read and nothing be said.
func TestUnreadableFilesStay(t *testing.T) {
	c := cacheOf(t, 1<<20)
	path := c.path(picture(1))
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	wantMiss(t, c, picture(1))
	if !exists(path) {
		t.Error("it was removed")
	}
	if err := c.Store(picture(1), features(1, 1)); err == nil {
		t.Error("stored over a folder")
	}
	store(t, c, picture(2), features(2, 1))
	wantEntry(t, c, picture(2), features(2, 1))
}
