package hub

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

func TestRepoOfURL(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "http://mirror.example:8080/hf/")
	for text, want := range map[string][2]string{
		"https://huggingface.co/OWNER/NAME":                            {"OWNER/NAME", ""},
		"https://huggingface.co/OWNER/NAME/":                           {"OWNER/NAME", ""},
		"http://www.huggingface.co/OWNER/NAME?library=true#files":      {"OWNER/NAME", ""},
		"HTTPS://HuggingFace.co/OWNER/NAME":                            {"OWNER/NAME", ""},
		"huggingface.co/OWNER/NAME":                                    {"OWNER/NAME", ""},
		"hf.co/OWNER/NAME":                                             {"OWNER/NAME", ""},
		"https://hf.co/OWNER/NAME/tree/v1":                             {"OWNER/NAME", "v1"},
		"https://huggingface.co/OWNER/NAME/tree/refs/pr/7":             {"OWNER/NAME", "refs/pr/7"},
		"https://huggingface.co/OWNER/NAME/tree/refs%2Fpr%2F7":         {"OWNER/NAME", "refs/pr/7"},
		"https://huggingface.co/OWNER/NAME/blob/main/config.json":      {"OWNER/NAME", "main"},
		"https://huggingface.co/OWNER/NAME/resolve/v1/a/b.safetensors": {"OWNER/NAME", "v1"},
		"https://huggingface.co/OWNER/NAME/discussions/7":              {"OWNER/NAME", ""},
		"http://mirror.example:8080/hf/OWNER/NAME":                     {"OWNER/NAME", ""},
		"hf://OWNER/NAME":                                              {"OWNER/NAME", ""},
		"hf://OWNER/NAME@v1":                                           {"OWNER/NAME", "v1"},
	} {
		repo, revision, ok := RepoOfURL(text)
		if !ok || repo != want[0] || revision != want[1] || !IsURL(text) {
			t.Errorf("%s: %q, %q, %v, expected %v", text, repo, revision, ok, want)
		}
	}
	for _, text := range []string{
		"", "OWNER/NAME", "https://huggingface.co", "https://huggingface.co/OWNER", "https://huggingface.co/datasets/OWNER/NAME",
		"https://example.com/OWNER/NAME", "ftp://huggingface.co/OWNER/NAME", "https://huggingface.co/../NAME", "https://huggingface.co/a--b/c", "https://%zz/a/b",
		"https://huggingface.co.example.com/OWNER/NAME",
	} {
		if repo, revision, ok := RepoOfURL(text); ok {
			t.Errorf("%s: %q, %q", text, repo, revision)
		}
	}
}

func TestAnotherRevisionIsNamed(t *testing.T) {
	server, client := start(t)
	done, err := client.Pull(t.Context(), repo, "refs/pr/1")
	if err != nil {
		t.Fatal(err)
	}
	for _, revision := range []string{"main", strings.Repeat("f", 40)} {
		_, err = client.Cache.Find(repo, revision)
		if want := "not in the hub cache as revision " + revision + ", only as refs/pr/1: " + done.Folder; !errors.Is(err, ErrNotPulled) || err.Error() != want {
			t.Errorf("error is %v, expected %s", err, want)
		}
	}
	if err := os.Remove(client.Cache.ref(repo, "refs/pr/1")); err != nil {
		t.Fatal(err)
	}
	if _, err = client.Cache.Find(repo, "main"); err == nil || !strings.Contains(err.Error(), "only as "+hubtest.Commit[:ShortCommit]) {
		t.Errorf("error is %v", err)
	}

	// A part of a checkpoint is not worth to be named.
	if err := os.Remove(client.Cache.blob(repo, server.ETag(shard))); err != nil {
		t.Fatal(err)
	}
	if _, err = client.Cache.Find(repo, "main"); err == nil || strings.Contains(err.Error(), "only as") {
		t.Errorf("error is %v", err)
	}
}

func TestCheckFolder(t *testing.T) {
	server, client := start(t)
	pullsWhole(t, server, client)
	base, snapshot := client.Cache.repo(repo), client.Cache.snapshot(repo, hubtest.Commit)
	for _, folder := range []string{base, base + "/", filepath.Join(base, "snapshots"), filepath.Join(base, "blobs"), filepath.Join(base, "refs")} {
		if err := CheckFolder(folder); err == nil || err.Error() != folder+": the hub cache's folder of "+repo+", expected its snapshot "+snapshot {
			t.Errorf("%s: %v", folder, err)
		}
	}
	if err := CheckFolder(string(client.Cache)); err == nil || !strings.HasSuffix(err.Error(), "such as "+snapshot) {
		t.Errorf("error is %v", err)
	}
	for _, folder := range []string{snapshot, t.TempDir(), "none"} {
		if err := CheckFolder(folder); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(client.Cache.blob(repo, server.ETag(shard))); err != nil {
		t.Fatal(err)
	}
	if err := CheckFolder(base); err == nil || !strings.Contains(err.Error(), "no whole checkpoint; run: mcllava pull "+repo) {
		t.Errorf("error is %v", err)
	}
}

func TestTokenOfEnvironment(t *testing.T) {
	home := t.TempDir()
	elsewhere := filepath.Join(home, "elsewhere")
	if err := errors.Join(os.WriteFile(filepath.Join(home, "token"), []byte(" home\r\n"), 0o600), os.WriteFile(elsewhere, []byte("path\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	clear := func() {
		for _, name := range []string{"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_ENDPOINT", "HF_HUB_CACHE"} {
			t.Setenv(name, "")
		}
		t.Setenv("HF_HOME", home)
		t.Setenv("HOME", home)
	}
	for _, c := range []struct {
		set         []string
		token, from string
	}{
		{nil, "home", filepath.Join(home, "token")},
		{[]string{"HF_TOKEN_PATH", elsewhere}, "path", elsewhere},
		{[]string{"HF_TOKEN_PATH", "~/elsewhere"}, "path", elsewhere},
		{[]string{"HF_TOKEN_PATH", filepath.Join(home, "none")}, "", ""},
		{[]string{"HUGGING_FACE_HUB_TOKEN", "old", "HF_TOKEN_PATH", elsewhere}, "old", "HUGGING_FACE_HUB_TOKEN"},
		{[]string{"HUGGING_FACE_HUB_TOKEN", "old", "HF_TOKEN", "new\n"}, "new", "HF_TOKEN"},
		{[]string{"HUGGING_FACE_HUB_TOKEN", "old", "HF_TOKEN", " "}, "home", filepath.Join(home, "token")},
		{[]string{"HF_TOKEN", "new", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "0"}, "new", "HF_TOKEN"},
		{[]string{"HF_TOKEN", "new", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}, "", "HF_HUB_DISABLE_IMPLICIT_TOKEN is set"},
		{[]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN", "true"}, "", "HF_HUB_DISABLE_IMPLICIT_TOKEN is set"},
	} {
		clear()
		for i := 0; i < len(c.set); i += 2 {
			t.Setenv(c.set[i], c.set[i+1])
		}
		if client, err := FromEnvironment(); err != nil || client.Token != c.token || client.TokenFrom != c.from && c.token+c.from != "" {
			t.Errorf("%v: %+v, %v; expected %q from %q", c.set, client, err, c.token, c.from)
		}
	}
	clear()
	t.Setenv("HF_TOKEN", "hf_\x1bsecret")
	if _, err := FromEnvironment(); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "HF_TOKEN has a character") {
		t.Errorf("error is %v", err)
	}
	for _, endpoint := range []string{"ftp://a", "a", "http://a:99999", "http://a:0", "http://a:b", "http://:80", "http://\x1b]0;x"} {
		clear()
		t.Setenv("HF_ENDPOINT", endpoint)
		if _, err := FromEnvironment(); err == nil || !strings.HasPrefix(err.Error(), "HF_ENDPOINT is ") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
