package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestConfigFaults says of each kind of config file which line is wrong, and what was expected there.
func TestConfigFaults(t *testing.T) {
	unset(t)
	folder := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"a.yaml", "quiet: true\nmax-crops: 5: 6\nthreads: 1\n", `, line 2: "max-crops: 5: 6" cannot be understood, expected NAME: VALUE, with quotes around a value of other signs than letters and digits`},
		{"b.yaml", "max-crops 5\n", `, line 1: "max-crops 5" cannot be understood, expected NAME: VALUE, with quotes around a value of other signs than letters and digits`},
		{"c.yml", "quiet: true\n\tmax-crops: 5\n", `, line 2: begins with a tab, expected NAME: VALUE, or spaces ahead of it`},
		{"d.yaml", "quiet: true\nchoices: [a, b\nthreads: 1\n", `, line 2: "choices: [a, b" cannot be understood, expected NAME: VALUE, with quotes around a value of other signs than letters and digits`},
		{"e.yaml", "threads: 1\nthreads: 2\n", `, line 2: "threads: 2" sets what a line above it sets already`},
		{"f.yaml", "quiet: true\nprompt: \"a\n", `, line 2: "prompt: \"a" cannot be understood, expected NAME: VALUE, with quotes around a value of other signs than letters and digits`},
		{"g.yaml", "quiet: true\nprompt: a\xff\n", `, line 2: "prompt: a\xff" is not UTF-8`},
		{"h.yaml", "- quiet\n", `, line 1: "- quiet" cannot be understood, expected NAME: VALUE, with quotes around a value of other signs than letters and digits`},
		{"i.toml", "quiet = true\nmax-crops: 5\n", `, line 2: "max-crops: 5" cannot be understood, expected NAME = VALUE, with quotes around a value of other signs than letters and digits`},
		{"j.toml", "quiet = true\nprompt = a b\n", `, line 2: "prompt = a b" cannot be understood, expected NAME = VALUE, with quotes around a value of other signs than letters and digits`},
		{"k.json", "{\n\"quiet\": true,\nmax-crops: 5}", `: not JSON at line 3, byte 1: found 'm', expected the name of a field, in double quotes; expected an object such as {"model": "FOLDER"}`},
		{"l.json", `["quiet"]`, `: found an array, expected an object; expected an object such as {"model": "FOLDER"}`},
		{"m.json", ``, `: not JSON at byte 0: it ends early; expected an object such as {"model": "FOLDER"}`},
		{"n.json", `{"quiet": true`, `: not JSON at byte 14: it ends early; expected an object such as {"model": "FOLDER"}`},
	} {
		file := filepath.Join(folder, c.name)
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, got := said("info", "--config", file)
		if code != exitFailed || got != "config file "+file+c.want {
			t.Errorf("%s: exit code %d, %q, want %q", c.name, code, got, "config file "+file+c.want)
		}
		if regexp.MustCompile(`yaml: |toml: |did not find|invalid character|mapping|unmarshal`).MatchString(got) {
			t.Errorf("%s: %q has words of a library", c.name, got)
		}
	}
}
