package models

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/mcllava/mcllava/internal/hub"
)

const (
	first  = "0123456789abcdef0123456789abcdef01234567"
	second = "0123ffffffffffffffffffffffffffffffffffff"
)

// fill writes files of a store, and returns it.
func fill(t *testing.T, files map[string]string) Store {
	t.Helper()
	top := t.TempDir()
	for name, text := range files {
		path := filepath.Join(top, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return Store{Hub: hub.Cache(filepath.Join(top, "hub")), Converted: filepath.Join(top, "converted")}
}

func read(t *testing.T, folder, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "testdata", folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestList(t *testing.T) {
	files := map[string]string{
		"converted/features/ab/x.features": "x", "converted/notes.txt": "notes", "converted/a/config.json": "{",
		"converted/o--n--" + first + "-q8/config.json":               `{"model_type":"mc-llava"}`,
		"converted/o--n--" + first + "-q8/model.safetensors.partial": strings.Repeat("x", 100),
		"converted/broken/config.json":                               `{"model_type":"mc-llava"}`,
		"converted/broken/model.safetensors":                         "no tensors",
	}
	for _, name := range []string{"config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"} {
		files["hub/models--o--n/snapshots/"+first+"/"+name] = read(t, "mini", name)
	}
	store := fill(t, files)
	if err := os.Symlink(filepath.Join(store.Converted, "broken"), filepath.Join(store.Converted, "link")); err != nil {
		t.Skip(err)
	}
	all, err := store.List()
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v; expected three models", all, err)
	}
	whole, broken, partial := all[0], all[1], all[2]
	if whole.Name != "o/n" || whole.StoredAs != "F32" || whole.Type != Type || whole.Missing != nil || whole.Converted || whole.String() != "o/n@0123456789ab" {
		t.Errorf("%+v", whole)
	}
	if broken.Name != "broken" || broken.Missing == nil || broken.StoredAs != "" || broken.Commit != "" {
		t.Errorf("%+v", broken)
	}
	if partial.Commit != first || partial.Missing == nil || partial.Bytes != 125 || !partial.Converted {
		t.Errorf("%+v", partial)
	}
}

func TestFind(t *testing.T) {
	store := fill(t, map[string]string{
		"hub/models--o--n/snapshots/" + first + "/config.json":  "{}",
		"hub/models--o--n/snapshots/" + second + "/config.json": "{}",
		"hub/models--o--n/refs/main":                            first,
		"hub/models--o--n/refs/refs/pr/1":                       second,
		"hub/models--old/snapshots/" + first + "/config.json":   "{}",
		"converted/mine/config.json":                            "{}",
	})
	all, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	for name, commit := range map[string]string{
		"o/n@main": first, "o/n@refs/pr/1": second, "o/n@01234": first, "o/n@0123F": second, "o/n@" + first: first, "old": first, "mine": "",
	} {
		if m, err := Find(all, name); err != nil || m.Commit != commit {
			t.Errorf("%s: %+v, %v; expected %s", name, m, err, commit)
		}
	}
	for name, say := range map[string]string{
		"o/n": "2 models", "o/n@0123": "2 models", "o/n@012": "no such model", "o/n@": "no such model", "": "no such model", "mine@main": "no such model", "n": "no such model",
	} {
		if m, err := Find(all, name); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %+v, %v; expected «%s»", name, m, err, say)
		}
	}
}

func TestRemoveConverted(t *testing.T) {
	store := fill(t, map[string]string{
		"converted/mine/config.json": "{}", "converted/mine/model.safetensors.partial": "x", "converted/mine/model.safetensors.lock": "", "converted/other/config.json": "{}",
	})
	outside := filepath.Join(t.TempDir(), "outside")
	if err := errors.Join(os.WriteFile(outside, nil, 0o644), os.Symlink(outside, filepath.Join(store.Converted, "mine", "link"))); err != nil {
		t.Skip(err)
	}
	all, err := store.List()
	if err != nil {
		t.Fatal(err)
	}
	mine, err := Find(all, "mine")
	if err != nil {
		t.Fatal(err)
	}
	held := flock.New(filepath.Join(mine.Path, "model.safetensors.lock"))
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	if freed, err := store.Remove(mine); err == nil || !strings.Contains(err.Error(), "being written by another process") || freed != 0 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	if freed, err := store.Remove(mine); err != nil || freed != 3 {
		t.Errorf("freed %d, %v; expected 3 bytes", freed, err)
	}
	if left, err := os.ReadDir(store.Converted); err != nil || len(left) != 1 || left[0].Name() != "other" {
		t.Errorf("left are %v, %v", left, err)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Error(err)
	}

	// A link that has come into its place since.
	if err := os.Symlink(filepath.Dir(outside), mine.Path); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Remove(mine); err == nil || !strings.Contains(err.Error(), "links are not followed") {
		t.Errorf("error is %v", err)
	}
}
