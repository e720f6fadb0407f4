package checkpoint

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/mcllava/mcllava/internal/demo"
)

func legacy(t *testing.T, folder fs.FS) string {
	t.Helper()
	id, err := legacyIdentity(folder)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// weightFile is a safetensors file with a header and two values.
func weightFile(header string, a, b byte) []byte {
	data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(data, header...), a, b)
}

func TestLegacyIdentity(t *testing.T) {
	when := time.Date(2024, 2, 3, 4, 5, 6, 7, time.UTC)
	checkpoint := func() fstest.MapFS {
		return fstest.MapFS{
			"config.json":                   {Data: []byte(`{"a": 1}`), ModTime: when},
			"preprocessor_config.json":      {Data: []byte(`{}`), ModTime: when},
			"model-1.safetensors":           {Data: weightFile(`{"x": 1}`, 1, 2), ModTime: when},
			"model-2.safetensors":           {Data: weightFile(`{"y": 1}`, 3, 4), ModTime: when},
			"model.safetensors.index.json":  {Data: []byte(`{"x": 1}`), ModTime: when},
			"README.md":                     {Data: []byte("read me"), ModTime: when},
			"short.safetensors":             {Data: []byte("short"), ModTime: when},
			"folder.safetensors/weights.md": {Data: []byte("weights"), ModTime: when},
		}
	}
	first := legacy(t, checkpoint())
	for what, c := range map[string]struct {
		change func(fstest.MapFS)
		same   bool
	}{
		"nothing":        {func(fstest.MapFS) {}, true},
		"config's bytes": {func(c fstest.MapFS) { c["config.json"].Data = []byte(`{"a": 2}`) }, false},
		"config's time":  {func(c fstest.MapFS) { c["config.json"].ModTime = when.Add(1) }, true},
		"preprocessor":   {func(c fstest.MapFS) { c["preprocessor_config.json"].Data = []byte(`[]`) }, false},
		"index":          {func(c fstest.MapFS) { c["model.safetensors.index.json"].Data = []byte(`{"x": 2}`) }, false},
		"README":         {func(c fstest.MapFS) { c["README.md"].Data = nil }, true},
		"header":         {func(c fstest.MapFS) { c["model-2.safetensors"].Data[12]++ }, false},
		"time":           {func(c fstest.MapFS) { c["model-2.safetensors"].ModTime = when.Add(1) }, true},
		"values":         {func(c fstest.MapFS) { c["model-2.safetensors"].Data[17]++ }, true},
		"size":           {func(c fstest.MapFS) { c["model-2.safetensors"].Data = weightFile(`{"y": 1}`, 3, 4)[:17] }, false},
		"name": {func(c fstest.MapFS) {
			c["model-3.safetensors"] = c["model-2.safetensors"]
			delete(c, "model-2.safetensors")
		}, false},
		"one less":         {func(c fstest.MapFS) { delete(c, "model-2.safetensors") }, false},
		"a short file":     {func(c fstest.MapFS) { c["short.safetensors"].Data = []byte("shore") }, false},
		"files in folders": {func(c fstest.MapFS) { c["folder.safetensors/weights.md"].Data = nil }, true},
	} {
		changed := checkpoint()
		c.change(changed)
		if same := legacy(t, changed) == first; same != c.same {
			t.Errorf("another %s: the same is %v, want %v", what, same, c.same)
		}
	}
}

// TestLegacyIdentityOfCarriedFiles changes a value of a file that is carried in a program.
func TestLegacyIdentityOfCarriedFiles(t *testing.T) {
	carried := fstest.MapFS{"model.safetensors": {Data: weightFile(`{"x": 1}`, 1, 2)}}
	first := legacy(t, carried)
	carried["model.safetensors"].Data[17]++
	if legacy(t, carried) == first {
		t.Error("another value, and the same identity")
	}
	first = legacy(t, demo.Checkpoint())
	if again := legacy(t, demo.Checkpoint()); again != first {
		t.Errorf("the demo's identity is %s and then %s", first, again)
	}
}

// counting counts the bytes that are read.
type counting struct {
	fs.FS
	read *int64
}

type countingFile struct {
	fs.File
	read *int64
}

func (c counting) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	return countingFile{f, c.read}, err
}

func (c counting) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(c.FS, name) }

func (f countingFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	*f.read += int64(n)
	return n, err
}

// TestLegacyIdentityReadsHeadersOnly has files of 3 GB, one with a header and one that claims to be a header.
func TestLegacyIdentityReadsHeadersOnly(t *testing.T) {
	folder := t.TempDir()
	for name, length := range map[string]uint64{"a.safetensors": 100_000, "b.safetensors": 1 << 63} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, binary.LittleEndian.AppendUint64(nil, length), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 3<<30); err != nil {
			t.Skip(err)
		}
	}
	var read int64
	legacy(t, counting{os.DirFS(folder), &read})
	if read > maxTensorHeader+200_000 || read < maxTensorHeader {
		t.Errorf("%d bytes were read", read)
	}
	if err := os.Remove(filepath.Join(folder, "b.safetensors")); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	legacy(t, os.DirFS(folder))
	t.Logf("%v", time.Since(start))
	if _, err := legacyIdentity(os.DirFS(filepath.Join(folder, "missing"))); err == nil {
		t.Error("a missing folder has an identity")
	}
}

// TestLegacyIdentityStays has what version 1 wrote into its outputs.
func TestLegacyIdentityStays(t *testing.T) {
	for name, want := range map[string]string{
		mini:                              "d8d3dd5b5c37e0ac4e09b134c2b823e2e9858caca1decc05798ac692266cbc1d",
		"../../testdata/mini-f16-sharded": "520c3ead5dcf9708e600d309d5b0e3eb93b0a070cfea8b1bf18c023239ebe44f",
		Demo:                              "86d08fe7771247e50c45e32dd7e5a13aa066cffcc1a8e787b4abdbacf12756b2",
	} {
		c, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.LegacyIdentity()
		c.Close()
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
}
