package cmd

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// TestTablesFold prints tables in terminals of several widths, and as whole lines for programs.
func TestTablesFold(t *testing.T) {
	t.Parallel()
	picture := filepath.Join("..", "testdata", "images", "a.png")
	set := filepath.Join(t.TempDir(), "set")
	if message, err := exec.Command("mcllava", "scenes", "--quiet", "--n", "4", set).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	for _, args := range [][]string{
		{"info"},
		{"eval", "vstar", set, "--threads", "1", "--cache", "off", "--max-crops", "0", "--against", "published"},
		{"crops", "--max-crops", "9", "--threads", "1", picture},
		{"cache", "--cache", filepath.Join(t.TempDir(), "a folder of a long name", "and another one below it")},
		{"ask", "--dry-run", "--threads", "1", "--max-crops", "4", picture, "what shop is this"},
	} {
		whole, err := exec.Command("mcllava", append(args, "--json=false")...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, columns := range []uint16{40, 52, 64, 100} {
			p := inTerminalOf(t, columns, []string{"MCLLAVA_QUIET=true"}, nil, args...)
			p.ends(t, 0)
			screen := strings.ReplaceAll(p.screen.String(), "\r\n", "\n")
			for line := range strings.SplitSeq(screen, "\n") {
				if n := uniseg.StringWidth(line); n > int(columns) {
					t.Errorf("%s: %d columns of %d: %q", args[0], n, columns, line)
				}
			}
			for _, word := range []string{"checkpoint", "vision tower", "GFLOP/s", "centre", "image tokens", "entries", "pictures", "questions", "SEAL", "arXiv"} {
				if flat := strings.Join(strings.Fields(screen), " "); strings.Contains(strings.Join(strings.Fields(string(whole)), " "), word) != strings.Contains(flat, word) {
					t.Errorf("%s in %d columns: %q\n%s", args[0], columns, word, screen)
				}
			}
		}
	}
}

// TestModelsStack has a model's figures below its name where they do not fit beside it.
func TestModelsStack(t *testing.T) {
	t.Parallel()
	got := stackedModels([][]string{{"NAME", "REVISION", "STORED AS", "PATH"}, {"owner/name", "main", "f16", "/a/long/path/that/is/not/broken"}}, 20)
	if want := "owner/name\n  revision main\n  stored as f16\n  /a/long/path/that/is/not/broken\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
