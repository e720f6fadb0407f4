package hub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
	"github.com/mcllava/mcllava/internal/terminal"
)

// answerAnyRevision describes the repository whichever revision is asked for; more stands at the begin of the description.
func answerAnyRevision(server *hubtest.Server, more *string) hubtest.Answer {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/api/") {
			parts := strings.SplitN(r.URL.Path, "/resolve/", 2)
			_, name, _ := strings.Cut(parts[1], "/")
			r.URL.Path = parts[0] + "/resolve/main/" + name
			return false
		}
		var list []string
		for name := range server.Files {
			list = append(list, fmt.Sprintf(`{"rfilename":%q}`, name))
		}
		fmt.Fprintf(w, `{%s"siblings":[%s]}`, *more, strings.Join(list, ","))
		return true
	}
}

// tame fails the test unless a text is one line that a terminal only prints.
func tame(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 300 {
		t.Errorf("%d characters, or no UTF-8: %q", utf8.RuneCountInString(text), text)
	}
	for _, r := range text {
		if unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			t.Errorf("%q has %U", text, r)
		}
	}
}

// wild has what no terminal is to be sent: escapes, C1 controls as runes and as bytes, marks of direction, ends of lines.
const wild = "\x1b]0;PWNED\a\x1b[31m \u009b31m \x9b31m \u202egnp.exe\u2066 \u200f \u2028 \r\nmcllava: all is well \x00\x7f"

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"":                           "",
		"plain, «Grüße» 写真":          "plain, «Grüße» 写真",
		"\x1b[31m\a\t\n\x00\x7f":     `\x1b[31m\a\t\n\x00\x7f`,
		"\u0080\u009b\u009f\x9b\xff": `\u0080\u009b\u009f\x9b\xff`,
		"a\u202eb\u2066c\u200f":      `a\u202eb\u2066c\u200f`,
		"it's":                       "it's",
		"\U000e0041":                 `\U000e0041`,
	} {
		if got := terminal.Escape(text); got != want {
			t.Errorf("%q: %s, expected %s", text, got, want)
		}
	}
	long := strings.Repeat("a", 400) + "end"
	if got := line(long, 300); utf8.RuneCountInString(got) != 300 || !strings.HasPrefix(got, "aaa") || !strings.HasSuffix(got, "end") {
		t.Errorf("%s", got)
	}
	tame(t, line(strings.Repeat(wild, 50), 300))
}

// TestWildAnswers has a hub whose status lines, headers, bodies and names would steer a terminal.
func TestWildAnswers(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "testdata", "cases", "hub-status-escapes", "response.bin"))
	if err != nil {
		t.Fatal(err)
	}
	bodied := func(code int, body string) string {
		return fmt.Sprintf("HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n%s", code, len(body), body)
	}
	quoted, _ := json.Marshal(wild)
	header := strings.NewReplacer("\r", "", "\n", "", "\x00", "").Replace(wild)
	for name, answer := range map[string]string{
		"status":         string(raw),
		"final status":   "HTTP/1.1 418 " + header + "\r\nContent-Length: 0\r\n\r\n",
		"message":        "HTTP/1.1 403 No\r\nX-Error-Message: " + header + "\r\nContent-Length: 0\r\n\r\n",
		"gated":          "HTTP/1.1 403 No\r\nX-Error-Code: GatedRepo\r\nX-Error-Message: " + strings.Repeat(header, 40) + "\r\nContent-Length: 0\r\n\r\n",
		"error in body":  bodied(400, `{"error":`+string(quoted)+`}`),
		"list":           bodied(200, `{"sha":`+string(quoted)+`}`),
		"no list":        bodied(200, wild),
		"name":           bodied(200, `{"siblings":[{"rfilename":"../`+strings.Trim(string(quoted), `"`)+`"}]}`),
		"no HTTP":        wild,
		"location":       "HTTP/1.1 302 Found\r\nLocation: " + header + "://a\r\nContent-Length: 0\r\n\r\n",
		"long":           "HTTP/1.1 503 " + strings.Repeat("x", 100_000) + "\r\nContent-Length: 0\r\n\r\n",
		"retry a second": "HTTP/1.1 503 " + header + "\r\nRetry-After: " + header + "\r\nContent-Length: 0\r\n\r\n",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := listener.Accept()
				if err != nil {
					return
				}
				buffer := make([]byte, 4096)
				_, _ = c.Read(buffer)
				_, _ = io.WriteString(c, answer)
				_ = c.Close()
			}
		}()
		client := New("http://"+listener.Addr().String(), "", Cache(t.TempDir()))
		client.backoff = time.Millisecond
		client.Note = func(text string) { tame(t, text) }
		if _, err := client.Pull(t.Context(), repo, "main"); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			tame(t, err.Error())
		}
		_ = listener.Close()
	}

	// A shard's name.
	server, client := start(t)
	server.Files[wild] = []byte("a")
	index, _ := json.Marshal(map[string]any{"weight_map": map[string]string{"a": wild}})
	server.Files[indexFile] = index
	client.Progress = func(file string, _, _ int64) { tame(t, file) }
	fails(t, client, "weight_map", "no name of a file that can be printed")
	_, err = client.Pull(t.Context(), repo, "main")
	tame(t, err.Error())
	if _, err := client.Pull(t.Context(), repo, "v1"+wild); err == nil {
		t.Error("a revision that cannot be printed")
	} else {
		tame(t, err.Error())
	}
}

// TestListStalls has a hub that says nothing, or begins a list of files and does not end it.
func TestListStalls(t *testing.T) {
	server, client := start(t)
	client.idle = 200 * time.Millisecond
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"siblings":[`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
		"drops": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
		"half an error": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusBadRequest)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		server.Answers(func(w http.ResponseWriter, r *http.Request) bool {
			answer(w, r)
			return true
		}, nil)
		server.Requests()
		began := time.Now()
		say := "within 200ms"
		if name == "half an error" {
			say = "400 Bad Request"
		}
		fails(t, client, repo, say)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: gave up after %v", name, took)
		}
		if hub, _ := server.Requests(); len(hub) != 1 {
			t.Errorf("%s: %d requests, expected one", name, len(hub))
		}
	}
	server.Answers(nil, nil)
	client.idle = time.Minute
	pullsWhole(t, server, client)
}

// TestBrokenList has a list whose connection breaks: that may pass.
func TestBrokenList(t *testing.T) {
	server, client := start(t)
	first := true
	server.Answers(func(w http.ResponseWriter, _ *http.Request) bool {
		if !first {
			return false
		}
		first = false
		_, _ = io.WriteString(w, `{"siblings":[`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}, nil)
	pullsWhole(t, server, client)
}

// TestHopeless has errors that no other try would mend.
func TestHopeless(t *testing.T) {
	server, client := start(t)
	client.backoff = time.Hour
	redirect := func(to string) hubtest.Answer {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return true
		}
	}
	for say, to := range map[string]string{
		"10 redirects":                  "/api/models/around",
		`scheme "ftp"`:                  "ftp://localhost/a",
		`scheme "file"`:                 "file:///etc/passwd",
		"invalid port":                  "http://127.0.0.1:99999/",
		"302 Found":                     "",
		"does not speak https":          strings.Replace(server.Endpoint(), "http:", "https:", 1),
		"failed to parse Location head": "http://a:b/",
	} {
		server.Answers(redirect(to), nil)
		fails(t, client, repo, say)
	}
	for endpoint, say := range map[string]string{
		"http://127.0.0.1:99999": "invalid port", "ftp://127.0.0.1": "unsupported protocol scheme", "http://": "no Host",
	} {
		client.Endpoint = endpoint
		fails(t, client, repo, say)
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	secure.Config.ErrorLog = nil
	client.Endpoint = secure.URL
	fails(t, client, "certificate")
}

func TestGated(t *testing.T) {
	server, client := start(t)
	gated := func(code int, header map[string]string, body string) hubtest.Answer {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			for k, v := range header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
	said := map[string]string{"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model is restricted. You must be authenticated."}
	server.Answers(gated(http.StatusUnauthorized, said, ""), nil)
	page := client.Endpoint + "/" + repo
	fails(t, client, "gated: accept the licence on its page "+page+" ", "no token was sent (", "401 Unauthorized", said["X-Error-Message"])
	client.TokenFrom = "HF_HUB_DISABLE_IMPLICIT_TOKEN is set"
	fails(t, client, "no token was sent: HF_HUB_DISABLE_IMPLICIT_TOKEN is set (")
	client.Token, client.TokenFrom = "hf_a", "HF_TOKEN"
	server.Answers(gated(http.StatusForbidden, said, ""), nil)
	fails(t, client, "accept the licence on its page "+page+" ", "the token of HF_TOKEN was sent", "403 Forbidden")
	server.Answers(gated(http.StatusForbidden, map[string]string{"X-Error-Message": "Access to this resource is disabled."}, ""), nil)
	fails(t, client, "403 Forbidden: Access to this resource is disabled.")
	server.Answers(gated(http.StatusUnauthorized, nil, `{"error":"Invalid username or password."}`), nil)
	fails(t, client, "private or gated", "401 Unauthorized: Invalid username or password.")
	server.Answers(gated(http.StatusGone, nil, "<html>"), nil)
	fails(t, client, "410 Gone")
}

// answers is a network that gives every request the same answer.
type answers func() *http.Response

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	response := a()
	response.Request = r
	return response, nil
}

func FuzzListing(f *testing.F) {
	f.Add([]byte(`{"sha":"`+hubtest.Commit+`","siblings":[{"rfilename":"config.json"},{"rfilename":"a/b.safetensors"}]}`), `"`+strings.Repeat("a", 64)+`"`, "5", hubtest.Commit, 302, int64(-1))
	f.Add([]byte(`{"siblings":[{"rfilename":"../evil"}]}`), `W/"`+strings.Repeat("0", 40)+`"`, "", "", 200, int64(7))
	f.Add([]byte(`{"weight_map":{"a":"b"}}`), "../../evil", "-1", wild, 200, int64(0))
	f.Add([]byte(`{"sha":"\u001b[31m"}`), "", "99999999999999999999", "F", 404, int64(1))
	f.Fuzz(func(t *testing.T, text []byte, etag, size, commit string, status int, length int64) {
		sha, files, err := parseList(text)
		if err == nil {
			checkListing(t, sha, files)
		}
		header := http.Header{"X-Linked-Etag": {etag}, "X-Linked-Size": {size}, "X-Repo-Commit": {commit}}
		response := &http.Response{StatusCode: status, Status: etag, Header: header, ContentLength: length, Body: http.NoBody}
		r, err := parseRemote(response)
		cache := Cache(filepath.Join("a", "cache"))
		if err == nil {
			if r.size < 0 || r.commit != "" && len(r.commit) != 40 {
				t.Errorf("%+v", r)
			}
			if blob := cache.blob(repo, r.etag); filepath.Dir(blob) != filepath.Join(cache.repo(repo), "blobs") {
				t.Errorf("%q: %s", r.etag, blob)
			}
		}

		// Whatever the hub answers, the error can be printed, and there is no snapshot.
		client := New("http://hub", "", Cache(t.TempDir()))
		client.backoff = time.Nanosecond
		client.over = answers(func() *http.Response {
			return &http.Response{
				StatusCode: status, Status: etag, Header: http.Header{"X-Error-Message": {commit}, "Retry-After": {"0"}},
				Body: io.NopCloser(bytes.NewReader(text)), ContentLength: -1,
			}
		})
		client.Note = func(text string) { tame(t, text) }
		if _, err := client.Pull(t.Context(), repo, "main"); err == nil {
			t.Error("no error")
		} else {
			tame(t, err.Error())
		}
		if all, err := client.Cache.Snapshots(); err != nil || len(all) > 0 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

// checkListing compares a list with what every list must be, and with itself as it would be sent again.
func checkListing(t *testing.T, sha string, files map[string]bool) {
	t.Helper()
	if sha != "" && !commitHash().MatchString(sha) {
		t.Errorf("sha %q", sha)
	}
	type sibling struct {
		Name string `json:"rfilename"`
	}
	var siblings []sibling
	for name := range files {
		if inside := filepath.Join("top", filepath.FromSlash(name)); !strings.HasPrefix(inside, "top"+string(filepath.Separator)) {
			t.Errorf("%q leads to %s", name, inside)
		}
		siblings = append(siblings, sibling{name})
	}
	again, err := json.Marshal(map[string]any{"sha": sha, "siblings": siblings})
	if err != nil {
		t.Fatal(err)
	}
	sha2, files2, err := parseList(again)
	if err != nil || sha2 != sha || len(files2) != len(files) {
		t.Errorf("%q, %v, %v; sent again %q, %v", sha, files, err, sha2, files2)
	}
}
