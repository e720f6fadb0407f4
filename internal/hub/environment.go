package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const defaultEndpoint = "https://huggingface.co"

// FromEnvironment is a client for HF_ENDPOINT, with the DefaultCache, the DefaultChecks and the token that huggingface_hub would
// send: HF_TOKEN, HUGGING_FACE_HUB_TOKEN, or what HF_TOKEN_PATH or else HF_HOME/token holds; none if HF_HUB_DISABLE_IMPLICIT_TOKEN
// is set.
func FromEnvironment() (*Client, error) {
	cache, err := DefaultCache()
	if err != nil {
		return nil, err
	}
	endpoint := environmentEndpoint()
	if err := checkEndpoint(endpoint); err != nil {
		return nil, err
	}
	c := New(endpoint, "", cache)
	if c.Token, c.TokenFrom, err = environmentToken(); err != nil {
		return nil, err
	}
	c.Checks = DefaultChecks()
	c.Offline = Offline()
	return c, nil
}

// Offline says whether HF_HUB_OFFLINE forbids to fetch anything.
func Offline() bool { return isTrue("HF_HUB_OFFLINE") }

// New is a client for an endpoint, a URL without a slash at its end. It remembers no checks.
func New(endpoint, token string, cache Cache) *Client {
	return &Client{Endpoint: endpoint, Token: token, Cache: cache, backoff: time.Second, idle: idleLimit}
}

func environmentEndpoint() string {
	return strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), defaultEndpoint), "/")
}

func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("HF_ENDPOINT is %.100q, expected a URL such as %s", endpoint, defaultEndpoint)
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("HF_ENDPOINT is %.100q, expected a port from 1 to 65535", endpoint)
		}
	}
	return nil
}

// isTrue says whether a variable switches something on.
func isTrue(variable string) bool {
	switch strings.ToUpper(os.Getenv(variable)) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// environmentToken is the user's token, "" for none, and where it comes from; or why there is none.
func environmentToken() (token, from string, err error) {
	const disabled = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
	if isTrue(disabled) {
		return "", disabled + " is set", nil
	}
	from = "HF_TOKEN"
	if os.Getenv(from) == "" {
		from = "HUGGING_FACE_HUB_TOKEN"
	}
	if token, err = cleanToken(os.Getenv(from), from); token != "" || err != nil {
		return token, from, err
	}
	path := os.Getenv("HF_TOKEN_PATH")
	if path == "" {
		home, err := hubHome()
		if err != nil {
			return "", "", err
		}
		path = filepath.Join(home, "token")
	} else if path, err = expand(path); err != nil {
		return "", "", err
	}
	text, err := ReadSmall(path, 64<<10)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("the hub's token: %w", err)
	}
	token, err = cleanToken(string(text), path)
	return token, path, err
}

// cleanToken takes away line ends and what is blank around a token.
func cleanToken(text, from string) (string, error) {
	token := strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(text))
	for _, b := range []byte(token) {
		if b <= ' ' || b > '~' {
			return "", fmt.Errorf("the hub's token in %s has a character %q, expected letters, digits and punctuation", from, rune(b))
		}
	}
	return token, nil
}
