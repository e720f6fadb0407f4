//go:build unix

package safetensors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/mcllava/mcllava/internal/fault"
)

// TestOpenWantsRegularFiles has a pipe that nobody writes to, a device and a folder in the place of each file.
func TestOpenWantsRegularFiles(t *testing.T) {
	for _, name := range []string{singleFile, indexFile, "a.safetensors"} {
		for what, make := range map[string]func(path string) error{
			"pipe":   func(path string) error { return unix.Mkfifo(path, 0o600) },
			"device": func(path string) error { return os.Symlink("/dev/zero", path) },
			"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		} {
			dir := t.TempDir()
			if name != indexFile {
				if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(`{"weight_map":{"a":"a.safetensors"}}`), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := make(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := OpenFolder(dir)
			if err == nil || !strings.Contains(err.Error(), name+": not a regular file") {
				t.Errorf("%s as a %s: %v", name, what, err)
			}
		}
	}
}

func TestPointersAreNamed(t *testing.T) {
	dir := t.TempDir()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	for _, name := range []string{indexFile, singleFile} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(pointer), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), name+": is a git-lfs pointer, not the file itself: run git lfs pull") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFileThatIsCutShortIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), singleFile)
	save(t, path, []Tensor{{Name: "a", DType: U8, Shape: []int{1 << 16}, Data: make([]byte, 1<<16)}})
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Whole(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 4096); err != nil {
		t.Fatal(err)
	}
	err = c.Changed(fault.Catch(func() error {
		a, _ := c.Tensor("a")
		var sum byte
		for _, b := range a.Data {
			sum += b
		}
		return fmt.Errorf("read, with the sum %d", sum)
	}))
	if !errors.Is(err, ErrChanged) || !strings.HasPrefix(err.Error(), path+": was changed while it was read") {
		t.Errorf("%v", err)
	}
	if err := c.Whole(); !errors.Is(err, ErrChanged) {
		t.Errorf("a file that is cut short is said to be whole: %v", err)
	}
	if err := c.Changed(os.ErrClosed); err != os.ErrClosed {
		t.Errorf("another error became %v", err)
	}
}
