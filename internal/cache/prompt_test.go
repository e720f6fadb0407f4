package cache

import (
	"bytes"
	"iter"
	"os"
	"testing"
	"time"
	"unsafe"
)

// whole is data of one stretch.
func whole(b []byte) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) { yield(0, b) }
}

// parts cuts data into stretches of uneven lengths that leave every third byte out at their ends, and clears what is left out.
func parts(b []byte) iter.Seq2[int64, []byte] {
	return func(yield func(int64, []byte) bool) {
		for from, length := 0, 1; from < len(b); from, length = from+length+2, length*3 {
			to := min(from+length, len(b))
			if !yield(int64(from), b[from:to]) {
				return
			}
			clear(b[to:min(to+2, len(b))])
		}
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
	if err := c.StorePrompt(promptName(i), int64(size), whole(promptData(i, size))); err != nil {
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
	sizes := []int{1, 4095, 4096, 1<<20 + 1, 5<<20 + 77}
	for i, size := range sizes {
		storePrompt(t, c, i, size)
	}
	for i, size := range sizes {
		wantPrompt(t, c, i, size)
	}
	wantNoPrompt(t, c, len(sizes))
}

// TestPromptsOfStretches stores data with holes, finds zeros in them, and writes to what it found, which changes nothing.
func TestPromptsOfStretches(t *testing.T) {
	c := cacheOf(t, 1<<30)
	for i, size := range []int{1, 2, 3, 100, 4096, 1 << 18} {
		want := promptData(i, size)
		if err := c.StorePrompt(promptName(i), int64(size), parts(want)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			m, ok := c.Prompt(promptName(i))
			if !ok || !bytes.Equal(m.Data, want) {
				t.Fatalf("%d bytes: other data, or none", size)
			}
			if address := uintptr(unsafe.Pointer(unsafe.SliceData(m.Data))); address%pageSize != 0 || !m.Holds(address) || m.Holds(address+uintptr(size)) {
				t.Errorf("data at %#x", address)
			}
			for n := range m.Data {
				m.Data[n]++
			}
			if err := m.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPromptIsWrittenOnce(t *testing.T) {
	c := cacheOf(t, 1<<20)
	storePrompt(t, c, 1, 100)
	never := func(func(int64, []byte) bool) { t.Error("is written") }
	if err := c.StorePrompt(promptName(1), 100, never); err != nil {
		t.Error(err)
	}
	two := func(first, second int64) iter.Seq2[int64, []byte] {
		return func(yield func(int64, []byte) bool) {
			_ = yield(first, make([]byte, 4)) && yield(second, make([]byte, 4))
		}
	}
	for what, written := range map[string]iter.Seq2[int64, []byte]{
		"more": whole(make([]byte, 11)), "nothing": whole(nil), "before": two(-1, 4), "overlapping": two(0, 3), "falling": two(4, 0), "beyond": two(0, 7),
	} {
		if err := c.StorePrompt(promptName(2), 10, written); err == nil {
			t.Errorf("%s: stored", what)
		}
	}
	if err := c.StorePrompt(promptName(2), 0, whole(nil)); err == nil {
		t.Error("nothing was stored")
	}
	if err := c.StorePrompt(promptName(2), 1<<20, never); err != nil {
		t.Error(err)
	}
	wantNoPrompt(t, c, 2)
	if entries, err := os.ReadDir(c.folder); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v, want the lock, the usage and a folder", entries, err)
	}
}

// TestPromptsAreEvicted has prompts and crops in one order of use.
func TestPromptsAreEvicted(t *testing.T) {
	size := int64(pageSize + 4000 + stretchBytes + 32)
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
	const size = 10_000
	want := promptData(1, size)
	if err := c.StorePrompt(promptName(1), size, parts(want)); err != nil {
		t.Fatal(err)
	}
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
	flip := func(at int) {
		t.Helper()
		data := bytes.Clone(good)
		data[at] ^= 0x80
		damaged("byte", at, data)
	}
	for at := range promptPrefix {
		flip(at)
	}
	for at := pageSize + size; at < len(good); at++ {
		flip(at)
	}
	for _, at := range []int{0, 3, 5, 8, 16, 19, size - 1} { // in stretches
		flip(pageSize + at)
	}
	for _, n := range []int{0, 1, 16, promptPrefix - 1, promptPrefix, pageSize, pageSize + size, len(good) - 1} {
		damaged("length", n, good[:n])
	}
	damaged("length", len(good)+1, append(bytes.Clone(good), 0))
	if err := c.StorePrompt(promptName(1), size, parts(want)); err != nil {
		t.Fatal(err)
	}
	m, ok := c.Prompt(promptName(1))
	if !ok || !bytes.Equal(m.Data, want) {
		t.Fatal("other data, or none")
	}
	_ = m.Close()
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
