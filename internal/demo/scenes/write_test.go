package scenes

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/dataset"
)

// filesOf are the hashes of all files below a folder.
func filesOf(t *testing.T, folder string) map[string][sha256.Size]byte {
	t.Helper()
	all := map[string][sha256.Size]byte{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(folder, path))
		all[path] = sha256.Sum256(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestWrite writes a set on one thread and on several, and reads it.
func TestWrite(t *testing.T) {
	if testing.Short() {
		t.Skip("draws 32 scenes")
	}
	var sets []map[string][sha256.Size]byte
	folder := ""
	o := Options{N: 16, Seed: 2}
	for _, threads := range []int{1, 4} {
		before := runtime.GOMAXPROCS(threads)
		folder = filepath.Join(t.TempDir(), "new", "set")
		last := 0
		err := Write(t.Context(), folder, o, WriteOptions{Progress: func(written int) {
			if last++; written != last {
				t.Errorf("%d are written after %d", written, last-1)
			}
		}})
		runtime.GOMAXPROCS(before)
		if err != nil || last != o.N {
			t.Fatalf("%d of %d are written, %v", last, o.N, err)
		}
		sets = append(sets, filesOf(t, folder))
	}
	if !maps.Equal(sets[0], sets[1]) || len(sets[0]) != 2*o.N+1 {
		t.Errorf("%d and %d files, expected %d of the same bytes", len(sets[0]), len(sets[1]), 2*o.N+1)
	}
	text, err := os.ReadFile(filepath.Join(folder, dataset.ScenesFile))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var q dataset.SceneQuestion
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&q); err != nil {
			t.Fatal(err)
		}
		count[q.Category]++
		f, err := os.Open(filepath.Join(folder, filepath.FromSlash(q.Image)))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := image.DecodeConfig(f)
		_ = f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range q.Boxes {
			if box := image.Rect(b[0], b[1], b[2], b[3]); box.Empty() || !box.In(image.Rect(0, 0, c.Width, c.Height)) {
				t.Errorf("%s: box %v in %d × %d", q.ID, b, c.Width, c.Height)
			}
		}
	}
	want := map[string]int{OCR: 4, DirectAttributes: 4, RelativePosition: 4, Hard: 4, Sign: 4, HardSign: 4, Whole: 16}
	if !maps.Equal(count, want) {
		t.Errorf("questions %v, want %v", count, want)
	}
	readAs(t, dataset.Scenes, folder, want)
	if err := os.Remove(filepath.Join(folder, dataset.ScenesFile)); err != nil {
		t.Fatal(err)
	}
	parts := map[string]int{OCR: 4, DirectAttributes: 4, RelativePosition: 4, Hard: 4}
	readAs(t, dataset.Scenes, folder, parts)
	readAs(t, dataset.VStar, folder, parts)
}

// readAs reads a set and counts its questions by category.
func readAs(t *testing.T, kind dataset.Kind, folder string, want map[string]int) {
	t.Helper()
	set, err := dataset.Open(kind, folder, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, item := range set.Items {
		got[item.Category]++
		if (item.Options != nil) != (item.Right == 0) {
			t.Errorf("%s: %q, right is %d", item.ID, item.Options, item.Right)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s: questions %v, want %v", kind, got, want)
	}
}

// TestFoldersThatAreNotWritten leaves what was there.
func TestFoldersThatAreNotWritten(t *testing.T) {
	parent := t.TempDir()
	full, file := filepath.Join(parent, "full"), filepath.Join(parent, "file")
	if err := os.Mkdir(full, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(full, "x")} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := filesOf(t, parent)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for _, c := range []struct {
		ctx    context.Context
		folder string
		o      Options
		w      WriteOptions
		want   error
	}{
		{t.Context(), full, Options{N: 1}, WriteOptions{}, ErrExists},
		{stopped, full, Options{N: 1}, WriteOptions{Overwrite: true}, context.Canceled},
		{stopped, filepath.Join(parent, "new"), Options{N: 1}, WriteOptions{}, context.Canceled},
		{t.Context(), file, Options{N: 1}, WriteOptions{Overwrite: true}, nil},
		{t.Context(), filepath.Join(file, "set"), Options{N: 1}, WriteOptions{}, nil},
		{t.Context(), filepath.Join(parent, "new"), Options{}, WriteOptions{}, nil},
	} {
		if err := Write(c.ctx, c.folder, c.o, c.w); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.folder, err, c.want)
		}
	}
	if after := filesOf(t, parent); !maps.Equal(before, after) {
		t.Errorf("%v, want %v", after, before)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestWhatAKilledWriterLeft does not make a folder count as full.
func TestWhatAKilledWriterLeft(t *testing.T) {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, hidden+"left"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), folder, Options{N: 1, Seed: 4}, WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := slices.Sorted(maps.Keys(filesOf(t, folder))), fmt.Sprint([]string{"OCR/0000.json", "OCR/0000.png", dataset.ScenesFile}); fmt.Sprint(got) != want {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestErrorsNameTheFolder puts a folder where a file is to be.
func TestErrorsNameTheFolder(t *testing.T) {
	folder := t.TempDir()
	inTheWay := filepath.Join(folder, OCR, "0000.png")
	if err := os.MkdirAll(filepath.Join(inTheWay, "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	err := Write(t.Context(), folder, Options{N: 1, Seed: 4}, WriteOptions{Overwrite: true})
	var file *fs.PathError
	if !errors.As(err, &file) || file.Path != inTheWay {
		t.Errorf("%v, expected an error about %s", err, inTheWay)
	}
}
