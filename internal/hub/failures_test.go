package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

func half(server *hubtest.Server) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		data := server.Files[strings.TrimPrefix(r.URL.Path, "/")]
		var from int
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.WriteHeader(http.StatusPartialContent)
		}
		_, _ = w.Write(data[from : from+(len(data)-from+1)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func TestDroppedConnectionIsResumed(t *testing.T) {
	server, client := start(t)
	server.Answers(nil, half(server))
	pullsWhole(t, server, client)
	if parts := ranges(server); len(parts) < 3 {
		t.Errorf("%v were requested, expected some of each shard", parts)
	}
}

func TestDroppedConnectionsGiveUp(t *testing.T) {
	server, client := start(t)
	drop := half(server)
	server.Answers(nil, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" {
			panic(http.ErrAbortHandler)
		}
		return drop(w, r)
	})
	fails(t, client, repo, "model-00001-of-00003.safetensors", "after 6 tries")
	partial := client.Cache.blob(repo, server.ETag("model-00001-of-00003.safetensors")) + ".incomplete"
	info, err := os.Stat(partial)
	if err != nil || info.Size() == 0 {
		t.Fatalf("%v, expected the bytes that came in %s", err, partial)
	}
	server.Answers(nil, nil)
	server.Requests()
	pullsWhole(t, server, client)
	if want, got := fmt.Sprintf("bytes=%d-", info.Size()), ranges(server); !slices.Equal(got, []string{want}) {
		t.Errorf("the next pull requested %v, expected to go on with %s", got, want)
	}
}

func TestRangeIgnored(t *testing.T) {
	server, client := start(t)
	leave(t, server, client, shard, server.Files[shard][:1000])
	server.Answers(nil, func(_ http.ResponseWriter, r *http.Request) bool {
		r.Header.Del("Range")
		return false
	})
	pullsWhole(t, server, client)
}

func TestWrongContentRange(t *testing.T) {
	server, client := start(t)
	leave(t, server, client, shard, server.Files[shard][:1000])
	server.Answers(nil, func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" {
			r.Header.Set("Range", "bytes=500-")
		}
		return false
	})
	fails(t, client, shard, "Content-Range", "expected bytes from 1000 on")
	server.Answers(nil, nil)
	pullsWhole(t, server, client)
}

func leave(t *testing.T, server *hubtest.Server, client *Client, name string, data []byte) {
	t.Helper()
	path := client.Cache.blob(repo, server.ETag(name)) + ".incomplete"
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestWrongLength(t *testing.T) {
	server, client := start(t)
	short := func(name string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || filepath.Base(r.URL.Path) != name {
				return false
			}
			_, _ = w.Write(server.Files[name][:100])
			return true
		}
	}
	server.Answers(short("tokenizer.json"), nil)
	fails(t, client, "tokenizer.json", "sends 100 bytes", fmt.Sprintf("expected %d", len(server.Files["tokenizer.json"])))
	server.Answers(nil, short(shard))
	fails(t, client, shard, "sends 100 bytes")
	server.Answers(nil, nil)
	pullsWhole(t, server, client)

	server, client = start(t)
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead && hubtest.Large(r.URL.Path) {
			w.Header().Set("X-Linked-Etag", server.ETag(filepath.Base(r.URL.Path)))
			w.Header().Set("X-Linked-Size", "1000")
			return true
		}
		return false
	}, func(w http.ResponseWriter, r *http.Request) bool {
		_, _ = w.Write(server.Files[filepath.Base(r.URL.Path)])
		_ = http.NewResponseController(w).Flush() // no Content-Length
		return true
	})
	fails(t, client, "model-00001-of-00003.safetensors", "more than the 1000 bytes")
	server.Answers(nil, nil)
	pullsWhole(t, server, client)
}

func TestWrongChecksum(t *testing.T) {
	for _, name := range []string{"tokenizer.json", shard} {
		server, client := start(t)
		etag := server.ETag(name)
		flipped := bytes.Clone(server.Files[name])
		flipped[len(flipped)/2] ^= 1
		broken := func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || filepath.Base(r.URL.Path) != name {
				return false
			}
			_, _ = w.Write(flipped)
			return true
		}
		if hubtest.Large(name) {
			server.Answers(nil, broken)
		} else {
			server.Answers(broken, nil)
		}
		fails(t, client, name, "checksum", etag)
		if _, err := os.Stat(client.Cache.blob(repo, etag) + ".incomplete"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the bytes are still there: %v", name, err)
		}
		server.Answers(nil, nil)
		pullsWhole(t, server, client)
	}
}

func TestForeignBytesLeft(t *testing.T) {
	server, client := start(t)
	leave(t, server, client, shard, []byte("not the beginning"))
	fails(t, client, shard, "checksum")
	pullsWhole(t, server, client)

	server, client = start(t)
	leave(t, server, client, shard, append(bytes.Clone(server.Files[shard]), "and more"...))
	pullsWhole(t, server, client)

	server, client = start(t)
	leave(t, server, client, shard, server.Files[shard])
	pullsWhole(t, server, client)
}

func TestNotFound(t *testing.T) {
	server, client := start(t)
	if _, err := client.Pull(t.Context(), "owner/none", "main"); err == nil || !strings.Contains(err.Error(), "owner/none: no such repository") {
		t.Errorf("error is %v", err)
	}
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		if filepath.Base(r.URL.Path) == shard {
			http.NotFound(w, r)
			return true
		}
		return false
	}, nil)
	fails(t, client, repo, shard, "no such file at revision "+hubtest.Commit)
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		http.NotFound(w, r)
		return true
	}, nil)
	fails(t, client, repo, `no revision "main"`)
	server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
		http.NotFound(w, r)
		return true
	}, nil)
	fails(t, client, repo, "no such repository", `or it has no revision "main"`)
	server.Answers(nil, nil)
	pullsWhole(t, server, client)
}

func TestTooManyRequests(t *testing.T) {
	server, client := start(t)
	var asked atomic.Int64
	server.Answers(func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) > 1 {
			return false
		}
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}, nil)
	var notes []string
	client.Note = func(text string) { notes = append(notes, text) }
	began := time.Now()
	pullsWhole(t, server, client)
	if len(notes) != 1 || !strings.Contains(notes[0], "429 Too Many Requests; trying again in 1s") {
		t.Errorf("notes are %q", notes)
	}
	if took := time.Since(began); took < time.Second {
		t.Errorf("took %v, expected to wait for the second that the server asked for", took)
	}

	server, client = start(t)
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		server.Answers(func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			return true
		}, nil)
		server.Requests()
		fails(t, client, repo, fmt.Sprint(status), "after 6 tries")
		if hub, _ := server.Requests(); len(hub) != tries {
			t.Errorf("%d requests, expected %d", len(hub), tries)
		}
	}
	server.Answers(nil, nil)
	pullsWhole(t, server, client)
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-7": 0, "soon": 0, "99999999999999": longestWait, "999999999999999999999": 0,
		"Thu, 29 Feb 2024 12:00:30 GMT": 30 * time.Second,
		"Thu, 29 Feb 2024 11:00:00 GMT": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, expected %v", text, got, want)
		}
	}
}

func TestServerErrorsPass(t *testing.T) {
	server, client := start(t)
	everyOther := func() func(http.ResponseWriter, *http.Request) bool {
		var count atomic.Int64
		return func(w http.ResponseWriter, _ *http.Request) bool {
			if count.Add(1)%2 == 0 {
				return false
			}
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
	}
	server.Answers(everyOther(), everyOther())
	pullsWhole(t, server, client)
}

func TestSilentBody(t *testing.T) {
	server, client := start(t)
	client.idle = 200 * time.Millisecond
	drop := half(server)
	server.Answers(nil, func(w http.ResponseWriter, r *http.Request) (answered bool) {
		if r.Header.Get("Range") != "" {
			return false
		}
		defer func() {
			_ = recover()
			<-r.Context().Done()
			answered = true
		}()
		return drop(w, r)
	})
	pullsWhole(t, server, client)
}

func TestInterrupted(t *testing.T) {
	server, client := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.Answers(nil, func(w http.ResponseWriter, r *http.Request) bool {
		if filepath.Base(r.URL.Path) != shard {
			return false
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(server.Files[shard])))
		_, _ = w.Write(server.Files[shard][:1000])
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		return true
	})
	client.Progress = func(file string, _, _ int64) {
		if file == shard {
			cancel()
		}
	}
	if _, err := client.Pull(ctx, repo, "main"); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	if _, err := client.Cache.Find(repo, "main"); !errors.Is(err, ErrNotPulled) {
		t.Errorf("Find: %v", err)
	}
	server.Answers(nil, nil)
	client.Progress = nil
	server.Requests()
	pullsWhole(t, server, client)
	if got := ranges(server); !slices.Equal(got, []string{"bytes=1000-"}) {
		t.Errorf("the next pull requested %v, expected to go on after the 1000 bytes that were there", got)
	}
}

func TestUnusableRepositories(t *testing.T) {
	for say, change := range map[string]func(files map[string][]byte){
		"no config.json":           func(f map[string][]byte) { delete(f, "config.json") },
		"no tokenizer_config.json": func(f map[string][]byte) { delete(f, "tokenizer_config.json") },
		"no tokenizer, expected":   func(f map[string][]byte) { delete(f, "tokenizer.json") },
		"no weights, expected":     func(f map[string][]byte) { delete(f, indexFile) },
		"only pytorch_model.bin, expected weights as safetensors": func(f map[string][]byte) {
			delete(f, indexFile)
			f["pytorch_model.bin"] = nil
		},
		"does not list it":               func(f map[string][]byte) { delete(f, shard) },
		`"../evil.json", which leads`:    func(f map[string][]byte) { f["../evil.json"] = nil },
		`"/etc/passwd", which leads`:     func(f map[string][]byte) { f["/etc/passwd"] = nil },
		"weight_map is missing or empty": func(f map[string][]byte) { f[indexFile] = []byte("{}") },
		"not JSON: it ends early":        func(f map[string][]byte) { f[indexFile] = nil },
		`"../evil" leads out`: func(f map[string][]byte) {
			f[indexFile] = []byte(`{"weight_map":{"a":"../evil"}}`)
		},
	} {
		server, client := start(t)
		change(server.Files)
		fails(t, client, say)
	}
}

func TestHeadersAreChecked(t *testing.T) {
	for say, header := range map[string][2]string{
		"ETag is":          {"X-Linked-Etag", "../../../evil"},
		"X-Linked-Size is": {"X-Linked-Size", "-"},
		"does not say":     {"X-Linked-Size", "-1"},
		"X-Repo-Commit is": {"X-Repo-Commit", "../../evil"},
		"pull again":       {"X-Repo-Commit", strings.Repeat("f", 40)},
	} {
		server, client := start(t)
		server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodHead {
				return false
			}
			h := w.Header()
			h.Set("X-Linked-Etag", strings.Repeat("a", 64))
			h.Set("X-Linked-Size", "5")
			h.Set("X-Repo-Commit", hubtest.Commit)
			h.Set(header[0], header[1])
			return true
		}, nil)
		fails(t, client, "config.json", say)
	}
}

func TestUnreachable(t *testing.T) {
	server, client := start(t)
	server.Close()
	fails(t, client, repo, strings.TrimPrefix(server.Endpoint(), "http://"), "after 6 tries")
}
