package terminal

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// libraryTerms are words of libraries that no user should read.
var libraryTerms = regexp.MustCompile(`dial tcp|lookup|no such host|invalid character|looking for|Go struct|Go value|json:|x509|tls:|net/http|i/o timeout|EOF|deadline|strconv|parse error|record on line`)

func TestPlainJSON(t *testing.T) {
	for text, want := range map[string]string{
		"":            "it ends early",
		"x":           "found 'x', expected a value",
		`{"a":x}`:     "found 'x', expected a value",
		`{a:1}`:       "found 'a', expected the name of a field, in double quotes",
		`{"a" 1}`:     "found '1', expected : behind the name of a field",
		`{"a":1 "b"}`: `found '"', expected , or } behind a field`,
		`[1 2]`:       "found '2', expected , or ] behind an element",
		`1 2`:         "found '2', expected nothing behind the value",
		`nix`:         "found 'i', expected null",
		"\"\n\"":      `found '\n' in a text`,
		`"\x"`:        `found 'x' behind \, expected an escape of JSON`,
		`"\u00g0"`:    `found 'g' behind \, expected an escape of JSON`,
		`-x`:          "found 'x', expected a digit",
		`1.x`:         "found 'x', expected a digit",
		`1ex`:         "found 'x', expected a digit",
	} {
		var v any
		got := Plain(fmt.Errorf("a: %w", json.Unmarshal([]byte(text), &v)))
		if !strings.HasPrefix(got, "a: "+want) || libraryTerms.MatchString(got) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	var v struct {
		Name  string   `json:"name"`
		Sizes []int    `json:"sizes"`
		On    bool     `json:"on"`
		Rate  *float64 `json:"rate"`
	}
	for text, want := range map[string]string{
		`{"name":1}`:      "name is a number, expected a string",
		`{"sizes":"x"}`:   "sizes is a string, expected an array",
		`{"sizes":[1.5]}`: "is a number, expected a whole number",
		`{"on":{}}`:       "on is an object, expected true or false",
		`{"rate":true}`:   "rate is true or false, expected a number",
		`[]`:              "it is an array, expected an object",
	} {
		if got := Plain(json.Unmarshal([]byte(text), &v)); !strings.Contains(got, want) || libraryTerms.MatchString(got) {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	d := json.NewDecoder(strings.NewReader(`{"nam":1}`))
	d.DisallowUnknownFields()
	if got := Plain(d.Decode(&v)); got != `unknown field "nam"` {
		t.Error(got)
	}
}

func TestPlainOthers(t *testing.T) {
	_, number := strconv.Atoi("x")
	_, large := strconv.Atoi("99999999999999999999")
	read := func(text string) error {
		_, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		return err
	}
	for want, err := range map[string]error{
		`f: "x" is no number`:                                                                                     fmt.Errorf("f: %w", number),
		`"99999999999999999999" is too large or too small`:                                                        large,
		"line 2 has another number of fields than the first line":                                                 read("a,b\nc\n"),
		"line 1 has a quote in a field that does not begin with one":                                              read("a\"b\n"),
		"line 1 has a field in quotes that does not end, or goes on behind them, expected \"\" for a quote in it": read("\"a\"b\n"),
		"a.jpg: it ends early":                                                                                    fmt.Errorf("a.jpg: %w", io.ErrUnexpectedEOF),
		"a.jpg: it took too long":                                                                                 fmt.Errorf("a.jpg: %w", context.DeadlineExceeded),
		"first\nb: it ends early":                                                                                 errors.Join(errors.New("first"), fmt.Errorf("b: %w", io.EOF)),
		"a question about EOF and \"x\"":                                                                          errors.New(`a question about EOF and "x"`),
	} {
		if got := Plain(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// TestPlainNetwork meets what fails between here and a server.
func TestPlainNetwork(t *testing.T) {
	fetch := func(client *http.Client, address string) error {
		response, err := client.Get(address)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			_ = response.Body.Close()
		}
		return err
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	secret := httptest.NewUnstartedServer(http.NotFoundHandler())
	secret.Config.ErrorLog = log.New(io.Discard, "", 0)
	secret.StartTLS()
	defer secret.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	impatient := &http.Client{Timeout: 50 * time.Millisecond}
	rude, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rude.Close() }()
	go func() {
		for {
			c, err := rude.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 1024))
			_, _ = c.Write([]byte("220 mail ready\r\n"))
			_ = c.Close()
		}
	}()
	proxy, _ := url.Parse(closed.URL)
	proxied := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(proxy)}}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid", Server: "127.0.0.1:53", IsNotFound: true}}
	for want, err := range map[string]error{
		"there is no server nowhere.invalid":                                               &url.Error{Op: "Get", URL: "http://nowhere.invalid/", Err: unknown},
		closed.Listener.Addr().String() + " takes no connections: nothing is served there": fetch(http.DefaultClient, closed.URL),
		"the server's certificate is signed by nobody that this machine trusts":            fetch(http.DefaultClient, secret.URL),
		"the server does not speak https":                                                  fetch(http.DefaultClient, strings.Replace(silent.URL, "http:", "https:", 1)+"/x"),
		"it took too long":                                                                 fetch(impatient, silent.URL),
		"99999 is no address of a server: invalid port":                                    fetch(http.DefaultClient, "http://127.0.0.1:99999/"),
		"the proxy takes no connections: nothing is served there":                          fetch(proxied, "http://x.invalid/"),
		"what answers is no web server":                                                    fetch(http.DefaultClient, "http://"+rude.Addr().String()),
		"the name a.example cannot be looked up now; is there a network?":                  &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "a.example"}},
	} {
		if got := Plain(fmt.Errorf("http://x/: %w", err)); got != "http://x/: "+want || libraryTerms.MatchString(got) {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}
