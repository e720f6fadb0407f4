package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// TestStart bounds what this module's packages do before main: every start pays for it, whatever is asked.
func TestStart(t *testing.T) {
	t.Parallel()
	c := exec.Command("mcllava", "version")
	c.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	c.Stderr = &trace
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	packages := regexp.MustCompile(`init github\.com/mcllava/mcllava/(\S+) @.* (\d+) bytes`).FindAllStringSubmatch(trace.String(), -1)
	if len(packages) == 0 {
		t.Fatalf("no package of this module in the trace:\n%s", trace.String())
	}
	const most = 40 << 10
	for _, p := range packages {
		if n, err := strconv.Atoi(p[2]); err != nil || n > most {
			t.Errorf("%s takes %s bytes before main, expected at most %d", p[1], p[2], most)
		}
	}
}
