//go:build unix

package hub

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

// odd are ways to put something at a path that is no regular file.
var odd = map[string]func(path string) error{
	"a pipe":   func(path string) error { return syscall.Mkfifo(path, 0o644) },
	"a folder": func(path string) error { return os.Mkdir(path, 0o755) },
	"a device": func(path string) error { return os.Symlink("/dev/zero", path) },
}

// soon fails the test if the call has not returned after a while.
func soon(t *testing.T, call func(context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		t.Fatal("hangs")
		return nil
	}
}

func TestOddFilesInTheCache(t *testing.T) {
	for kind, put := range odd {
		for _, place := range []string{"ref", "blob", "file", "index", "lock", "pulling", "partial"} {
			t.Run(place+" is "+kind, func(t *testing.T) {
				server, client := start(t)
				pullsWhole(t, server, client)
				snapshot := client.Cache.snapshot(repo, hubtest.Commit)
				etag := server.ETag(shard)
				path := map[string]string{
					"ref": client.Cache.ref(repo, "main"), "blob": client.Cache.blob(repo, etag), "file": filepath.Join(snapshot, "config.json"),
					"index": filepath.Join(snapshot, indexFile), "lock": client.Cache.lock(repo, etag), "pulling": client.Cache.lock(repo, pulling),
					"partial": client.Cache.blob(repo, etag) + ".incomplete",
				}[place]
				if place == "partial" || place == "lock" {
					if err := errors.Join(os.Remove(filepath.Join(snapshot, shard)), os.Remove(client.Cache.blob(repo, etag))); err != nil {
						t.Fatal(err)
					}
				}
				if place != "partial" {
					if err := os.Remove(path); err != nil {
						t.Fatal(err)
					}
				}
				if err := put(path); err != nil {
					t.Fatal(err)
				}
				err := soon(t, func(ctx context.Context) error {
					_, err := client.Pull(ctx, repo, "main")
					return err
				})
				if place == "partial" && kind == "a device" { // a link, which is not followed
					if err != nil {
						t.Error(err)
					}
					pullsWhole(t, server, client)
					return
				}
				if err == nil || !strings.Contains(err.Error(), "not a regular file") || !strings.Contains(err.Error(), filepath.Base(path)) {
					t.Errorf("Pull: %v, expected «%s: not a regular file»", err, path)
				}
				if place != "ref" && place != "file" && place != "index" {
					return
				}
				err = soon(t, func(context.Context) error {
					_, err := client.Cache.Find(repo, "main")
					return err
				})
				if err == nil || !strings.Contains(err.Error(), "not a regular file") || errors.Is(err, ErrNotPulled) {
					t.Errorf("Find: %v, expected «%s: not a regular file»", err, path)
				}
			})
		}
	}
}

func TestOddToken(t *testing.T) {
	for kind, put := range odd {
		path := filepath.Join(t.TempDir(), "token")
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		t.Setenv("HF_TOKEN", "")
		t.Setenv("HUGGING_FACE_HUB_TOKEN", "")
		t.Setenv("HF_TOKEN_PATH", path)
		err := soon(t, func(context.Context) error {
			_, err := FromEnvironment()
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestPartialIsNotWrittenThrough has links where a pull that was interrupted would have left its bytes.
func TestPartialIsNotWrittenThrough(t *testing.T) {
	for kind, link := range map[string]func(to, path string) error{"symbolic": os.Symlink, "hard": os.Link} {
		for _, length := range []int{0, 100, 1 << 20} {
			server, client := start(t)
			victim := filepath.Join(string(client.Cache), "victim")
			text := strings.Repeat("v", length)
			partial := client.Cache.blob(repo, server.ETag(shard)) + ".incomplete"
			if err := errors.Join(os.WriteFile(victim, []byte(text), 0o644), os.MkdirAll(filepath.Dir(partial), 0o755), link(victim, partial)); err != nil {
				t.Fatal(err)
			}
			pullsWhole(t, server, client)
			if got, err := os.ReadFile(victim); err != nil || string(got) != text {
				t.Errorf("%s link: %v, or it was written to", kind, err)
			}
		}
	}
}
