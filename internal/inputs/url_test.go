package inputs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const photo = "\xff\xd8\xff\xe0 as a JPEG begins"

// server answers by path, and counts the requests.
func server(t *testing.T) (address string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		var hop int
		switch path := r.URL.Path; {
		case path == "/photo.jpg":
			_, _ = fmt.Fprint(w, photo)
		case path == "/page":
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "<html>\x1b[2J no picture")
		case path == "/empty":
		case path == "/large":
			_, _ = w.Write(append([]byte(photo), bytes.Repeat([]byte{1}, 1<<16)...))
		case path == "/streamed":
			for range 100 {
				_, _ = w.Write(append([]byte(photo), bytes.Repeat([]byte{1}, 1<<10)...))
				_ = http.NewResponseController(w).Flush()
			}
		case path == "/limited":
			http.Error(w, "slow down\x1b[2J", http.StatusTooManyRequests)
		case path == "/short":
			w.Header().Set("Content-Length", "1000")
			_, _ = fmt.Fprint(w, photo)
		case path == "/once" && n == 1:
			c, _, _ := http.NewResponseController(w).Hijack()
			_ = c.Close()
		case path == "/once":
			_, _ = fmt.Fprint(w, photo)
		case path == "/stalls":
			_, _ = fmt.Fprint(w, photo)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		case path == "/silent":
			<-r.Context().Done()
		case path == "/elsewhere":
			http.Redirect(w, r, "ftp://127.0.0.1/photo.jpg", http.StatusFound)
		case path == "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			if _, err := fmt.Sscanf(path, "/hop%d", &hop); err != nil {
				http.NotFound(w, r)
			} else if hop == 0 {
				_, _ = fmt.Fprint(w, photo)
			} else {
				http.Redirect(w, r, fmt.Sprintf("/hop%d", hop-1), http.StatusFound)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, requests
}

func TestFetch(t *testing.T) {
	address, requests := server(t)
	f := newFetcher(300*time.Millisecond, time.Millisecond)
	for path, c := range map[string]struct {
		want     string // an error, or none
		requests int64
	}{
		"/photo.jpg": {"", 1},
		"/hop5":      {"", 6},
		"/hop6":      {"redirects more than 5 times", 6},
		"/loop":      {"redirects more than 5 times", 6},
		"/elsewhere": {`redirects to "ftp://127.0.0.1/photo.jpg", expected http or https`, 1},
		"/page":      {`not a picture: begins with "<html>\x1b[2J no pi" and is called "text/html" by the server`, 1},
		"/empty":     {`not a picture: begins with "" and is called "" by the server`, 1},
		"/large":     {"expected a picture of at most", 1},
		"/streamed":  {"more than 10000 bytes, expected a picture of at most that", 1},
		"/gone":      {`the server said "404 Not Found": "404 page not found"`, 1},
		"/limited":   {`the server said "429 Too Many Requests": "slow down\x1b[2J"`, 1},
		"/short":     {"unexpected EOF", 2},
		"/once":      {"", 2},
		"/stalls":    {"the server has sent nothing for 300ms", 1},
		"/silent":    {"the server has sent nothing for 300ms", 1},
	} {
		requests.Store(0)
		data, err := f.fetch(t.Context(), address+path, 10000)
		switch {
		case c.want == "" && (string(data) != photo || err != nil):
			t.Errorf("%s: %q, %v", path, data, err)
		case c.want != "" && (data != nil || err == nil || !strings.HasPrefix(err.Error(), address+path+": ") || !strings.HasSuffix(err.Error(), c.want) && path != "/large"):
			t.Errorf("%s: %q, %v; expected %q", path, data, err, c.want)
		}
		if n := requests.Load(); n != c.requests {
			t.Errorf("%s: %d requests, expected %d", path, n, c.requests)
		}
	}
	for name, want := range map[string]string{
		"http://":                         "has no host",
		"http:///photo.jpg":               "has no host",
		"http://[::1/photo.jpg":           "missing ']'",
		"http://127.0.0.1:1/photo.jpg":    "connection refused",
		"http://u:secret@127.0.0.1:1/a":   "http://u:xxxxx@127.0.0.1:1/a: ",
		"http://127.0.0.1:99999/photo.jp": "port",
	} {
		if _, err := f.fetch(t.Context(), name, 0); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, expected %q", name, err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := newFetcher(time.Minute, time.Minute).fetch(ctx, address+"/silent", 0); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// A URL is fetched once a pair comes up, wherever it is named.
func TestURLs(t *testing.T) {
	address, requests := server(t)
	photo1 := address + "/photo.jpg?x=[1]*"
	for name, o := range map[string]Options{
		"argument": {Images: []string{photo1}, Questions: []string{"one", "two"}},
		"list":     {From: "-", Stdin: strings.NewReader(photo1 + "\n"), Questions: []string{"one", "two"}},
		"jobs":     {Jobs: "-", Stdin: strings.NewReader(fmt.Sprintf("{\"image\":%q,\"question\":\"one\"}\n{\"image\":%[1]q,\"question\":\"two\"}", photo1))},
	} {
		for _, offline := range []bool{false, true} {
			requests.Store(0)
			if o.Stdin != nil {
				_, _ = o.Stdin.(*strings.Reader).Seek(0, 0)
			}
			o.Offline = offline
			j, err := New(o)
			if err != nil {
				t.Fatal(name, err)
			}
			j.Count()
			if n := requests.Load(); n != 0 {
				t.Errorf("%s: %d requests before a pair comes up", name, n)
			}
			if o.Stdin != nil {
				_, _ = o.Stdin.(*strings.Reader).Seek(0, 0)
			}
			n := 0
			for pair, err := range j.All() {
				if err != nil || pair.Image != photo1 {
					t.Fatal(name, pair.Image, err)
				}
				n++
				_, hashErr := pair.Source.Hash()
				data, err := pair.Source.Open()
				want := photo1 + ": is not fetched, since --offline or HF_HUB_OFFLINE is set"
				if offline && (data != nil || err == nil || err.Error() != want || hashErr == nil) || !offline && (string(data) != photo || err != nil || hashErr != nil) {
					t.Errorf("%s, offline %v: %q, %v, %v", name, offline, data, err, hashErr)
				}
			}
			if want := map[bool]int64{false: 1, true: 0}[offline]; n != 2 || requests.Load() != want {
				t.Errorf("%s, offline %v: %d pairs, %d requests", name, offline, n, requests.Load())
			}
		}
	}
}

func TestIsURL(t *testing.T) {
	for name, want := range map[string]bool{
		"http://a/b": true, "HTTPS://a/b": true, "ftp://a/b": false, "http:/a": false, "http": false, "a/http://b": false, "file:///a": false,
	} {
		if got := IsURL(name); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
