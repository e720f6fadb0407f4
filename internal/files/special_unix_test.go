//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package files

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// special makes files that are not regular: a pipe without another end.
func special(t *testing.T, folder string) []string {
	t.Helper()
	pipe := filepath.Join(folder, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{pipe, "/dev/zero"}
}
