package hub

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

// TestWrongBytesInTheCache has files of the right size and with other bytes in the cache.
func TestWrongBytesInTheCache(t *testing.T) {
	for _, name := range []string{"tokenizer.json", shard} {
		server, client := start(t)
		client.Checks = Checks(t.TempDir())
		pullsWhole(t, server, client)
		blob := client.Cache.blob(repo, server.ETag(name))
		info, err := os.Stat(blob)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(server.Files[name])
		flipped[len(flipped)/2] ^= 1
		if err := os.WriteFile(blob, flipped, 0o644); err != nil {
			t.Fatal(err)
		}
		if changed(info) != 0 { // the time of the change is known even where that of the bytes is set back
			if err := os.Chtimes(blob, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}
		var notes []string
		client.Note = func(text string) { notes = append(notes, text) }
		server.Requests()
		done, err := client.Pull(t.Context(), repo, "main")
		if err != nil || done.Fetched != 1 || done.Files != len(pulled) || done.Bytes != int64(len(server.Files[name])) {
			t.Errorf("%s: %+v, %v; expected one file to be fetched", name, done, err)
		}
		if n := fetched(server); n != 1 {
			t.Errorf("%s: %d requests for bytes, expected one", name, n)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], name+": the checksum of what is in the cache is ") {
			t.Errorf("%s: notes are %q", name, notes)
		}
		pullsWhole(t, server, client)
	}
}

// TestCheckedOnce reads each file of a cache that another program made, once.
func TestCheckedOnce(t *testing.T) {
	server, client := start(t)
	pullsWhole(t, server, client)
	client.Checks = Checks(filepath.Join(t.TempDir(), "checked"))
	var read []string
	client.Progress = func(file string, done, total int64) {
		if done == total {
			read = append(read, file)
		}
	}
	pullsWhole(t, server, client)
	if len(read) != len(pulled) {
		t.Errorf("read %v, expected all files", read)
	}
	read = nil
	pullsWhole(t, server, client)
	if len(read) != 0 {
		t.Errorf("read %v again", read)
	}

	// A check is of one ETag: the same file is none of another.
	path := client.Cache.blob(repo, server.ETag("config.json"))
	other := target{repo: repo, file: "config.json"}
	ok, err := client.intact(t.Context(), other, path, remote{etag: strings.Repeat("0", 40), size: int64(len(server.Files["config.json"]))})
	if ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}

	// What was fetched is known to be right.
	server, client = start(t)
	client.Checks = Checks(t.TempDir())
	pullsWhole(t, server, client)
	client.Progress = func(file string, _, _ int64) { t.Errorf("%s was read again", file) }
	pullsWhole(t, server, client)

	// A folder that cannot be made is no error.
	client.Progress = nil
	client.Checks = Checks(filepath.Join(client.Cache.blob(repo, server.ETag("config.json")), "checked"))
	pullsWhole(t, server, client)
}

func TestAnotherCommitAnswers(t *testing.T) {
	other := strings.Repeat("c", 40)
	for _, revision := range []string{other, strings.ToUpper(other)} {
		server, client := start(t)
		list := ""
		server.Answers(answerAnyRevision(server, &list), nil)
		for _, list = range []string{`"sha":"` + hubtest.Commit + `",`, ""} { // a list that does not say, files that do
			_, err := client.Pull(t.Context(), repo, revision)
			if err == nil || !strings.Contains(err.Error(), hubtest.Commit+", expected "+other) && !strings.Contains(err.Error(), "commit "+hubtest.Commit+", expected "+other) {
				t.Errorf("%s: %v", revision, err)
			}
		}
		for _, left := range []string{client.Cache.ref(repo, revision), client.Cache.snapshot(repo, other)} {
			if _, err := os.Lstat(left); err == nil {
				t.Errorf("%s: %s is there", revision, left)
			}
		}
	}
}
