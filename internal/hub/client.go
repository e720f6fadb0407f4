// Package hub fetches checkpoints from the Hugging Face hub into its cache, and finds them there.
package hub

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/mcllava/mcllava/internal/terminal"
)

const (
	// tries is how often a request is made before the error is given up on.
	tries = 6
	// longestWait is the most that a server's Retry-After is heeded.
	longestWait = 5 * time.Minute
	// idleLimit is how long the hub may send nothing.
	idleLimit = time.Minute
	// longestList is the most bytes of a list of files.
	longestList = 16 << 20
)

// Client fetches from one hub into one cache. Its methods may be called from several goroutines and processes.
type Client struct {
	Endpoint  string // such as https://huggingface.co
	Token     string // sent to the endpoint's host only; "" for none
	TokenFrom string // where the token comes from, or why there is none; "" if nothing is known of it
	Cache     Cache
	Checks    Checks
	Offline   bool // take what the cache has

	// Progress is told how many bytes of a file are there, by the goroutine that called Pull; nil for no one. The file's name is
	// terminal.Escape.
	Progress func(file string, done, total int64)
	// Note is told, likewise, what is waited for, and what was wrong and is mended.
	Note func(text string)

	backoff time.Duration // before the second try; doubles for each more
	idle    time.Duration
	over    http.RoundTripper // instead of the network, in tests
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

// list is the commit of a revision, "" if the server does not say, and the names of its files. All of the answer must come within
// the time that a file may send nothing in.
func (c *Client) list(ctx context.Context, repo, revision string) (commit string, files map[string]bool, err error) {
	t := target{repo: repo, revision: revision}
	for try := 1; ; try++ {
		commit, files, err = c.listOnce(ctx, t)
		if err == nil {
			return commit, files, nil
		}
		if err := c.pause(ctx, try, err); err != nil {
			return "", nil, err
		}
	}
}

func (c *Client) listOnce(ctx context.Context, t target) (commit string, files map[string]bool, err error) {
	response, err := c.send(ctx, http.MethodGet, t, 0)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestList+1))
	host := response.Request.URL.Host
	switch {
	case errors.Is(err, errSilent):
		return "", nil, fmt.Errorf("%s: %s: the list of files did not come within %v", t, host, c.idle)
	case err != nil:
		return "", nil, temporary{error: fmt.Errorf("%s: %s: list of files: %w", t, host, err)}
	case len(text) > longestList:
		return "", nil, fmt.Errorf("%s: %s: list of files is longer than %d bytes", t, host, longestList)
	}
	if commit, files, err = parseList(text); err != nil {
		return "", nil, fmt.Errorf("%s: list of files from %s: %w", t, host, err)
	}
	if commitHash().MatchString(t.revision) && commit != "" && commit != t.revision {
		return "", nil, fmt.Errorf("%s: %s answers with the files of commit %s, expected %s", t, host, commit, t.revision)
	}
	return commit, files, nil
}

func (c *Client) head(ctx context.Context, t target) (remote, error) {
	response, err := c.send(ctx, http.MethodHead, t, 0)
	if err != nil {
		return remote{}, err
	}
	_ = response.Body.Close()
	r, err := parseRemote(response)
	if err != nil {
		return r, fmt.Errorf("%s: %s: %w", t, response.Request.URL.Host, err)
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
	c.note(fmt.Sprintf("%s; trying again in %v", terminal.Plain(t.error), wait.Round(time.Second/10)))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

func (c *Client) note(text string) {
	if c.Note != nil {
		c.Note(line(text, longestLine))
	}
}

func (c *Client) progress(t target, done, total int64) {
	if c.Progress != nil {
		c.Progress(terminal.Escape(t.file), done, total)
	}
}

// once makes one request. Its answer must begin within the idle time, and its body ends with errSilent if it is not read to the
// end and sends nothing for as long; that of a list if it is not there as a whole.
func (c *Client) once(ctx context.Context, method string, t target, offset int64) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	idle := time.AfterFunc(c.idle, func() { cancel(errSilent) })
	response, err := c.answer(ctx, method, t, offset)
	if err != nil {
		idle.Stop()
		cancel(nil)
		return nil, err
	}
	response.Body = &watched{ReadCloser: response.Body, ctx: ctx, cancel: cancel, timer: idle, idle: c.idle, whole: t.file == ""}
	return response, nil
}

func (c *Client) answer(ctx context.Context, method string, t target, offset int64) (*http.Response, error) {
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
	caller := http.Client{Transport: network, CheckRedirect: checkRedirect}
	if c.over != nil {
		caller.Transport = c.over
	}
	response, err := caller.Do(request)
	if err != nil {
		var failed *url.Error // its URL may be a long signed one
		if errors.As(err, &failed) {
			err = failed.Err
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if errors.Is(err, errSilent) {
			err = fmt.Errorf("no answer within %v: %w", c.idle, err)
		}
		passes := mayPass(err) && (t.file != "" || !errors.Is(err, errSilent))
		err = fmt.Errorf("%s: %s: %w", t, request.URL.Host, err)
		if passes {
			err = temporary{error: err}
		}
		return nil, err
	}
	if err := c.statusError(method, t, response); err != nil {
		_ = response.Body.Close()
		return nil, err
	}
	return response, nil
}

// errSilent is why a request is given up on that nothing comes of.
var errSilent = errors.New("nothing came")

// watched is a body that is given up on when it sends nothing for a while; if it is to be read as a whole, when it is not there
// after a while.
type watched struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	idle   time.Duration
	whole  bool
}

// Read returns errSilent or what else has ended the request.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	if n > 0 && !w.whole {
		w.timer.Reset(w.idle)
	}
	if err != nil && err != io.EOF && w.ctx.Err() != nil {
		err = context.Cause(w.ctx)
	}
	return n, err
}

// Close ends the request.
func (w *watched) Close() error {
	w.timer.Stop()
	err := w.ReadCloser.Close()
	w.cancel(nil)
	return err
}

// mayPass says whether an error of a request may be gone after a while: the connection failed, and not what was asked for or
// where it was asked.
func mayPass(err error) bool {
	var name *net.DNSError
	var address *net.AddrError
	var untrusted *tls.CertificateVerificationError
	var plaintext tls.RecordHeaderError
	var broken *net.OpError
	var waited net.Error
	var number syscall.Errno
	switch {
	case errors.As(err, &name):
		return !name.IsNotFound
	case errors.As(err, &address), errors.As(err, &untrusted), errors.As(err, &plaintext):
		return false
	case errors.Is(err, errSilent), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return true
	case errors.As(err, &broken), errors.As(err, &number):
		return true
	}
	return errors.As(err, &waited) && waited.Timeout() || strings.HasPrefix(err.Error(), "http2: ") || strings.HasPrefix(err.Error(), "http: server closed")
}

var network = http.DefaultTransport.(*http.Transport).Clone()

// checkRedirect keeps the token from other hosts, and stops a HEAD at the answer that describes the file: a redirect to
// another host that has X-Linked-Etag. Relative ones lead to renamed repositories.
func checkRedirect(next *http.Request, before []*http.Request) error {
	if len(before) >= 10 {
		return errors.New("10 redirects, expected an answer")
	}
	if scheme := next.URL.Scheme; scheme != "https" && scheme != "http" {
		return fmt.Errorf("redirects to a URL with the scheme %.20q, expected https", scheme)
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
