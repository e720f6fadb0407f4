package inputs

import (
	"crypto/sha256"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSource(t *testing.T) {
	tree(t, "a.jpg", "empty.jpg", "folder/b.jpg")
	if err := os.Truncate("empty.jpg", 0); err != nil {
		t.Fatal(err)
	}
	const content = "content of a.jpg"
	for _, c := range []struct {
		source *Source
		want   string
		err    string
	}{
		{file("a.jpg", 0), content, ""},
		{file("a.jpg", int64(len(content))), content, ""},
		{file("a.jpg", int64(len(content))-1), "", "a.jpg: 16 bytes, expected a picture of at most 15"},
		{file("empty.jpg", 1), "", ""},
		{file("gone.jpg", 0), "", "gone.jpg"},
		{file("folder", 0), "", "folder: is a folder, expected a picture"},
		{stdin(strings.NewReader(content), 0), content, ""},
		{stdin(strings.NewReader(content), 16), content, ""},
		{stdin(strings.NewReader(content), 15), "", "standard input: more than 15 bytes"},
		{stdin(iotest.ErrReader(errors.New("gone")), 15), "", "standard input: gone"},
	} {
		for range 2 {
			data, err := c.source.Open()
			hash, hashErr := c.source.Hash()
			if c.err != "" {
				if data != nil || err == nil || !strings.Contains(err.Error(), c.err) || hashErr == nil || hashErr.Error() != err.Error() {
					t.Errorf("%s: %q, %v, %v; expected %q", c.source.Path, data, err, hashErr, c.err)
				}
			} else if string(data) != c.want || err != nil || hash != sha256.Sum256([]byte(c.want)) || hashErr != nil {
				t.Errorf("%s: %q, %v, %x, %v", c.source.Path, data, err, hash, hashErr)
			}
		}
	}
}

// A pipe, as shells put in place of a file, gives its bytes once; its source gives them as often as it is asked.
func TestPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if runtime.GOOS == "windows" || exec.Command("mkfifo", path).Run() != nil {
		t.Skip("no named pipes here")
	}
	go func() { _ = os.WriteFile(path, []byte("a picture"), 0o600) }()
	s := file(path, 0)
	hash, err := s.Hash()
	if hash != sha256.Sum256([]byte("a picture")) || err != nil {
		t.Error(hash, err)
	}
	if data, err := s.Open(); string(data) != "a picture" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	j, err := New(Options{From: path, Questions: []string{"q"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, known := j.Count(); known {
		t.Error("the length of a pipe is known")
	}
}
