package cache

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"
)

func writeBytes(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	}
}

func promptName(i int) [32]byte { return [32]byte{0: byte(i), 1: 7, 31: byte(i >> 8)} }

// promptData is the data of the i-th prompt.
func promptData(i, size int) []byte {
	b := make([]byte, size)
	for n := range b {
		b[n] = byte(n*n>>3 + n*7 + i)
	}
	return b
}

func storePrompt(t testing.TB, c *Cache, i, size int) {
	t.Helper()
	if err := c.StorePrompt(promptName(i), int64(size), writeBytes(promptData(i, size))); err != nil {
		t.Fatal(err)
	}
}

func wantPrompt(t testing.TB, c *Cache, i, size int) {
	t.Helper()
	m, ok := c.Prompt(promptName(i))
	if !ok || !c.HasPrompt(promptName(i)) {
		t.Fatalf("no prompt %d", i)
	}
	if !bytes.Equal(m.Data, promptData(i, size)) {
		t.Errorf("prompt %d has other data", i)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

func wantNoPrompt(t testing.TB, c *Cache, i int) {
	t.Helper()
	if m, ok := c.Prompt(promptName(i)); ok {
		t.Errorf("prompt %d has %d bytes, want none", i, len(m.Data))
		_ = m.Close()
	}
}

func TestPrompts(t *testing.T) {
	c := cacheOf(t, 1<<30)
	wantNoPrompt(t, c, 0)
	sizes := []int{1, 4095, 4096, sectionSize - 1, sectionSize, sectionSize + 1, 5*sectionSize + 77, 1100 * 1000}
	for i, size := range sizes {
		storePrompt(t, c, i, size)
		if info, err := os.Stat(c.path(promptName(i), promptSuffix)); err != nil || info.Size() != promptStart(int64(size))+int64(size) {
			t.Errorf("%v, %v", info, err)
		}
	}
	for i, size := range sizes {
		wantPrompt(t, c, i, size)
	}
	wantNoPrompt(t, c, len(sizes))
}

func TestPromptIsWrittenOnce(t *testing.T) {
	c := cacheOf(t, 1<<20)
	storePrompt(t, c, 1, 100)
	written := false
	if err := c.StorePrompt(promptName(1), 100, func(io.Writer) error { written = true; return nil }); err != nil || written {
		t.Errorf("%v, written again: %v", err, written)
	}
	broken := errors.New("broken")
	for what, write := range map[string]func(io.Writer) error{
		"fewer": writeBytes(make([]byte, 9)), "more": writeBytes(make([]byte, 11)), "broken": func(io.Writer) error { return broken },
	} {
		if err := c.StorePrompt(promptName(2), 10, write); err == nil {
			t.Errorf("%s: stored", what)
		}
	}
	if err := c.StorePrompt(promptName(2), 0, writeBytes(nil)); err == nil {
		t.Error("nothing was stored")
	}
	if err := c.StorePrompt(promptName(2), 1<<20, func(io.Writer) error { t.Error("is written above the limit"); return nil }); err != nil {
		t.Error(err)
	}
	wantNoPrompt(t, c, 2)
	if entries, err := os.ReadDir(c.folder); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v, want the lock, the usage and a folder", entries, err)
	}
}

// TestPromptsAreEvicted has prompts and crops in one order of use.
func TestPromptsAreEvicted(t *testing.T) {
	size := int64(pageSize + 4000)
	c := cacheOf(t, 4*size)
	long := time.Now().Add(-time.Hour)
	for i := range 3 {
		storePrompt(t, c, i, 4000)
		used := long.Add(time.Duration(i) * time.Minute)
		if err := os.Chtimes(c.path(promptName(i), promptSuffix), used, used); err != nil {
			t.Fatal(err)
		}
	}
	store(t, c, picture(1), features(1, 1))
	usedAt(t, c, picture(1), long.Add(90*time.Second))
	wantPrompt(t, c, 0, 4000)
	storePrompt(t, c, 3, 4000)
	if sum, _ := total(t, c); sum > c.limit {
		t.Errorf("%d bytes, limit %d", sum, c.limit)
	}
	wantPrompt(t, c, 0, 4000)
	wantNoPrompt(t, c, 1)
	wantPrompt(t, c, 3, 4000)
}

func TestDamagedPrompts(t *testing.T) {
	c := cacheOf(t, 1<<24)
	const size = sectionSize + 100
	storePrompt(t, c, 1, size)
	path := c.path(promptName(1), promptSuffix)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string, at int, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		wantNoPrompt(t, c, 1)
		if exists(path) {
			t.Errorf("%s %d: the file is still there", what, at)
		}
	}
	header := promptPrefix + 4*2 + 32
	for at := range header {
		data := bytes.Clone(good)
		data[at] ^= 1
		damaged("byte", at, data)
	}
	for _, at := range []int{pageSize, pageSize + sectionSize - 1, pageSize + sectionSize, len(good) - 1} {
		data := bytes.Clone(good)
		data[at] ^= 0x80
		damaged("byte", at, data)
	}
	for _, n := range []int{0, 1, 16, 79, 80, header - 1, header, pageSize, len(good) - 1} {
		damaged("length", n, good[:n])
	}
	damaged("length", len(good)+1, append(bytes.Clone(good), 0))
	storePrompt(t, c, 1, size)
	wantPrompt(t, c, 1, size)
}

func BenchmarkPrompt(b *testing.B) {
	const size = 240e6
	c := cacheOf(b, 1<<30)
	storePrompt(b, c, 1, size)
	b.SetBytes(size)
	for b.Loop() {
		m, ok := c.Prompt(promptName(1))
		if !ok {
			b.Fatal("no prompt")
		}
		_ = m.Close()
	}
}
