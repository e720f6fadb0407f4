//go:build unix

package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestInterruptedScenes stops a set while it is drawn: nothing of it is left, in a new folder and in one that had files.
func TestInterruptedScenes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("draws for a while")
	}
	for _, old := range []bool{false, true} {
		parent := t.TempDir()
		folder := filepath.Join(parent, "set")
		args := []string{"scenes", folder, "--n", "5000", "--quiet"}
		if old {
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "questions.jsonl"), []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, "--overwrite")
		}
		c := exec.Command("mcllava", args...)
		var message strings.Builder
		c.Stderr = &message
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if written, err := filepath.Glob(filepath.Join(parent, "*", "*", "*.png")); err != nil || time.Now().After(deadline) {
				t.Fatalf("nothing is written: %v", err)
			} else if nested, _ := filepath.Glob(filepath.Join(parent, "*", "*", "*", "*.png")); len(written)+len(nested) > 0 {
				break
			}
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		if code := c.ProcessState.ExitCode(); code != exitInterrupted || message.String() != "mcllava: interrupted; nothing was written\n" {
			t.Errorf("exit code %d, %q", code, message.String())
		}
		var left []string
		err := filepath.WalkDir(parent, func(path string, d os.DirEntry, err error) error {
			if err == nil && path != parent {
				left = append(left, strings.TrimPrefix(path, parent))
			}
			return err
		})
		want := ""
		if old {
			want = "/set /set/questions.jsonl"
		}
		if got := strings.Join(left, " "); err != nil || got != want {
			t.Errorf("left: %q, want %q, %v", got, want, err)
		}
	}
}

// TestUnwritableScenes has no right to write where the set is to be.
func TestUnwritableScenes(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("the superuser may write anywhere")
	}
	parent := t.TempDir()
	if err := os.Chmod(parent, 0o555); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(parent, "set")
	message, err := exec.Command("mcllava", "scenes", folder, "--n", "1").CombinedOutput()
	if want := "mcllava: " + folder + ": " + syscall.EACCES.Error() + "\n"; err == nil || string(message) != want {
		t.Errorf("%v: %q, want %q", err, message, want)
	}
}
