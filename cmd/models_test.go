package cmd

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestModelsOptions(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	var listed modelsOptions
	list := newModels(Streams{}, func(_ context.Context, _ Streams, o modelsOptions) error {
		listed = o
		return nil
	})
	list.SetArgs([]string{"--all", "--json"})
	if err := list.Execute(); err != nil || listed != (modelsOptions{All: true, JSON: true}) {
		t.Errorf("%+v, %v", listed, err)
	}
	var removed modelsRemoveOptions
	remove := newModelsRemove(Streams{}, func(_ context.Context, _ Streams, o modelsRemoveOptions) error {
		removed = o
		return nil
	})
	remove.SetArgs([]string{"a/b", "-y", "c/d@v1"})
	if err := remove.Execute(); err != nil || !reflect.DeepEqual(removed, modelsRemoveOptions{Names: []string{"a/b", "c/d@v1"}, Yes: true}) {
		t.Errorf("%+v, %v", removed, err)
	}
}

// TestRemovingAsks types an answer on a terminal.
func TestRemovingAsks(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	for typed, yes := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "yeah\n": false} {
		home := t.TempDir()
		t.Setenv("HF_HOME", home)
		t.Setenv("HF_HUB_CACHE", "")
		t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
		snapshot := filepath.Join(home, "hub", "models--a--b", "snapshots", commit)
		if err := errors.Join(os.MkdirAll(snapshot, 0o755), os.WriteFile(filepath.Join(snapshot, "config.json"), []byte("{}"), 0o644)); err != nil {
			t.Fatal(err)
		}
		var out, asked bytes.Buffer
		s := Streams{In: strings.NewReader(typed), Out: &out, Err: &asked, InTerminal: true, ErrTerminal: true}
		if err := removeModels(t.Context(), s, modelsRemoveOptions{Names: []string{"a/b", "a/b@0123"}}); err != nil {
			t.Errorf("%q: %v", typed, err)
		}
		if _, err := os.Stat(snapshot); (err != nil) != yes {
			t.Errorf("%q: %v", typed, err)
		}
		if !strings.Contains(asked.String(), "a/b@0123456789ab  0.0 MB  "+snapshot+"\nRemove from the disk? [y/N] ") || strings.Contains(asked.String(), "nothing was removed") == yes {
			t.Errorf("%q: was asked %q", typed, asked.String())
		}
		if want := map[bool]string{true: "removed a/b@0123456789ab, freed 0.0 MB\n"}[yes]; out.String() != want {
			t.Errorf("%q: printed %q, expected %q", typed, out.String(), want)
		}
	}
}
