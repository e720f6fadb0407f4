package hub

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// IsURL says whether a text looks like a URL, also one of the hub without https://.
func IsURL(text string) bool {
	return strings.Contains(text, "://") || slices.Contains(hubHosts, hostOf(text))
}

var hubHosts = []string{"huggingface.co", "www.huggingface.co", "hf.co"}

func hostOf(text string) string {
	host, _, found := strings.Cut(text, "/")
	if !found {
		return ""
	}
	return strings.ToLower(host)
}

// RepoOfURL is the OWNER/NAME of a repository of models whose page on the hub, or on HF_ENDPOINT, has the URL, or one of whose
// files has it, and the revision that the URL names, "" for none. It is false for any other text.
func RepoOfURL(text string) (repo, revision string, ok bool) {
	if !strings.Contains(text, "://") && IsURL(text) {
		text = "https://" + text
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil {
		return "", "", false
	}
	where := strings.Trim(u.Path, "/")
	switch {
	case u.Scheme == "hf":
		where = u.Host + "/" + where
		if where, revision, ok = strings.Cut(where, "@"); ok {
			return where, revision, IsRepo(where)
		}
	case u.Scheme != "https" && u.Scheme != "http":
		return "", "", false
	case !slices.Contains(hubHosts, strings.ToLower(u.Host)):
		endpoint, err := url.Parse(environmentEndpoint())
		if err != nil || !strings.EqualFold(u.Host, endpoint.Host) {
			return "", "", false
		}
		where = strings.Trim(strings.TrimPrefix(where, strings.Trim(endpoint.Path, "/")), "/")
	}
	parts := strings.Split(where, "/")
	if len(parts) < 2 || slices.Contains([]string{"datasets", "spaces", "api", "docs", "models", "collections"}, parts[0]) {
		return "", "", false
	}
	repo = parts[0] + "/" + parts[1]
	if rest := parts[2:]; len(rest) > 1 && slices.Contains([]string{"tree", "blob", "resolve", "raw", "commit"}, rest[0]) {
		n := 1
		if rest[1] == "refs" { // refs/pr/1
			n = min(3, len(rest)-1)
		}
		revision = strings.Join(rest[1:1+n], "/")
	}
	return repo, revision, IsRepo(repo)
}

// CheckFolder is an error for a folder of the hub's cache that holds snapshots and is none: it names the snapshot that was
// probably meant. It is nil for any other folder.
func CheckFolder(folder string) error {
	abs, err := filepath.Abs(folder)
	if err != nil || isThere(filepath.Join(abs, "config.json")) {
		return nil //nolint:nilerr // to open the folder says what is wrong with it
	}
	for _, base := range []string{abs, filepath.Dir(abs)} {
		if repo := repoOf(filepath.Base(base)); repo != "" && isThere(filepath.Join(base, "snapshots")) {
			return expectSnapshot(folder, repo, base)
		}
	}
	snapshots, err := Cache(abs).Snapshots()
	if err != nil || len(snapshots) == 0 {
		return nil //nolint:nilerr // no cache
	}
	return fmt.Errorf("%s: a cache of the hub, expected one of its checkpoints, such as %s", folder, snapshots[0].Folder)
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func expectSnapshot(folder, repo, base string) error {
	all, err := Cache(filepath.Dir(base)).snapshots(filepath.Base(base))
	if err != nil {
		return err
	}
	whole := slices.DeleteFunc(all, func(s Snapshot) bool { return s.Missing != nil })
	if len(whole) == 0 {
		return fmt.Errorf("%s: the hub cache's folder of %s, which has no whole checkpoint; run: mcllava pull %s", folder, repo, repo)
	}
	best := whole[max(0, slices.IndexFunc(whole, func(s Snapshot) bool { return slices.Contains(s.Revisions, DefaultRevision) }))]
	return fmt.Errorf("%s: the hub cache's folder of %s, expected its snapshot %s", folder, repo, best.Folder)
}
