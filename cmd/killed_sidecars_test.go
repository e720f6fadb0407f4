package cmd

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestKilledSidecars kills runs at random moments. Each file is whole or not there at any time, and the same command goes on where the
// last one was killed.
func TestKilledSidecars(t *testing.T) {
	t.Parallel()
	const kills = 3
	pictures := 10
	if testing.Short() {
		pictures = 6
	}
	folder := smallStreets(t, pictures)
	args := []string{"ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "2", folder, "--sidecar", "{{.Name}}.txt"}
	for _, q := range threeQuestions {
		args = append(args, "-q", q)
	}
	whole := func() (n int) {
		t.Helper()
		paths, err := filepath.Glob(filepath.Join(folder, "*.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil || bytes.Count(text, []byte("\n")) != len(threeQuestions) {
				t.Fatalf("%s is torn: %q, %v", path, text, err)
			}
		}
		return len(paths)
	}
	for i := range kills {
		c := exec.Command("mcllava", args...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		enough := (i + 1) * pictures / (kills + 1)
		for deadline := time.Now().Add(time.Minute); whole() < enough && time.Now().Before(deadline); {
			time.Sleep(3 * time.Millisecond)
		}
		time.Sleep(rand.N(20 * time.Millisecond))
		_ = c.Process.Kill()
		_ = c.Wait()
		if n := whole(); n < enough {
			t.Fatalf("%d files after a minute, want %d", n, enough)
		}
	}
	if message, err := exec.Command("mcllava", args...).CombinedOutput(); err != nil || len(message) > 0 {
		t.Fatalf("%v: %s", err, message)
	}
	if n := whole(); n != pictures {
		t.Errorf("%d files, want %d", n, pictures)
	}
	if left, _ := filepath.Glob(filepath.Join(folder, ".mcllava-*")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
}
