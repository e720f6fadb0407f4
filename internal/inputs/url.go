package inputs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/mcllava/mcllava/crop"
)

// IsURL says whether an image's name is one of what is fetched from a server.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https"))
}

// OfflineError refuses a URL.
func OfflineError(name string) error {
	return fmt.Errorf("%s: is not fetched, since --offline or HF_HUB_OFFLINE is set", name)
}

// Limits of a fetch.
const (
	maxRedirects = 5
	connectLimit = 15 * time.Second
	stallLimit   = 30 * time.Second // for the first byte, and for each that follows
	fetchLimit   = 10 * time.Minute
)

// fetcher has the limits, which tests lower.
type fetcher struct {
	client       *http.Client
	stall, pause time.Duration
}

var fetching = newFetcher(stallLimit, time.Second)

func newFetcher(stall, pause time.Duration) *fetcher {
	dialer := &net.Dialer{Timeout: connectLimit}
	return &fetcher{
		client: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: connectLimit,
				ForceAttemptHTTP2: true, DisableCompression: true, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
			},
			CheckRedirect: func(to *http.Request, via []*http.Request) error {
				switch {
				case !IsURL(to.URL.String()):
					return fmt.Errorf("redirects to %q, expected http or https", to.URL.Redacted())
				case len(via) > maxRedirects:
					return fmt.Errorf("redirects more than %d times", maxRedirects)
				}
				return nil
			},
		},
		stall: stall, pause: pause,
	}
}

// Fetch reads a picture from an http or https URL, which has at most so many bytes; 0 for no limit. It follows at most five redirects,
// and tries a connection that fails once more. Errors begin with the URL, and say what the server said. What is not a picture by its
// first bytes is an error, and so are a server that sends nothing for 30 seconds and a fetch of more than ten minutes.
func Fetch(ctx context.Context, address string, most int64) ([]byte, error) {
	return fetching.fetch(ctx, address, most)
}

func (f *fetcher) fetch(ctx context.Context, address string, most int64) ([]byte, error) {
	shown := address
	u, err := url.Parse(address)
	if err == nil {
		shown = u.Redacted()
		if u.Hostname() == "" {
			err = errors.New("has no host, expected http://HOST/PATH")
		}
	} else {
		var reason *url.Error
		if errors.As(err, &reason) {
			err = reason.Err
		}
		err = fmt.Errorf("%w, expected http://HOST/PATH", err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	whole, cancel := context.WithTimeoutCause(ctx, fetchLimit, fmt.Errorf("not fetched within %v", fetchLimit))
	defer cancel()
	data, err := f.once(whole, u, most)
	if connection(err) && whole.Err() == nil {
		select {
		case <-time.After(f.pause):
			data, err = f.once(whole, u, most)
		case <-whole.Done():
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case whole.Err() != nil:
		err = context.Cause(whole)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", shown, err)
	}
	return data, nil
}

// connection tells a failure that may be gone the next time from what a server has decided.
func connection(err error) bool {
	var name *net.DNSError
	if errors.As(err, &name) && name.IsNotFound {
		return false
	}
	var network *net.OpError
	return errors.As(err, &network) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// once is one attempt.
func (f *fetcher) once(ctx context.Context, u *url.URL, most int64) ([]byte, error) {
	stalled := fmt.Errorf("the server has sent nothing for %v", f.stall)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(f.stall, func() { cancel(stalled) })
	defer timer.Stop()
	fault := func(err error) error {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		var reason *url.Error
		if errors.As(err, &reason) {
			return reason.Err
		}
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault(err)
	}
	request.Header.Set("User-Agent", "mcllava")
	request.Header.Set("Accept", "image/*, */*;q=0.5")
	response, err := f.client.Do(request)
	if err != nil {
		return nil, fault(err)
	}
	defer func() { _ = response.Body.Close() }()
	body := &watched{response.Body, func() { timer.Reset(f.stall) }}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response, body)
	}
	if most > 0 && response.ContentLength > most {
		return nil, fmt.Errorf("%d bytes, expected a picture of at most %d", response.ContentLength, most)
	}
	const enough = 64 // bytes that tell a picture
	first := make([]byte, enough)
	n, err := io.ReadFull(body, first)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) || n < enough && response.ContentLength > int64(n) {
		return nil, fault(cmp.Or(err, io.ErrUnexpectedEOF))
	}
	if first = first[:n]; !crop.IsPicture(first) {
		return nil, fmt.Errorf("not a picture: begins with %q and is called %q by the server", first[:min(n, 16)], shortened(response.Header.Get("Content-Type")))
	}
	var rest io.Reader = body
	if most > 0 {
		rest = io.LimitReader(body, most+1-int64(n))
	}
	data, err := io.ReadAll(io.MultiReader(bytes.NewReader(first), rest))
	switch {
	case err != nil:
		return nil, fault(err)
	case most > 0 && int64(len(data)) > most:
		return nil, fmt.Errorf("more than %d bytes, expected a picture of at most that", most)
	}
	return data, nil
}

// refusal is what a server said instead of a picture.
func refusal(response *http.Response, body io.Reader) error {
	said := shortened(response.Status)
	if kind := response.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/plain") || strings.Contains(kind, "json") {
		const most = 400
		text, _ := io.ReadAll(io.LimitReader(body, most))
		if text := strings.TrimSpace(string(text)); text != "" {
			return fmt.Errorf("the server said %q: %q", said, shortened(text))
		}
	}
	return fmt.Errorf("the server said %q", said)
}

func shortened(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// watched tells of each read that brings something.
type watched struct {
	io.Reader
	progress func()
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.progress()
	}
	return n, err
}
