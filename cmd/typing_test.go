package cmd

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// TestTyping gives nothing on standard input, and looks at what is said before that is found out.
func TestTyping(t *testing.T) {
	t.Parallel()
	end := "; Ctrl-D ends\n"
	if runtime.GOOS == "windows" {
		end = "; Ctrl-Z and Enter ends\n"
	}
	for call, what := range map[string]string{
		"ask - q":                        "the picture",
		"ask --from - q":                 "the names of images",
		"ask --jobs -":                   "jobs",
		"ask --questions - LICENSE":      "questions",
		"crops -":                        "the picture",
		"tokenize":                       "lines of text",
		"tokenize --decode":              "lines of token ids",
		"ask ../LICENSE q --max-crops 0": "",
		"ask --quiet - q":                "",
		"crops --size 10x10":             "",
	} {
		for _, terminal := range []bool{true, false} {
			var out, err bytes.Buffer
			Main(strings.Fields(call), Streams{In: strings.NewReader(""), Out: &out, Err: &err, InTerminal: terminal})
			note := "mcllava: reading " + what + " from standard input" + end
			if got := strings.Contains(err.String(), note); got != (terminal && what != "") {
				t.Errorf("%s, of a terminal %v:\n%swant %q", call, terminal, &err, note)
			}
			if n := strings.Count(err.String(), "from standard input;"); n > 1 || n == 1 && (what == "" || !terminal) {
				t.Errorf("%s, of a terminal %v, prints %d notes:\n%s", call, terminal, n, &err)
			}
		}
	}
}
