package measured

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/mcllava/mcllava/internal/files"
)

// Kept is a file of this user that keeps what was measured, by what it holds for.
type Kept[T any] struct{ Path string } // "" for none

// InCache is a file of a name in the folder mcllava below the user's cache folder.
func InCache[T any](name string) Kept[T] {
	folder, err := os.UserCacheDir()
	if err != nil {
		return Kept[T]{}
	}
	return Kept[T]{filepath.Join(folder, "mcllava", name)}
}

// Get is what is kept for a key; false if there is nothing, or nothing that can be read.
func (k Kept[T]) Get(key string) (T, bool) {
	v, ok := k.All()[key]
	return v, ok
}

// Keep adds what was measured to the file. What cannot be kept is measured again next time, so that nobody needs the error.
func (k Kept[T]) Keep(key string, v T) error {
	if k.Path == "" {
		return os.ErrNotExist
	}
	all := k.All()
	if all == nil || len(all) >= MostKept {
		all = map[string]T{}
	}
	all[key] = v
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(k.Path), 0o755); err != nil {
		return err
	}
	files.RemoveLeft(filepath.Dir(k.Path), 0)
	return files.Replace(k.Path, 0o600, func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// MostKept is the number of keys after which a file begins anew, since each version of the program adds its own.
const MostKept = 64

// mostBytes is more than so many keys take.
const mostBytes = 1 << 20

// All is the whole file; nil if it cannot be read.
func (k Kept[T]) All() map[string]T {
	text, err := files.ReadRegular(k.Path, mostBytes)
	if err != nil {
		return nil
	}
	var all map[string]T
	if err := json.Unmarshal(text, &all); err != nil {
		return nil
	}
	return all
}
