package hub

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// parseList reads the hub's description of a revision: its commit, "" if it does not say, and the names of its files.
func parseList(text []byte) (commit string, files map[string]bool, err error) {
	var content struct {
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	if err := json.Unmarshal(text, &content); err != nil {
		return "", nil, fmt.Errorf("not JSON: %w", err)
	}
	if content.SHA != "" && !commitHash().MatchString(content.SHA) {
		return "", nil, fmt.Errorf("sha is %.60q, expected a commit", content.SHA)
	}
	files = map[string]bool{}
	for _, s := range content.Siblings {
		if !localName(s.Name) {
			return "", nil, fmt.Errorf("lists a file %.80q, which leads out of its folder", s.Name)
		}
		files[s.Name] = true
	}
	return content.SHA, files, nil
}

// localName says whether a name, with slashes, is that of a file below the folder that it is put in.
func localName(name string) bool {
	return fs.ValidPath(name) && name != "." && filepath.IsLocal(filepath.FromSlash(name))
}

// remote is what the hub says of a file.
type remote struct {
	commit string
	etag   string // SHA-256 of the bytes, or SHA-1 of the git blob; in hexadecimal
	size   int64
}

var checksum = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`) })

// parseRemote reads the headers of an answer to HEAD.
func parseRemote(response *http.Response) (r remote, err error) {
	h := response.Header
	r = remote{commit: h.Get("X-Repo-Commit"), size: response.ContentLength}
	r.etag = strings.Trim(strings.TrimPrefix(cmp.Or(h.Get("X-Linked-Etag"), h.Get("ETag")), "W/"), `"`)
	if size := h.Get("X-Linked-Size"); size != "" {
		if r.size, err = strconv.ParseInt(size, 10, 64); err != nil {
			return r, fmt.Errorf("X-Linked-Size is %.60q, expected a number of bytes", size)
		}
	} else if response.StatusCode >= 300 {
		r.size = -1
	}
	switch {
	case !checksum().MatchString(r.etag):
		return r, fmt.Errorf("ETag is %.80q, expected a SHA-256 or the SHA-1 of a git blob", r.etag)
	case r.size < 0:
		return r, fmt.Errorf("does not say the file's size, expected X-Linked-Size or Content-Length")
	case r.commit != "" && !commitHash().MatchString(r.commit):
		return r, fmt.Errorf("X-Repo-Commit is %.60q, expected a commit", r.commit)
	}
	return r, nil
}

func (c *Client) statusError(method string, t target, response *http.Response) error {
	code := response.StatusCode
	answer := said(response)
	switch {
	case code == http.StatusOK || code == http.StatusPartialContent:
		return nil
	case method == http.MethodHead && code >= 300 && code < 400:
		return nil
	case response.Header.Get("X-Error-Code") == "GatedRepo":
		return fmt.Errorf("%s: gated: accept the licence on its page %s/%s and pull with the HF_TOKEN of that account; %s (%s)", t, c.Endpoint, t.repo, c.tokenSent(), answer)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if c.Token == "" {
			return fmt.Errorf("%s: private or gated (or there is no such repository): HF_TOKEN is needed, a token that may read it; %s (%s)", t, c.tokenSent(), answer)
		}
		return fmt.Errorf("%s: private or gated, and the token in use may not read it: HF_TOKEN of one that may is needed; %s (%s)", t, c.tokenSent(), answer)
	case code == http.StatusNotFound:
		return notFound(t, response.Request.URL.Host, response.Header.Get("X-Error-Code"))
	case code == http.StatusTooManyRequests || code >= 500:
		err := fmt.Errorf("%s: %s", t, answer)
		return temporary{error: err, after: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	default:
		return fmt.Errorf("%s: %s", t, answer)
	}
}

// said is the status of an answer and, where the hub explains it, what it says.
func said(response *http.Response) string {
	const longestStatus, longestMessage = 60, 100
	text := fmt.Sprintf("%s answered %s", response.Request.URL.Host, line(response.Status, longestStatus))
	message := response.Header.Get("X-Error-Message")
	if message == "" && response.StatusCode >= 400 {
		var content struct {
			Error string `json:"error"`
		}
		body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
		if json.Unmarshal(body, &content) == nil {
			message = content.Error
		}
	}
	if message != "" {
		text += ": " + line(message, longestMessage)
	}
	return text
}

// tokenSent says which token the hub was sent.
func (c *Client) tokenSent() string {
	switch {
	case c.Token == "" && c.TokenFrom == "":
		return "no token was sent"
	case c.Token == "":
		return "no token was sent: " + c.TokenFrom
	case c.TokenFrom == "":
		return "a token was sent"
	}
	return "the token of " + c.TokenFrom + " was sent"
}

func notFound(t target, host, reason string) error {
	switch {
	case reason == "RepoNotFound":
		return fmt.Errorf("%s: no such repository on %s", t.repo, host)
	case reason == "RevisionNotFound":
		return fmt.Errorf("%s: no revision %q on %s", t.repo, t.revision, host)
	case t.file != "":
		return fmt.Errorf("%s: no such file at revision %s on %s", t, t.revision, host)
	default:
		return fmt.Errorf("%s: no such repository on %s, or it has no revision %q", t.repo, host, t.revision)
	}
}

// retryAfter reads a number of seconds or a date; anything else, and the past, is 0.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(max(0, min(seconds, int(longestWait/time.Second)))) * time.Second
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, at.Sub(now))
}
