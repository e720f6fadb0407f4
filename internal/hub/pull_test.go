package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

const (
	repo  = "owner/tiny"
	shard = "model-00002-of-00003.safetensors"
)

// pulled are the files of the sharded checkpoint that the program reads.

var pulled = []string{
	"config.json", "tokenizer_config.json", "tokenizer.json", "preprocessor_config.json", "model.safetensors.index.json",
	"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors",
}

// start serves the sharded checkpoint, and makes a client with an empty cache that does not wait long.

func start(t *testing.T) (*hubtest.Server, *Client) {
	t.Helper()
	server, err := hubtest.New(repo, os.DirFS("../../testdata/mini-f16-sharded"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	client := New(server.Endpoint(), "", Cache(t.TempDir()))
	client.backoff = time.Millisecond
	return server, client
}

// pullsWhole fails the test unless a pull ends with every file byte for byte, and nothing else.

func pullsWhole(t *testing.T, server *hubtest.Server, client *Client) {
	t.Helper()
	done, err := client.Pull(t.Context(), repo, "main")
	if err != nil {
		t.Fatal(err)
	}
	folder := done.Folder
	if found, err := client.Cache.Find(repo, "main"); err != nil || found != folder {
		t.Errorf("Find gives %q, %v; Pull gave %q", found, err, folder)
	}
	if want := filepath.Join(string(client.Cache), "models--owner--tiny", "snapshots", hubtest.Commit); folder != want {
		t.Errorf("folder is %s, expected %s", folder, want)
	}
	if got := listed(t, folder); !slices.Equal(got, slices.Sorted(slices.Values(pulled))) {
		t.Errorf("snapshot has %v", got)
	}
	var blobs []string
	for _, name := range pulled {
		etag := server.ETag(name)
		blobs = append(blobs, etag)
		for _, path := range []string{filepath.Join(folder, name), client.Cache.blob(repo, etag)} {
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, server.Files[name]) {
				t.Errorf("%s: %v, or other bytes than the server's", path, err)
			}
		}
	}
	slices.Sort(blobs)
	if got := listed(t, filepath.Join(client.Cache.repo(repo), "blobs")); !slices.Equal(got, blobs) {
		t.Errorf("blobs are %v, expected %v", got, blobs)
	}
	if got, err := os.ReadFile(client.Cache.ref(repo, "main")); err != nil || string(got) != hubtest.Commit {
		t.Errorf("refs/main is %q, %v", got, err)
	}
}

func listed(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// fails fails the test unless a pull ends with an error of one line that says all of these, and leaves no checkpoint to be found.

func fails(t *testing.T, client *Client, say ...string) {
	t.Helper()
	_, err := client.Pull(t.Context(), repo, "main")
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range say {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error is %q, expected «%s» in it", err, s)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
		t.Errorf("error is %q, expected one line without the signed URL", err)
	}
	if folder, err := client.Cache.Find(repo, "main"); !errors.Is(err, ErrNotPulled) {
		t.Errorf("after a pull that failed Find gives %q, %v", folder, err)
	}
}

// fetched counts the requests for bytes of files since requests were counted last.

func fetched(server *hubtest.Server) (n int) {
	hub, storage := server.Requests()
	for _, r := range hub {
		if r.Method == http.MethodGet && !strings.HasPrefix(r.URL.Path, "/api/") && !hubtest.Large(r.URL.Path) {
			n++
		}
	}
	return n + len(storage)
}

// ranges are the parts of shards that were requested since requests were counted last.

func ranges(server *hubtest.Server) (parts []string) {
	_, storage := server.Requests()
	for _, r := range storage {
		if part := r.Header.Get("Range"); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func TestPull(t *testing.T) {
	server, client := start(t)
	var last string
	client.Progress = func(file string, done, total int64) {
		if want := int64(len(server.Files[file])); total != want || done < 1 || done > total {
			t.Errorf("%s: %d of %d bytes, expected %d", file, done, total, want)
		}
		last = file
	}
	pullsWhole(t, server, client)
	if last != pulled[len(pulled)-1] {
		t.Errorf("the last file was %s", last)
	}
	link, err := os.Readlink(filepath.Join(client.Cache.snapshot(repo, hubtest.Commit), "config.json"))
	if want := filepath.Join("..", "..", "blobs", server.ETag("config.json")); runtime.GOOS != "windows" && (err != nil || link != want) {
		t.Errorf("config.json links to %q, %v; expected %q", link, err, want)
	}
	server.Requests()
	pullsWhole(t, server, client)
	hub, storage := server.Requests()
	heads := 0
	for _, r := range hub {
		if r.Method == http.MethodHead {
			heads++
		}
	}
	if heads != len(pulled) || len(hub) != 1+heads || len(storage) != 0 {
		t.Errorf("%d requests of which %d are HEADs, and %d to the other host; expected a list, %d HEADs and 0", len(hub), heads, len(storage), len(pulled))
	}
}

func TestRevision(t *testing.T) {
	for _, revision := range []string{hubtest.Commit, "refs/pr/1"} {
		_, client := start(t)
		done, err := client.Pull(t.Context(), repo, revision)
		if err != nil {
			t.Fatal(err)
		}
		folder := done.Folder
		if found, err := client.Cache.Find(repo, revision); err != nil || found != folder {
			t.Errorf("%s: Find gives %q, %v; Pull gave %q", revision, found, err, folder)
		}
		if found, err := client.Cache.Find(repo, "main"); err == nil {
			t.Errorf("%s: main is %s though it was not pulled", revision, found)
		}
	}
	_, client := start(t)
	for _, revision := range []string{"", ".", "..", "../main", "/main"} {
		if _, err := client.Pull(t.Context(), repo, revision); err == nil || !strings.Contains(err.Error(), "expected a branch, tag or commit") {
			t.Errorf("revision %q: %v", revision, err)
		}
	}
}

// half answers with the first half of what was asked for and drops the connection.

// leave puts bytes where a pull that was interrupted would have left them.

func TestToken(t *testing.T) {
	server, client := start(t)
	server.Token = "hf_right"
	fails(t, client, repo, "private or gated", "HF_TOKEN is needed", "401")
	client.Token = "hf_wrong"
	fails(t, client, repo, "private or gated", "token in use may not read it", "401")
	client.Token = "hf_right"
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		if hubtest.Large(r.URL.Path) {
			http.Error(w, "gated", http.StatusForbidden)
			return true
		}
		return false
	}, nil)
	fails(t, client, "model-00001-of-00003.safetensors", "private or gated", "403")
	server.Answers(nil, nil)
	server.Requests()
	pullsWhole(t, server, client)
	hub, storage := server.Requests()
	for _, r := range hub {
		if got := r.Header.Get("Authorization"); got != "Bearer hf_right" {
			t.Errorf("%s %s: Authorization is %q, expected the token", r.Method, r.URL, got)
		}
	}
	for _, r := range storage {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s %s: another host was sent the token", r.Method, r.URL)
		}
	}
	if len(storage) != 3 {
		t.Errorf("%d requests to the other host, expected one a shard", len(storage))
	}
}

// TestRedirects is of renamed repositories, and of small files that the hub itself serves under another path.

func TestRedirects(t *testing.T) {
	for _, absolute := range []bool{false, true} {
		server, client := start(t)
		client.Token = "hf_token"
		server.Token = client.Token
		server.Repo = "owner/new-name"
		server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, repo) {
				return false
			}
			to := strings.Replace(r.URL.Path, repo, server.Repo, 1)
			if absolute {
				to = server.Endpoint() + to
			}
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		}, nil)
		pullsWhole(t, server, client)
	}
}

func TestConcurrentPulls(t *testing.T) {
	server, client := start(t)
	var pulls sync.WaitGroup
	for range 4 {
		pulls.Go(func() {
			other := *client
			if _, err := other.Pull(t.Context(), repo, "main"); err != nil {
				t.Error(err)
			}
		})
	}
	pulls.Wait()
	if n := fetched(server); n != len(pulled) {
		t.Errorf("%d requests for bytes, expected each of the %d files to be fetched once", n, len(pulled))
	}
	pullsWhole(t, server, client)
}

func TestLocked(t *testing.T) {
	server, client := start(t)
	path := client.Cache.lock(repo, server.ETag(shard))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	held := flock.New(path)
	if err := held.Lock(); err != nil {
		t.Fatal(err)
	}
	var note string
	client.Note = func(text string) { note = text }
	ctx, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if _, err := client.Pull(ctx, repo, "main"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v, expected to wait for the other process", err)
	}
	if note != repo+": "+shard+": another process is fetching it; waiting" {
		t.Errorf("note is %q", note)
	}
	if err := held.Unlock(); err != nil {
		t.Fatal(err)
	}
	pullsWhole(t, server, client)
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

// TestPythonCache lays files out as huggingface_hub does, which has the ref before the files.

func TestOtherLayouts(t *testing.T) {
	server, client := start(t)
	server.Files["model.safetensors"] = []byte("weights")
	server.Files["vocab.json"], server.Files["merges.txt"], server.Files["added_tokens.json"] = []byte("v"), []byte("m"), []byte("a")
	delete(server.Files, "tokenizer.json")
	done, err := client.Pull(t.Context(), repo, "main")
	if err != nil {
		t.Fatal(err)
	}
	folder := done.Folder
	want := []string{
		"added_tokens.json", "config.json", "merges.txt", "model.safetensors", "preprocessor_config.json", "tokenizer_config.json", "vocab.json",
	}
	if got := listed(t, folder); !slices.Equal(got, want) {
		t.Errorf("snapshot has %v, expected %v", got, want)
	}
}

// TestCommitFromHead is of a server whose list does not say the commit.

func TestCommitFromHead(t *testing.T) {
	server, client := start(t)
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			return false
		}
		var list []string
		for name := range maps.Keys(server.Files) {
			list = append(list, fmt.Sprintf(`{"rfilename":%q}`, name))
		}
		fmt.Fprintf(w, `{"siblings":[%s]}`, strings.Join(list, ","))
		return true
	}, nil)
	pullsWhole(t, server, client)
}
