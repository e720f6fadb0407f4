// Package hub fetches checkpoints from the Hugging Face hub into its cache, and finds them there.
package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// tries is how often a request is made before the error is given up on.
	tries = 6
	// longestWait is the most that a server's Retry-After is heeded.
	longestWait = 5 * time.Minute
	// idleLimit is how long a body may send nothing.
	idleLimit = time.Minute
)

// Client fetches from one hub into one cache. Its methods may be called from several goroutines and processes.
type Client struct {
	Endpoint string // such as https://huggingface.co
	Token    string // sent to the endpoint's host only; "" for none
	Cache    Cache
	Offline  bool // take what the cache has

	// Progress is told how many bytes of a file are there, by the goroutine that called Pull; nil for no one.
	Progress func(file string, done, total int64)
	// Note is told, likewise, what is waited for.
	Note func(text string)

	backoff time.Duration // before the second try; doubles for each more
	idle    time.Duration
}

// FromEnvironment is a client for HF_ENDPOINT, with the token of HF_TOKEN or HF_HOME/token, and the DefaultCache.
func FromEnvironment() (*Client, error) {
	cache, err := DefaultCache()
	if err != nil {
		return nil, err
	}
	endpoint := strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/")
	if u, err := url.Parse(endpoint); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("HF_ENDPOINT is %q, expected a URL such as https://huggingface.co", endpoint)
	}
	token, err := environmentToken()
	if err != nil {
		return nil, err
	}
	offline := strings.ToUpper(os.Getenv("HF_HUB_OFFLINE"))
	c := New(endpoint, token, cache)
	c.Offline = offline == "1" || offline == "ON" || offline == "YES" || offline == "TRUE"
	return c, nil
}

// New is a client for an endpoint, a URL without a slash at its end.
func New(endpoint, token string, cache Cache) *Client {
	return &Client{Endpoint: endpoint, Token: token, Cache: cache, backoff: time.Second, idle: idleLimit}
}

func environmentToken() (string, error) {
	if token := strings.TrimSpace(os.Getenv("HF_TOKEN")); token != "" {
		return token, nil
	}
	path := os.Getenv("HF_TOKEN_PATH")
	if path == "" {
		home, err := hubHome()
		if err != nil {
			return "", err
		}
		path = filepath.Join(home, "token")
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the hub's token: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// target is what a request is for: a file of a repository at a revision, or their description if file is "".
type target struct{ repo, revision, file string }

func (t target) url(endpoint string) string {
	if t.file == "" {
		return endpoint + "/api/models/" + t.repo + "/revision/" + url.PathEscape(t.revision)
	}
	parts := strings.Split(t.file, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return endpoint + "/" + t.repo + "/resolve/" + url.PathEscape(t.revision) + "/" + strings.Join(parts, "/")
}

func (t target) String() string {
	if t.file == "" {
		return t.repo
	}
	return t.repo + ": " + t.file
}

// list is the commit of a revision, "" if the server does not say, and the names of its files.
func (c *Client) list(ctx context.Context, repo, revision string) (commit string, files map[string]bool, err error) {
	t := target{repo: repo, revision: revision}
	response, err := c.send(ctx, http.MethodGet, t, 0)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var content struct {
		SHA      string `json:"sha"`
		Siblings []struct {
			Name string `json:"rfilename"`
		} `json:"siblings"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, 64<<20)).Decode(&content); err != nil {
		if ctx.Err() != nil {
			return "", nil, ctx.Err()
		}
		return "", nil, fmt.Errorf("%s: list of files from %s: %w", t, response.Request.URL.Host, err)
	}
	if content.SHA != "" && !commitHash.MatchString(content.SHA) {
		return "", nil, fmt.Errorf("%s: sha is %.60q, expected a commit", t, content.SHA)
	}
	files = map[string]bool{}
	for _, s := range content.Siblings {
		if !fs.ValidPath(s.Name) || !filepath.IsLocal(filepath.FromSlash(s.Name)) {
			return "", nil, fmt.Errorf("%s: lists a file %q, which leads out of its folder", t, s.Name)
		}
		files[s.Name] = true
	}
	return content.SHA, files, nil
}

// remote is what the hub says of a file.
type remote struct {
	commit string
	etag   string // SHA-256 of the bytes, or SHA-1 of the git blob; in hexadecimal
	size   int64
}

var checksum = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func (c *Client) head(ctx context.Context, t target) (remote, error) {
	response, err := c.send(ctx, http.MethodHead, t, 0)
	if err != nil {
		return remote{}, err
	}
	_ = response.Body.Close()
	h := response.Header
	r := remote{commit: h.Get("X-Repo-Commit"), size: response.ContentLength}
	r.etag = strings.Trim(strings.TrimPrefix(cmp.Or(h.Get("X-Linked-Etag"), h.Get("ETag")), "W/"), `"`)
	if size := h.Get("X-Linked-Size"); size != "" {
		if r.size, err = strconv.ParseInt(size, 10, 64); err != nil {
			return r, fmt.Errorf("%s: X-Linked-Size is %.60q, expected a number of bytes", t, size)
		}
	} else if response.StatusCode >= 300 {
		r.size = -1
	}
	switch {
	case !checksum.MatchString(r.etag):
		return r, fmt.Errorf("%s: ETag is %.80q, expected a SHA-256 or the SHA-1 of a git blob", t, r.etag)
	case r.size < 0:
		return r, fmt.Errorf("%s: %s does not say the file's size, expected X-Linked-Size or Content-Length", t, response.Request.URL.Host)
	case r.commit != "" && !commitHash.MatchString(r.commit):
		return r, fmt.Errorf("%s: X-Repo-Commit is %.60q, expected a commit", t, r.commit)
	}
	return r, nil
}

// temporary is an error that may be gone after a while.
type temporary struct {
	error
	after time.Duration // as the server asks; 0 if it does not
}

// send makes a request, again where that may help. The body starts at offset if the status is 206.
func (c *Client) send(ctx context.Context, method string, t target, offset int64) (*http.Response, error) {
	for try := 1; ; try++ {
		response, err := c.once(ctx, method, t, offset)
		if err == nil {
			return response, nil
		}
		if err := c.pause(ctx, try, err); err != nil {
			return nil, err
		}
	}
}

// pause waits before the next try, or returns the error if it is final.
func (c *Client) pause(ctx context.Context, try int, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var t temporary
	if !errors.As(err, &t) {
		return err
	}
	if try >= tries {
		return fmt.Errorf("%w, after %d tries", t.error, try)
	}
	wait := t.after
	if wait == 0 {
		wait = c.backoff << (try - 1)
	}
	wait = min(wait, longestWait)
	c.note(fmt.Sprintf("%v; trying again in %v", t.error, wait.Round(time.Second/10)))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

func (c *Client) note(text string) {
	if c.Note != nil {
		c.Note(text)
	}
}

func (c *Client) once(ctx context.Context, method string, t target, offset int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, t.url(c.Endpoint), nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t, err)
	}
	request.Header.Set("User-Agent", "mcllava")
	request.Header.Set("Accept-Encoding", "identity")
	if c.Token != "" {
		request.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	response, err := caller.Do(request)
	if err != nil {
		var failed *url.Error // its URL may be a long signed one
		if errors.As(err, &failed) {
			err = failed.Err
		}
		err = fmt.Errorf("%s: %s: %w", t, request.URL.Host, err)
		var unknown *net.DNSError
		var untrusted *tls.CertificateVerificationError
		if errors.As(err, &unknown) && unknown.IsNotFound || errors.As(err, &untrusted) {
			return nil, err
		}
		return nil, temporary{error: err}
	}
	if err := c.statusError(method, t, response); err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	return response, nil
}

var caller = func() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = idleLimit
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}
}()

// checkRedirect keeps the token from other hosts, and stops a HEAD at the answer that describes the file: a redirect to
// another host that has X-Linked-Etag. Relative ones lead to renamed repositories.
func checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) >= 10 {
		return errors.New("10 redirects")
	}
	if first := before[0].URL; next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
		next.Header.Del("Authorization")
	}
	location, err := url.Parse(next.Response.Header.Get("Location"))
	if err != nil {
		return err
	}
	if next.Method == http.MethodHead && location.Host != "" && next.Response.Header.Get("X-Linked-Etag") != "" {
		return http.ErrUseLastResponse
	}
	return nil
}

func (c *Client) statusError(method string, t target, response *http.Response) error {
	host, code := response.Request.URL.Host, response.StatusCode
	switch {
	case code == http.StatusOK || code == http.StatusPartialContent:
		return nil
	case method == http.MethodHead && code >= 300 && code < 400:
		return nil
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		if c.Token == "" {
			return fmt.Errorf("%s: private or gated (or there is no such repository): HF_TOKEN is needed, a token that may read it (%s answered %s)", t, host, response.Status)
		}
		return fmt.Errorf("%s: private or gated, and the token in use may not read it: HF_TOKEN of one that may is needed (%s answered %s)", t, host, response.Status)
	case code == http.StatusNotFound:
		return notFound(t, host, response.Header.Get("X-Error-Code"))
	case code == http.StatusTooManyRequests || code >= 500:
		err := fmt.Errorf("%s: %s answered %s", t, host, response.Status)
		return temporary{error: err, after: retryAfter(response.Header.Get("Retry-After"), time.Now())}
	default:
		return fmt.Errorf("%s: %s answered %s", t, host, response.Status)
	}
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
