package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// transcript is a command of a text, and what it prints.
type transcript struct {
	command string
	output  []string
}

// transcripts are the indented blocks of a text that begin with "$ ".
func transcripts(text string) (all []transcript) {
	inside := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "    ")
		command, begins := strings.CutPrefix(line, "$ ")
		switch {
		case !indented:
			inside = false
		case begins:
			all = append(all, transcript{command: command})
			inside = true
		case inside:
			last := &all[len(all)-1]
			last.output = append(last.output, line)
		}
	}
	return all
}

// pattern matches what the transcript shows: … stands for anything, as a line of its own for any lines, and seconds are as they are.
func (t transcript) pattern() *regexp.Regexp {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for _, line := range t.output {
		if line == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		line = regexp.QuoteMeta(line)
		line = strings.ReplaceAll(line, "…", ".*")
		line = regexp.MustCompile(`"(load|preprocess|encode|prefill|decode)":[0-9\\.]+`).ReplaceAllString(line, `"$1":[-e.0-9]+`)
		pattern.WriteString(line + `\n`)
	}
	return regexp.MustCompile(pattern.String() + `\z`)
}

// TestReadme runs the commands of README.md that say what they print, but for those about pictures and checkpoints that the
// repository has not.
func TestReadme(t *testing.T) {
	t.Parallel()
	if testing.Short() || runtime.GOOS == "windows" {
		t.Skip("long, and for a POSIX shell")
	}
	elsewhere := regexp.MustCompile(`photo|pull`)
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, name := range []string{"testdata", "internal"} {
		path, err := filepath.Abs(filepath.Join("..", name))
		if err == nil {
			err = os.Symlink(path, filepath.Join(folder, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	ran := 0
	for _, shown := range transcripts(string(text)) {
		if elsewhere.MatchString(shown.command) {
			continue
		}
		if len(shown.output) > 0 {
			ran++
		}
		c := exec.Command("sh", "-c", shown.command)
		c.Dir = folder
		c.Env = append(os.Environ(), "XDG_CACHE_HOME="+folder, "XDG_CONFIG_HOME="+folder, "MCLLAVA_THREADS=1")
		out, err := c.CombinedOutput()
		out = bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")) // of CSV, which look the same
		switch {
		case len(shown.output) == 0 && err != nil:
			t.Errorf("%s: %v\n%s", shown.command, err, out)
		case len(shown.output) > 0 && !shown.pattern().Match(out):
			t.Errorf("%s prints\n%swant\n%s", shown.command, out, strings.Join(shown.output, "\n"))
		}
	}
	const least = 10
	if ran < least {
		t.Errorf("only %d commands of README.md were run, expected %d", ran, least)
	}
}
