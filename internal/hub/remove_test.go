package hub

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gofrs/flock"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

// twoSnapshots pulls a repository, then has another commit of it in the cache that shares all files but config.json.
func twoSnapshots(t *testing.T) (server *hubtest.Server, client *Client, first, second Snapshot) {
	t.Helper()
	server, client = start(t)
	client.Checks = Checks(t.TempDir())
	pullsWhole(t, server, client)
	const other = "fedcba9876543210fedcba9876543210fedcba98"
	base := client.Cache.repo(repo)
	from, to := client.Cache.snapshot(repo, hubtest.Commit), client.Cache.snapshot(repo, other)
	err := errors.Join(
		os.Mkdir(to, 0o755),
		os.WriteFile(filepath.Join(base, "blobs", "other"), []byte(`{"model_type":"mc-llava"}`), 0o644),
		os.Symlink("../../blobs/other", filepath.Join(to, "config.json")),
		os.WriteFile(filepath.Join(base, "refs", "v1"), []byte(other), 0o644),
		os.MkdirAll(filepath.Join(base, ".no_exist", other), 0o755),
	)
	for _, name := range pulled[1:] {
		target, linkErr := os.Readlink(filepath.Join(from, name))
		err = errors.Join(err, linkErr, os.Symlink(target, filepath.Join(to, name)))
	}
	if err != nil {
		t.Skip(err)
	}
	return server, client, snapshotOf(t, client.Cache, hubtest.Commit), snapshotOf(t, client.Cache, other)
}

func snapshotOf(t *testing.T, c Cache, commit string) Snapshot {
	t.Helper()
	all, err := c.Snapshots()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s Snapshot) bool { return s.Commit == commit })
	if i < 0 {
		t.Fatalf("%s is not among %v", commit, all)
	}
	return all[i]
}

func TestSnapshots(t *testing.T) {
	server, client, first, second := twoSnapshots(t)
	var size int64
	for _, name := range pulled {
		size += int64(len(server.Files[name]))
	}
	if first.Repo != repo || first.Bytes != size || first.Missing != nil || !slices.Equal(first.Revisions, []string{"main"}) || first.Modified.IsZero() {
		t.Errorf("%+v, expected %d bytes", first, size)
	}
	if want := size - int64(len(server.Files["config.json"])) + 25; second.Bytes != want || second.Revision() != "v1" {
		t.Errorf("%+v, expected %d bytes", second, want)
	}
	for _, name := range []string{"datasets--a--b", "models--a--b--c", "models--", "version.txt", ".locks"} {
		if err := os.MkdirAll(filepath.Join(string(client.Cache), name, "snapshots", hubtest.Commit), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(string(client.Cache), "models--a--b"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if all, err := client.Cache.Snapshots(); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	if all, err := Cache(filepath.Join(t.TempDir(), "none")).Snapshots(); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestRemove(t *testing.T) {
	server, client, first, second := twoSnapshots(t)
	freed, err := client.Cache.Remove(second, client.Checks)
	if err != nil || freed != 25+int64(len(hubtest.Commit)) {
		t.Errorf("freed %d, %v; expected the 25 bytes of config.json and the ref", freed, err)
	}
	for _, gone := range []string{second.Folder, client.Cache.ref(repo, "v1"), client.Cache.blob(repo, "other"), filepath.Join(client.Cache.repo(repo), ".no_exist")} {
		if _, err := os.Lstat(gone); err == nil {
			t.Errorf("%s is still there", gone)
		}
	}
	server.Requests()
	pullsWhole(t, server, client)
	if n := fetched(server); n != 0 {
		t.Errorf("%d files of the other snapshot were gone", n)
	}

	partial := client.Cache.blob(repo, strings.Repeat("e", 64)) + ".incomplete"
	if err := os.WriteFile(partial, []byte("begun"), 0o644); err != nil {
		t.Fatal(err)
	}
	if freed, err = client.Cache.Remove(first, client.Checks); err != nil || freed != first.Bytes+int64(len("begun"))+int64(len(hubtest.Commit)) {
		t.Errorf("freed %d, %v; expected %d, what had begun and the ref", freed, err, first.Bytes)
	}
	if _, err := os.Lstat(client.Cache.repo(repo)); err == nil {
		t.Error("the last snapshot is gone, and the folder is there")
	}
	if left := listed(t, string(client.Checks)); len(left) != 0 {
		t.Errorf("checks of %d files are left", len(left))
	}
	if _, err := client.Cache.Remove(first, client.Checks); err == nil {
		t.Error("removed twice")
	}
}

// TestRemoveKeepsWhatOthersUse has another repository's snapshot that leads to a blob of the one that is removed.
func TestRemoveKeepsWhatOthersUse(t *testing.T) {
	server, client, first, second := twoSnapshots(t)
	blob := client.Cache.blob(repo, server.ETag(shard))
	other := filepath.Join(string(client.Cache), "models--a--b", "snapshots", hubtest.Commit)
	if err := errors.Join(os.MkdirAll(other, 0o755), os.Symlink(blob, filepath.Join(other, shard))); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Snapshot{first, second} {
		if _, err := client.Cache.Remove(s, ""); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(filepath.Join(other, shard)); err != nil || !bytes.Equal(got, server.Files[shard]) {
		t.Errorf("the blob is gone: %v", err)
	}
	if got := listed(t, client.Cache.repo(repo)); !slices.Equal(got, []string{"blobs"}) {
		t.Errorf("left are %v", got)
	}
}

// TestRemoveWithoutLinks has files that are links of no kind, or hard ones.
func TestRemoveWithoutLinks(t *testing.T) {
	all := placings
	defer func() { placings = all }()
	for i, placing := range all[1:] {
		placings = []func(string, string) error{placing}
		server, client := start(t)
		pullsWhole(t, server, client)
		s := snapshotOf(t, client.Cache, hubtest.Commit)
		outside := filepath.Join(t.TempDir(), "outside")
		if err := os.Link(client.Cache.blob(repo, server.ETag(shard)), outside); err != nil {
			t.Skip(err)
		}
		freed, err := client.Cache.Remove(s, "")
		want := s.Bytes + int64(len(hubtest.Commit))
		switch i {
		case 0: // a hard link outside keeps the bytes of the blob
			want -= int64(len(server.Files[shard]))
		case 1: // blobs and their copies, of which one is kept outside
			want += s.Bytes - int64(len(server.Files[shard]))
		}
		if err != nil || freed != want {
			t.Errorf("freed %d, %v; expected %d", freed, err, want)
		}
		if got, err := os.ReadFile(outside); err != nil || !bytes.Equal(got, server.Files[shard]) {
			t.Errorf("the link outside: %v", err)
		}
	}
}

// TestRemoveStaysInside has links in the cache that lead out of it.
func TestRemoveStaysInside(t *testing.T) {
	for _, name := range []string{"snapshots/" + hubtest.Commit, "snapshots", "refs", "blobs", "", "../.locks", "file"} {
		server, client := start(t)
		pullsWhole(t, server, client)
		s := snapshotOf(t, client.Cache, hubtest.Commit)
		outside := t.TempDir()
		path := filepath.Join(client.Cache.repo(repo), filepath.FromSlash(name))
		var err error
		if name == "file" { // a link in a snapshot to a file that is no blob is removed, and not the file
			err = errors.Join(os.WriteFile(filepath.Join(outside, "file"), []byte("kept"), 0o644), os.Symlink(filepath.Join(outside, "file"), filepath.Join(s.Folder, "file")))
		} else {
			moved := filepath.Join(outside, "moved")
			err = errors.Join(os.Rename(path, moved), os.Symlink(moved, path))
		}
		if err != nil {
			t.Skip(err)
		}
		before := tree(t, outside)
		_, err = client.Cache.Remove(s, "")
		if (err == nil) != (name == "file") {
			t.Errorf("%q: error is %v", name, err)
		}
		if after := tree(t, outside); !slices.Equal(before, after) {
			t.Errorf("%q: outside there were %v, and now %v", name, before, after)
		}
	}
}

// tree lists all that is in a folder.
func tree(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRemoveWhatIsPulled(t *testing.T) {
	server, client := start(t)
	pullsWhole(t, server, client)
	s := snapshotOf(t, client.Cache, hubtest.Commit)
	for _, name := range []string{client.Cache.lock(repo, pulling), client.Cache.lock(repo, server.ETag(shard))} {
		held := flock.New(name)
		if err := held.RLock(); err != nil {
			t.Fatal(err)
		}
		if freed, err := client.Cache.Remove(s, ""); !errors.Is(err, ErrInUse) || freed != 0 {
			t.Errorf("%s is held: freed %d, %v", name, freed, err)
		}
		if err := held.Unlock(); err != nil {
			t.Fatal(err)
		}
		pullsWhole(t, server, client)
	}
	release, err := client.hold(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Cache.Remove(s, ""); !errors.Is(err, ErrInUse) {
		t.Errorf("while it is pulled: %v", err)
	}
	release()
	if _, err := client.Cache.Remove(s, ""); err != nil {
		t.Error(err)
	}
}
