package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// leaving is a path that a process of its own begins to write.
const leaving = "MCLLAVA_TEST_LEAVING"

func TestMain(m *testing.M) {
	if path := os.Getenv(leaving); path != "" {
		_ = Replace(path, 0, func(w io.Writer) error {
			fmt.Println("writing")
			time.Sleep(time.Minute)
			return nil
		})
	}
	os.Exit(m.Run())
}

func names(t *testing.T, folder string) []string {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, e := range all {
		found = append(found, e.Name())
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestReplace(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	for _, want := range []string{"one", "", "two"} {
		if err := Replace(path, 0o600, text(want)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if got := read(t, path); got != want || err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%q, %v, %v, want %q", got, info.Mode(), err, want)
		}
	}
	broken := errors.New("broken")
	err := Replace(path, 0, func(w io.Writer) error {
		return errors.Join(text("three")(w), broken)
	})
	if !errors.Is(err, broken) || read(t, path) != "two" {
		t.Errorf("%v, %q", err, read(t, path))
	}
	if got := names(t, folder); !slices.Equal(got, []string{"file"}) {
		t.Errorf("the folder has %q", got)
	}
	var named *fs.PathError
	missing := filepath.Join(folder, "missing", "file")
	if err := Replace(missing, 0, text("")); !errors.As(err, &named) || named.Path != missing {
		t.Errorf("%v, want an error of %s", err, missing)
	}
	if err := os.Mkdir(filepath.Join(folder, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(folder, "sub"), 0, text("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if got := names(t, folder); !slices.Equal(got, []string{"file", "sub"}) {
		t.Errorf("the folder has %q", got)
	}
}

func TestReplaceDoesNotFollowLinks(t *testing.T) {
	folder := t.TempDir()
	target, link := filepath.Join(folder, "target"), filepath.Join(folder, "link")
	put(t, target, "mine")
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if err := Replace(link, 0, text("new")); err != nil || read(t, target) != "mine" || read(t, link) != "new" {
		t.Errorf("%v, target %q, link %q", err, read(t, target), read(t, link))
	}
}

// TestRemoveLeft kills a process while it writes.
func TestRemoveLeft(t *testing.T) {
	folder := t.TempDir()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), leaving+"="+filepath.Join(folder, "file"))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("writing"))); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(folder, "mcllava-other"), "mine")
	if err := os.Symlink("mcllava-other", filepath.Join(folder, temporary+"link")); err != nil {
		t.Skip(err)
	}
	RemoveLeft(folder, 0)
	if got := names(t, folder); len(got) != 3 {
		t.Errorf("the folder has %q while a process writes", got)
	}
	_ = c.Process.Kill()
	_ = c.Wait()
	RemoveLeft(folder, time.Hour)
	if got := names(t, folder); len(got) != 3 {
		t.Errorf("the folder has %q, want the young file too", got)
	}
	RemoveLeft(folder, 0)
	if got := names(t, folder); !slices.Equal(got, []string{temporary + "link", "mcllava-other"}) {
		t.Errorf("the folder has %q", got)
	}
	RemoveLeft(filepath.Join(folder, "missing"), 0)
}

// TestRemoveLeftBesideWriters removes as fast as others write, of which nobody may notice.
func TestRemoveLeftBesideWriters(t *testing.T) {
	folder := t.TempDir()
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			path := filepath.Join(folder, fmt.Sprint(i))
			for n := range 100 {
				f, err := Temp(folder, 0o600)
				if err == nil {
					_, err = fmt.Fprint(f, n)
				}
				if err == nil {
					err = Place(f, path)
				}
				if err != nil {
					t.Error(err)
					return
				}
				if got := read(t, path); got != fmt.Sprint(n) {
					t.Errorf("%q, want %d", got, n)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for {
		RemoveLeft(folder, 0)
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := OpenLocked(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLocked(path); !errors.Is(err, ErrLocked) {
		t.Errorf("%v, want ErrLocked", err)
	}
	reader, err := OpenRegular(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Lock(reader, true); !errors.Is(err, ErrLocked) {
		t.Errorf("%v, want ErrLocked", err)
	}
	written, err := Write(path, 0, text("new"))
	if err != nil {
		t.Fatal(err)
	}
	f, err = PlaceLocked(written, f, path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLocked(path); !errors.Is(err, ErrLocked) || read(t, path) != "new" {
		t.Errorf("%v, %q", err, read(t, path))
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err := OpenLocked(path); err != nil {
		t.Error(err)
	} else {
		_ = f.Close()
	}
	_ = reader.Close()
}

func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := Hold(path, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Hold(path, 10*time.Millisecond); !errors.Is(err, ErrLocked) {
		t.Errorf("%v, want ErrLocked", err)
	}
	go func() { time.Sleep(20 * time.Millisecond); release() }()
	again, err := Hold(path, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestOnlyRegularFiles(t *testing.T) {
	folder := t.TempDir()
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	put(t, file, "12345")
	if got, err := ReadRegular(file, 5); err != nil || !bytes.Equal(got, []byte("12345")) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := ReadRegular(file, 4); err == nil {
		t.Errorf("%q of a file that is too large", got)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	paths := []string{link, folder, filepath.Join(folder, "missing")}
	paths = append(paths, special(t, folder)...)
	for _, path := range paths {
		if f, err := OpenRegular(path); err == nil {
			_ = f.Close()
			t.Errorf("%s was opened", path)
		}
	}
	for _, path := range append(special(t, t.TempDir()), link, folder) {
		if release, err := Hold(path, time.Millisecond); !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: %v, want ErrNotRegular", path, err)
			if err == nil {
				release()
			}
		}
	}
	if read(t, file) != "12345" {
		t.Error("the link's target has changed")
	}
}
