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
	"sync"

	"github.com/mcllava/mcllava/internal/files"
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

// pulling is the name of the lock that is shared by all pulls of a repository, and held alone by what removes from it.
const pulling = "pulling"

// ErrNotPulled says that the cache lacks a checkpoint or a part of it.
var ErrNotPulled = errors.New("not in the hub cache")

var (
	repoName   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\w[\w.-]{0,95}/\w[\w.-]{0,95}$`) })
	commitHash = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{40}$`) })
)

// MostName is how many characters the owner and the name of a repository have at most.
const MostName = 96

// IsRepo says whether a name has the form OWNER/NAME of a repository on the hub.
func IsRepo(name string) bool {
	return repoName().MatchString(name) && !strings.Contains(name, "--") && !strings.Contains(name, "..")
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
// Otherwise the error is an ErrNotPulled that names what is missing and, if another revision is there, its folder; or it names
// what is no regular file.
func (c Cache) Find(repo, revision string) (string, error) {
	folder, _, err := c.find(repo, revision)
	return folder, err
}

// find also counts the files of the checkpoint.
func (c Cache) find(repo, revision string) (folder string, files int, err error) {
	commit := revision
	if !commitHash().MatchString(commit) {
		commit, err = c.readRef(repo, revision)
		if errors.Is(err, fs.ErrNotExist) {
			return "", 0, c.notPulled(repo, revision)
		}
		if err != nil {
			return "", 0, err
		}
	}
	folder = c.snapshot(repo, commit)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) && commit == revision {
		return "", 0, c.notPulled(repo, revision)
	}
	if files, err = whole(folder); err != nil && !errors.Is(err, errNotRegular) {
		err = fmt.Errorf("%w as a whole: %s has %w", ErrNotPulled, folder, err)
	}
	if err != nil {
		return "", 0, err
	}
	return folder, files, nil
}

// readRef is the commit of a branch or tag, as it was recorded.
func (c Cache) readRef(repo, revision string) (commit string, err error) {
	const longest = 1 << 10
	text, err := ReadSmall(c.ref(repo, revision), longest)
	if err != nil {
		return "", err
	}
	if commit = strings.TrimSpace(string(text)); !commitHash().MatchString(commit) {
		return "", fmt.Errorf("%w: %s holds %.60q, expected a commit", ErrNotPulled, c.ref(repo, revision), commit)
	}
	return commit, nil
}

// notPulled is the error for a revision that is not there. It names those that are.
func (c Cache) notPulled(repo, revision string) error {
	snapshots, err := c.snapshots(repoFolder(repo))
	if err != nil {
		return fmt.Errorf("%w %s", ErrNotPulled, string(c))
	}
	var there, first string
	for _, s := range snapshots {
		if s.Missing == nil {
			if there != "" {
				there += ", "
			}
			there += s.Revision()
			first = cmp.Or(first, s.Folder)
		}
	}
	if there == "" {
		return fmt.Errorf("%w %s", ErrNotPulled, string(c))
	}
	return fmt.Errorf("%w as revision %s, only as %s: %s", ErrNotPulled, revision, there, first)
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

func repoFolder(repo string) string { return modelPrefix + strings.ReplaceAll(repo, "/", "--") }

// writeRef records the commit of a branch or tag, unless it is recorded already.
func (c Cache) writeRef(repo, revision, commit string) error {
	path := c.ref(repo, revision)
	if before, err := c.readRef(repo, revision); err == nil && before == commit {
		return nil
	}
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
	if same(blob, path) {
		return nil
	}
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

func same(a, b string) bool {
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

func relativeLink(blob, path string) error {
	target, err := filepath.Rel(filepath.Dir(path), blob)
	if err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func copyFile(blob, path string) error {
	in, err := openRegular(blob)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return replace(path, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// replace writes a file beside path and renames it; on an error nothing is left. What killed processes have left beside it goes.
func replace(path string, write func(io.Writer) error) error {
	files.RemoveLeft(filepath.Dir(path), 0)
	return files.Replace(path, 0o644, write)
}
