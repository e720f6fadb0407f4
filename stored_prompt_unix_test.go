//go:build unix

package mcllava

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// TestStoredPromptCutShort takes the file away under a dialogue that goes on in it.
func TestStoredPromptCutShort(t *testing.T) {
	o := CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, Prompts: true}
	first := newSight(t, o)
	want, err := first.ask(t, first.look(t, 9, 0), "what shop is this", Defaults())
	if err != nil {
		t.Fatal(err)
	}
	var file string
	_ = filepath.WalkDir(o.Folder, func(path string, _ fs.DirEntry, _ error) error {
		if strings.HasSuffix(path, ".prompt") {
			file = path
		}
		return nil
	})
	later := newSight(t, o)
	v := later.look(t, 9, 0)
	if got, err := later.ask(t, v, "what shop is this", Defaults()); err != nil || got.Text != want.Text || later.dialogue.mapped == nil {
		t.Fatalf("%v, %v", got, err)
	}
	if err := os.Truncate(file, 4096); err != nil {
		t.Fatal(err)
	}
	if _, err := later.ask(t, v, "is it day or night?", Defaults()); !errors.Is(err, safetensors.ErrChanged) || !strings.Contains(err.Error(), file) {
		t.Errorf("%v, expected an error that names %s", err, file)
	}
	if got, err := later.ask(t, v, "what shop is this", Defaults()); err != nil || got.Text != want.Text || got.PMin != want.PMin {
		t.Errorf("afterwards: %v, %v", got, err)
	}
}
