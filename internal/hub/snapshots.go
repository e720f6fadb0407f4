package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Snapshot is what the cache has of a repository at one commit.
type Snapshot struct {
	Repo      string   // OWNER/NAME, or a NAME of the time before there were owners
	Commit    string   // 40 hexadecimal digits
	Revisions []string // branches and tags that stand for the commit, DefaultRevision first, the others in alphabetical order
	Folder    string
	Bytes     int64     // of its files, each counted once
	Modified  time.Time // of the file that was written last
	Missing   error     // what its checkpoint lacks of the files that the program reads, nil if it has all
}

// Revision is the shortest name for the snapshot: a branch or tag, or the begin of its commit.
func (s Snapshot) Revision() string {
	if len(s.Revisions) > 0 {
		return s.Revisions[0]
	}
	return s.Commit[:ShortCommit]
}

// ShortCommit is how many digits of a commit are shown.
const ShortCommit = 12

const modelPrefix = "models--"

// Snapshots lists all of the cache, by repository and then the newest first. A cache that is not there is empty.
func (c Cache) Snapshots() ([]Snapshot, error) {
	entries, err := os.ReadDir(string(c))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []Snapshot
	for _, e := range entries {
		if repoOf(e.Name()) == "" || !e.IsDir() && e.Type()&fs.ModeSymlink == 0 {
			continue
		}
		of, err := c.snapshots(e.Name())
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// repoOf is the repository whose folder has a name, "" if it is no folder of a repository of models.
func repoOf(folder string) string {
	name, ok := strings.CutPrefix(folder, modelPrefix)
	if !ok || strings.Count(name, "--") > 1 {
		return ""
	}
	repo := strings.Replace(name, "--", "/", 1)
	if IsRepo(repo) || IsRepo("owner/"+repo) {
		return repo
	}
	return ""
}

// snapshots lists those in one repository's folder, the newest first.
func (c Cache) snapshots(folder string) ([]Snapshot, error) {
	base := filepath.Join(string(c), folder)
	entries, err := os.ReadDir(filepath.Join(base, "snapshots"))
	if err != nil {
		return nil, err
	}
	revisions := c.refs(base)
	var all []Snapshot
	for _, e := range entries {
		if !e.IsDir() || !commitHash().MatchString(e.Name()) {
			continue
		}
		s := Snapshot{Repo: repoOf(folder), Commit: e.Name(), Revisions: revisions[e.Name()], Folder: filepath.Join(base, "snapshots", e.Name())}
		if err := s.measure(); err != nil {
			return nil, err
		}
		_, s.Missing = whole(s.Folder)
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b Snapshot) int { return b.Modified.Compare(a.Modified) })
	return all, nil
}

// refs maps commits to the branches and tags of a repository's folder. What cannot be read is none.
func (c Cache) refs(base string) map[string][]string {
	refs := map[string][]string{}
	top := filepath.Join(base, "refs")
	_ = filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil //nolint:nilerr // another ref may be readable
		}
		const longest = 1 << 10
		text, err := ReadSmall(path, longest)
		name, relErr := filepath.Rel(top, path)
		if commit := strings.TrimSpace(string(text)); err == nil && relErr == nil && commitHash().MatchString(commit) {
			refs[commit] = append(refs[commit], filepath.ToSlash(name))
		}
		return nil
	})
	for _, names := range refs {
		slices.SortFunc(names, func(a, b string) int {
			if (a == DefaultRevision) != (b == DefaultRevision) {
				return map[bool]int{true: -1, false: 1}[a == DefaultRevision]
			}
			return strings.Compare(a, b)
		})
	}
	return refs
}

// measure adds up the files of the snapshot.
func (s *Snapshot) measure() error {
	var seen []fs.FileInfo
	return filepath.WalkDir(s.Folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // a link to a missing file
		}
		if !slices.ContainsFunc(seen, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
			s.Bytes += info.Size()
			seen = append(seen, info)
		}
		if info.ModTime().After(s.Modified) {
			s.Modified = info.ModTime()
		}
		return nil
	})
}
