//go:build unix

package modelfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/sys/unix"
)

func TestDirOpensRegularFilesAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		unix.Mkfifo(filepath.Join(dir, "pipe"), 0o600),
		os.Symlink("file", filepath.Join(dir, "link")),
		os.Symlink("pipe", filepath.Join(dir, "link to pipe")),
		os.Symlink("/dev/zero", filepath.Join(dir, "device")),
		os.Mkdir(filepath.Join(dir, "folder"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]error{
		"file": nil, "link": nil, "pipe": ErrNotRegular, "link to pipe": ErrNotRegular, "device": ErrNotRegular, "folder": ErrNotRegular,
		"nothing": fs.ErrNotExist, "file/x": unix.ENOTDIR, "../file": fs.ErrInvalid,
	} {
		data, err := Read(Dir(dir), name, 3)
		if !errors.Is(err, want) || want == nil && (err != nil || string(data) != "abc") {
			t.Errorf("%s: %q, %v, want %v", name, data, err, want)
		}
		if err != nil && !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
	if _, err := Read(Dir(dir), "file", 2); err == nil || !strings.Contains(err.Error(), "file: more than") {
		t.Errorf("a file above its limit: %v", err)
	}
	if entries, err := fs.ReadDir(Dir(dir), "."); err != nil || len(entries) != 6 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestReadJSONSpeaksOfJSON(t *testing.T) {
	type shape struct {
		Sizes struct {
			Width int     `json:"width"`
			Share float32 `json:"share"`
			Names []string
		} `json:"sizes"`
	}
	for text, say := range map[string]string{
		`{"sizes":{"width":"a"}}`:    "f: sizes.width: found a string, expected a whole number",
		`{"sizes":{"width":1.5}}`:    "f: sizes.width: found 1.5, expected a whole number",
		`{"sizes":{"width":1e30}}`:   "f: sizes.width: found 1e30, expected a whole number",
		`{"sizes":{"share":true}}`:   "f: sizes.share: found true or false, expected a number",
		`{"sizes":{"share":[]}}`:     "f: sizes.share: found an array, expected a number",
		`{"sizes":{"Names":{}}}`:     "f: sizes.Names: found an object, expected an array",
		`{"sizes":{"Names":[1]}}`:    "expected a string",
		`[]`:                         "f: found an array, expected an object",
		`{"sizes":`:                  "f: not JSON at byte 9: ",
		``:                           "f: not JSON at byte 0: ",
		`{"sizes":{"share":1e9999}}`: "f: sizes.share: found 1e9999, expected a number",
	} {
		var v shape
		err := ReadJSON(fstest.MapFS{"f": {Data: []byte(text)}}, "f", 100, &v)
		if err == nil || !strings.HasPrefix(err.Error(), "f: ") || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v, want «%s»", text, err, say)
		}
	}
}

func TestShort(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "abc": "abc", strings.Repeat("é", 120): strings.Repeat("é", 120), strings.Repeat("é", 121): strings.Repeat("é", 120) + "…",
	} {
		if got := Short(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
