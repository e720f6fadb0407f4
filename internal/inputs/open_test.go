package inputs

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

func namedPipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if runtime.GOOS == "windows" || exec.Command("mkfifo", path).Run() != nil {
		t.Skip("no named pipes here")
	}
	return path
}

// A pipe that nobody writes to, or writes on to, keeps no run from its end.
func TestWaitsForPipesEnd(t *testing.T) {
	for name, o := range map[string]func(path string) Options{
		"list":      func(path string) Options { return Options{From: path, Questions: []string{"q"}} },
		"jobs":      func(path string) Options { return Options{Jobs: path} },
		"questions": func(path string) Options { return Options{Images: []string{"a.jpg"}, QuestionsFile: path} },
		"image":     func(path string) Options { return Options{Images: []string{path}, Questions: []string{"q"}} },
	} {
		for _, opened := range []bool{false, true} {
			path := namedPipe(t)
			if opened {
				f, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = f.Close() }()
			}
			ctx, cancel := context.WithCancel(t.Context())
			options := o(path)
			options.Context = ctx
			time.AfterFunc(50*time.Millisecond, cancel)
			start := time.Now()
			j, err := New(options)
			if err == nil {
				for pair, failed := range j.All() {
					if err = failed; err == nil {
						_, err = pair.Source.Open()
					}
				}
			}
			if !errors.Is(err, context.Canceled) || time.Since(start) > 2*time.Second {
				t.Errorf("%s, opened %v: %v after %v", name, opened, err, time.Since(start))
			}
		}
	}
}

func TestPipeOfQuestions(t *testing.T) {
	path := namedPipe(t)
	go func() { _ = os.WriteFile(path, []byte("one\ntwo"), 0o600) }()
	expect(t, "pipe", listed(t, Options{Images: []string{"a.jpg"}, QuestionsFile: path}), "a.jpg|one", "a.jpg|two")
}
