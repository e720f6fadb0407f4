package inputs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestImageFromAPipe reads what is written to a pipe, and gives up on one that nobody writes to.
func TestImageFromAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(pipe, []byte("picture"), 0o600) }()
	if data, err := Image(pipe, nil, 0).OpenUntil(t.Context()); err != nil || string(data) != "picture" {
		t.Errorf("read %q, %v", data, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := Image(pipe, nil, 0).OpenUntil(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, expected that time is up", err)
	}
}
