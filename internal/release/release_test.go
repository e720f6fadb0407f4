// Package release makes what users install: archives and packages.
package release

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRelease makes the release of one platform, and installs its deb below a folder.
func TestRelease(t *testing.T) {
	t.Parallel()
	if os.Getenv("MCLLAVA_TEST_RELEASE") == "" || runtime.GOOS != "linux" {
		t.Skip("builds a tool for packages, which takes minutes once; MCLLAVA_TEST_RELEASE=1 runs it, on Linux")
	}
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("no dpkg-deb")
	}
	const version = "v1.2.3"
	dist, root := t.TempDir(), t.TempDir()
	script := exec.Command("sh", "release.sh", version, dist, "linux/"+runtime.GOARCH)
	script.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1700000000")
	if out, err := script.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	deb := filepath.Join(dist, fmt.Sprintf("mcllava_1.2.3_%s.deb", runtime.GOARCH))
	if out, err := exec.Command("dpkg-deb", "-x", deb, root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program := filepath.Join(root, "usr/bin/mcllava")
	out, err := exec.Command(program, "--version").Output()
	if want := fmt.Sprintf("mcllava %s %s\n", version, runtime.Version()); err != nil || string(out) != want {
		t.Errorf("--version: %v, %q, want %q", err, out, want)
	}
	static(t, program)
	page := unzipped(t, filepath.Join(root, "usr/share/man/man1/mcllava-ask.1.gz"))
	if !strings.Contains(page, `.TH "MCLLAVA-ASK" "1" "Nov 2023" "mcllava"`) || !strings.Contains(page, "--max-crops") && !strings.Contains(page, `\-\-max\-crops`) {
		t.Errorf("no man page of ask:\n%.200s", page)
	}
	for name, begin := range map[string]string{
		"usr/share/bash-completion/completions/mcllava":    "# bash completion V2 for mcllava",
		"usr/share/zsh/vendor-completions/_mcllava":        "#compdef mcllava",
		"usr/share/fish/vendor_completions.d/mcllava.fish": "# fish completion for mcllava",
		"usr/share/doc/mcllava/copyright":                  "mcllava is made of these parts.",
		"usr/share/doc/mcllava/README.md":                  "# mcllava",
	} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || !bytes.HasPrefix(data, []byte(begin)) {
			t.Errorf("%s: %v, begins with %.60q, want %q", name, err, data, begin)
		}
	}
	sums(t, dist, "mcllava_1.2.3_linux_"+runtime.GOARCH+".tar.gz", filepath.Base(deb), ".rpm")
}

// static fails where a program needs a library of the system.
func static(t *testing.T, program string) {
	t.Helper()
	f, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) > 0 || f.Section(".interp") != nil {
		t.Errorf("%s is not static: %v, libraries %q", program, err, libraries)
	}
}

func unzipped(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// sums compares SHA256SUMS with all files beside it, among which must be those whose names end so.
func sums(t *testing.T, folder string, endings ...string) {
	t.Helper()
	f, err := os.Open(filepath.Join(folder, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	listed := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		listed[name] = sum
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "SHA256SUMS" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if listed[e.Name()] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s has the checksum %x, and SHA256SUMS says %q", e.Name(), sum, listed[e.Name()])
		}
		delete(listed, e.Name())
		for i, ending := range endings {
			if strings.HasSuffix(e.Name(), ending) {
				endings = append(endings[:i:i], endings[i+1:]...)
				break
			}
		}
	}
	if len(listed) > 0 || len(endings) > 0 {
		t.Errorf("missing files: %v of SHA256SUMS, and %q", listed, endings)
	}
}
