package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

// ErrInUse says that another process pulls or removes what is to be removed.
var ErrInUse = errors.New("being pulled by another process")

// Remove takes a snapshot, its refs and those of its blobs that no other snapshot of the cache uses out of the cache, and of the
// repository's folder all when no snapshot is left. It returns how many bytes were freed. Nothing outside the cache is touched,
// whatever links lead there. What was found right of the files is forgotten.
func (c Cache) Remove(s Snapshot, checks Checks) (freed int64, err error) {
	root, err := os.OpenRoot(string(c))
	if err != nil {
		return 0, err
	}
	defer func() { _ = root.Close() }()
	r := removal{cache: c, root: root, checks: checks, snapshot: s, base: repoFolder(s.Repo)}
	release, err := r.lock()
	if err != nil {
		return 0, fmt.Errorf("%s: %w", s.Folder, err)
	}
	defer release()
	if err := r.plan(); err != nil {
		return 0, fmt.Errorf("%s: %w", s.Folder, err)
	}
	return r.run()
}

// removal takes a snapshot out of a cache. Its paths are with slashes and from the root, which no link leads out of.
type removal struct {
	cache    Cache
	root     *os.Root
	checks   Checks
	snapshot Snapshot
	base     string   // folder of the repository
	remove   []string // files and folders, in this order; those that are not there are no error
	empty    []string // folders to be removed if nothing is left in them
}

func (r *removal) at(parts ...string) string { return path.Join(append([]string{r.base}, parts...)...) }

func (r *removal) path(name string) string {
	return filepath.Join(string(r.cache), filepath.FromSlash(name))
}

// lock keeps pulls of the repository away. It fails with ErrInUse if there is one.
func (r *removal) lock() (release func(), err error) {
	folder := path.Join(".locks", r.base)
	if err := r.root.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(r.root.FS(), folder)
	if err != nil {
		return nil, err
	}
	all := []string{r.cache.lock(r.snapshot.Repo, pulling)}
	for _, e := range entries {
		if name := r.path(path.Join(folder, e.Name())); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	var held []*flock.Flock
	release = func() {
		for _, l := range held {
			_ = l.Unlock()
		}
	}
	for _, name := range all {
		l := newLock(name)
		err := checkRegular(name)
		ok := false
		if err == nil {
			ok, err = l.TryLock()
		}
		if err == nil && !ok {
			err = ErrInUse
		}
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, l)
	}
	return release, nil
}

// plan lists what is removed.
func (r *removal) plan() error {
	commit := r.snapshot.Commit
	for _, name := range []string{r.at(), r.at("snapshots"), r.at("snapshots", commit), r.at("refs"), r.at("blobs")} {
		info, err := r.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) && (name == r.at("refs") || name == r.at("blobs")) {
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder but %v, expected one to remove from; links are not followed", r.path(name), info.Mode().Type())
		}
	}
	for _, revision := range r.snapshot.Revisions {
		r.remove = append(r.remove, r.at("refs", revision))
	}
	r.remove = append(r.remove, r.at("snapshots", commit), r.at(".no_exist", commit))
	others, err := fs.ReadDir(r.root.FS(), r.at("snapshots"))
	if err != nil {
		return err
	}
	last := len(others) == 1
	blobs, err := r.blobs()
	if err != nil {
		return err
	}
	used := r.usedElsewhere(blobs)
	mine := usedIn(r.path(r.at("snapshots", commit)), blobs)
	for _, b := range blobs {
		if !used[b.name] && (last || mine[b.name]) {
			r.remove = append(r.remove, b.name)
		}
	}
	if last && len(used) == 0 {
		r.remove = append(r.remove, r.at())
	}
	r.empty = []string{r.at("snapshots"), r.at("blobs"), r.at("refs"), r.at(".no_exist"), r.at()}
	return nil
}

// blob is a file of the repository's blobs.
type blob struct {
	name string
	info fs.FileInfo // of the file, also if the name is a link to it
}

func (r *removal) blobs() (all []blob, err error) {
	entries, err := fs.ReadDir(r.root.FS(), r.at("blobs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		name := r.at("blobs", e.Name())
		if info, err := os.Stat(r.path(name)); err == nil && !info.IsDir() {
			all = append(all, blob{name, info})
		}
	}
	return all, err
}

// usedElsewhere are the blobs that any other snapshot of the cache leads to.
func (r *removal) usedElsewhere(blobs []blob) map[string]bool {
	used := map[string]bool{}
	folders, _ := filepath.Glob(filepath.Join(escapeGlob(string(r.cache)), "*", "snapshots", "*"))
	for _, folder := range folders {
		if folder == r.path(r.at("snapshots", r.snapshot.Commit)) {
			continue
		}
		for name := range usedIn(folder, blobs) {
			used[name] = true
		}
	}
	return used
}

// escapeGlob is a pattern that fits a path and nothing else.
func escapeGlob(path string) string {
	if os.PathSeparator == '\\' {
		return path // where nothing can be escaped
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// usedIn are the blobs that the files of a snapshot are, or lead to.
func usedIn(folder string, blobs []blob) map[string]bool {
	used := map[string]bool{}
	_ = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, _ error) error {
		info, err := os.Stat(path)
		if err != nil {
			return nil //nolint:nilerr // leads nowhere
		}
		for _, b := range blobs {
			if os.SameFile(info, b.info) {
				used[b.name] = true
			}
		}
		return nil
	})
	return used
}

// run removes what was planned and adds up what that frees: the bytes of files of which no name is left.
func (r *removal) run() (freed int64, err error) {
	type gone struct {
		info  fs.FileInfo
		names int
	}
	var files []gone
	count := func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // what cannot be read cannot be removed either
		}
		info, err := r.root.Lstat(name)
		if err != nil {
			return nil //nolint:nilerr // gone already
		}
		i := slices.IndexFunc(files, func(f gone) bool { return os.SameFile(f.info, info) })
		if i < 0 {
			i = len(files)
			files = append(files, gone{info: info})
		}
		files[i].names++
		if real, err := realPath(r.path(name)); err == nil {
			r.checks.forget(real)
		}
		return nil
	}
	for _, name := range r.remove {
		_ = fs.WalkDir(r.root.FS(), name, count)
		if err := r.root.RemoveAll(name); err != nil {
			return freed, fmt.Errorf("%s: %w", r.path(name), err)
		}
	}
	for _, folder := range r.empty {
		_ = r.root.Remove(folder)
	}
	for _, f := range files {
		if f.names >= names(f.info) {
			freed += f.info.Size()
		}
	}
	return freed, nil
}
