package hub

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

func TestPythonCache(t *testing.T) {
	server, client := start(t)
	base := client.Cache.repo(repo)
	snapshot := filepath.Join(base, "snapshots", hubtest.Commit)
	for _, folder := range []string{filepath.Join(base, "blobs"), filepath.Join(base, "refs"), snapshot} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(base, "refs", "main"), []byte(hubtest.Commit), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range pulled {
		if folder, err := client.Cache.Find(repo, "main"); !errors.Is(err, ErrNotPulled) && name != "preprocessor_config.json" {
			t.Errorf("without %s Find gives %q, %v", name, folder, err)
		}
		etag := server.ETag(name)
		if err := os.WriteFile(filepath.Join(base, "blobs", etag), server.Files[name], 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../../blobs/"+etag, filepath.Join(snapshot, name)); err != nil {
			t.Skip(err)
		}
	}
	pullsWhole(t, server, client)
	if n := fetched(server); n != 0 {
		t.Errorf("%d requests for bytes that were there", n)
	}
}

func TestFindNeedsAllFiles(t *testing.T) {
	server, client := start(t)
	pullsWhole(t, server, client)
	for _, name := range pulled {
		if name == "preprocessor_config.json" {
			continue
		}
		blob := client.Cache.blob(repo, server.ETag(name))
		if err := os.Remove(blob); err != nil {
			t.Fatal(err)
		}
		if folder, err := client.Cache.Find(repo, "main"); !errors.Is(err, ErrNotPulled) {
			t.Errorf("without the blob of %s Find gives %q, %v", name, folder, err)
		}
		pullsWhole(t, server, client)
	}
	for _, text := range []string{"", "main", "../../../elsewhere"} {
		if err := os.WriteFile(client.Cache.ref(repo, "main"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if folder, err := client.Cache.Find(repo, "main"); !errors.Is(err, ErrNotPulled) {
			t.Errorf("refs/main is %q, and Find gives %q, %v", text, folder, err)
		}
	}
}

func TestWithoutLinks(t *testing.T) {
	all := placings
	defer func() { placings = all }()
	for _, placing := range all[1:] {
		placings = []func(string, string) error{func(string, string) error { return errors.ErrUnsupported }, placing}
		server, client := start(t)
		pullsWhole(t, server, client)
		if info, err := os.Lstat(filepath.Join(client.Cache.snapshot(repo, hubtest.Commit), shard)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%v: %v, expected a file", info.Mode(), err)
		}
		// huggingface_hub moves blobs into the snapshot where it cannot link.
		if err := os.Remove(client.Cache.blob(repo, server.ETag(shard))); err != nil {
			t.Fatal(err)
		}
		server.Requests()
		if _, err := client.Pull(t.Context(), repo, "main"); err != nil {
			t.Error(err)
		}
		if n := fetched(server); n != 0 {
			t.Errorf("%d requests for bytes that were there", n)
		}
	}
}

func TestOffline(t *testing.T) {
	server, client := start(t)
	client.Offline = true
	fails(t, client, repo, "HF_HUB_OFFLINE is set", "not in the hub cache")
	client.Offline = false
	pullsWhole(t, server, client)
	client.Offline = true
	server.Close()
	pullsWhole(t, server, client)
}

func TestIsRepo(t *testing.T) {
	for _, name := range []string{"visheratin/MC-LLaVA-3b", "a/b", "a_b/c.d-e", "1/2"} {
		if !IsRepo(name) {
			t.Errorf("%q is one", name)
		}
	}
	for _, name := range []string{
		"", "a", "/a", "a/", "a/b/c", "./a", "../a", "a/..", "a/.b", "a/b..c", "a--b/c", "-a/b", "a b/c", `a\b`, "C:/a", strings.Repeat("a", 97) + "/b",
	} {
		if IsRepo(name) {
			t.Errorf("%q is none", name)
		}
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	clear := func() {
		for _, name := range []string{
			"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_HUB_OFFLINE",
		} {
			t.Setenv(name, "")
		}
		t.Setenv("HOME", home)
		t.Setenv("USERPROFILE", home)
	}
	for _, c := range []struct{ name, value, cache string }{
		{"HF_ENDPOINT", "", filepath.Join(home, ".cache", "huggingface", "hub")},
		{"HF_HOME", home, filepath.Join(home, "hub")},
		{"HF_HOME", "~/models", filepath.Join(home, "models", "hub")},
		{"HF_HUB_CACHE", "$HOME/there", filepath.Join(home, "there")},
		{"HUGGINGFACE_HUB_CACHE", "~", home},
		{"XDG_CACHE_HOME", home, filepath.Join(home, "huggingface", "hub")},
	} {
		clear()
		t.Setenv(c.name, c.value)
		client, err := FromEnvironment()
		if err != nil || string(client.Cache) != c.cache || client.Endpoint != "https://huggingface.co" || client.Token != "" || client.Offline {
			t.Errorf("%s=%s: %+v, %v; expected the cache %s", c.name, c.value, client, err, c.cache)
		}
	}

	clear()
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_ENDPOINT", "http://localhost:8080/")
	t.Setenv("HF_HUB_OFFLINE", "1")
	if err := os.WriteFile(filepath.Join(home, "token"), []byte("hf_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := FromEnvironment()
	if err != nil || client.Endpoint != "http://localhost:8080" || client.Token != "hf_file" || !client.Offline {
		t.Errorf("%+v, %v", client, err)
	}
	t.Setenv("HF_TOKEN", "hf_variable")
	if client, err = FromEnvironment(); err != nil || client.Token != "hf_variable" {
		t.Errorf("%+v, %v", client, err)
	}
	t.Setenv("HF_ENDPOINT", "huggingface.co")
	if _, err = FromEnvironment(); err == nil || !strings.Contains(err.Error(), "HF_ENDPOINT") {
		t.Errorf("error is %v", err)
	}
}
