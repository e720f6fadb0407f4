package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Cache is the folder of the hub's cache, in the layout that huggingface_hub shares:
//
//	models--OWNER--NAME/blobs/ETAG              a file's bytes, by their checksum
//	models--OWNER--NAME/snapshots/COMMIT/FILE   a link to its blob
//	models--OWNER--NAME/refs/REVISION           the commit of a branch or tag
//	.locks/models--OWNER--NAME/ETAG.lock        held while a blob is written; never deleted
type Cache string

// DefaultRevision is the branch of a repository that is taken unless another revision is asked for.
const DefaultRevision = "main"

// ErrNotPulled says that the cache lacks a checkpoint or a part of it.
var ErrNotPulled = errors.New("not in the hub cache")

var (
	repoName   = regexp.MustCompile(`^\w[\w.-]{0,95}/\w[\w.-]{0,95}$`)
	commitHash = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// IsRepo says whether a name has the form OWNER/NAME of a repository on the hub.
func IsRepo(name string) bool {
	return repoName.MatchString(name) && !strings.Contains(name, "--") && !strings.Contains(name, "..")
}

// DefaultCache is HF_HUB_CACHE, or the folder hub in HF_HOME, which is ~/.cache/huggingface on every system.
func DefaultCache() (Cache, error) {
	if folder := cmp.Or(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE")); folder != "" {
		folder, err := expand(folder)
		return Cache(folder), err
	}
	home, err := hubHome()
	return Cache(filepath.Join(home, "hub")), err
}

func hubHome() (string, error) {
	if home := os.Getenv("HF_HOME"); home != "" {
		return expand(home)
	}
	return expand(filepath.Join(cmp.Or(os.Getenv("XDG_CACHE_HOME"), filepath.Join("~", ".cache")), "huggingface"))
}

// expand replaces variables and a leading ~, as huggingface_hub does.
func expand(folder string) (string, error) {
	folder = os.ExpandEnv(folder)
	rest, found := strings.CutPrefix(folder, "~")
	if !found || rest != "" && !os.IsPathSeparator(rest[0]) {
		return filepath.Abs(folder)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no home folder for the hub cache, set HF_HOME: %w", err)
	}
	return filepath.Join(home, rest), nil
}

// Find is the folder of a repository's snapshot at a revision (a branch, tag or commit), if every file of its checkpoint is there.
// Otherwise the error is an ErrNotPulled that names what is missing.
func (c Cache) Find(repo, revision string) (string, error) {
	commit := revision
	if !commitHash.MatchString(commit) {
		text, err := os.ReadFile(c.ref(repo, revision))
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w %s", ErrNotPulled, string(c))
		}
		if err != nil {
			return "", err
		}
		if commit = strings.TrimSpace(string(text)); !commitHash.MatchString(commit) {
			return "", fmt.Errorf("%w: %s holds %.60q, expected a commit", ErrNotPulled, c.ref(repo, revision), commit)
		}
	}
	folder := c.snapshot(repo, commit)
	if err := whole(folder); err != nil {
		return "", fmt.Errorf("%w as a whole: %s has %w", ErrNotPulled, folder, err)
	}
	return folder, nil
}

func (c Cache) repo(repo string) string {
	return filepath.Join(string(c), repoFolder(repo))
}

func (c Cache) snapshot(repo, commit string) string {
	return filepath.Join(c.repo(repo), "snapshots", commit)
}

func (c Cache) ref(repo, revision string) string {
	return filepath.Join(c.repo(repo), "refs", filepath.FromSlash(revision))
}

func (c Cache) blob(repo, etag string) string {
	return filepath.Join(c.repo(repo), "blobs", etag)
}

func (c Cache) lock(repo, etag string) string {
	return filepath.Join(string(c), ".locks", repoFolder(repo), etag+".lock")
}

func repoFolder(repo string) string { return "models--" + strings.ReplaceAll(repo, "/", "--") }

// writeRef records the commit of a branch or tag.
func (c Cache) writeRef(repo, revision, commit string) error {
	path := c.ref(repo, revision)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return replace(path, func(w io.Writer) error {
		_, err := io.WriteString(w, commit)
		return err
	})
}

// placings put a blob's bytes at a path of a snapshot. The first that the file system can do is taken.
var placings = []func(blob, path string) error{relativeLink, os.Link, copyFile}

func place(blob, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var err error
	for _, put := range placings {
		if err = put(blob, path); err == nil {
			return nil
		}
	}
	return err
}

func relativeLink(blob, path string) error {
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func copyFile(blob, path string) error {
	in, err := os.Open(blob)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return replace(path, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// replace writes a file beside path and renames it; on an error nothing is left.
func replace(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.incomplete")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
