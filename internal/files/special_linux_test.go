package files

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestOpenSpecial waits for a reader, gives up when it is to, and is told when the reader has gone.
func TestOpenSpecial(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if !IsSpecial(pipe) || IsSpecial(filepath.Dir(pipe)) || IsSpecial(pipe+"s") {
		t.Error("a pipe alone is special here")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := OpenSpecial(ctx, pipe); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, expected that time is up", err)
	}
	opened := make(chan *os.File)
	go func() {
		r, err := os.Open(pipe)
		if err != nil {
			t.Error(err)
		}
		opened <- r
	}()
	w, err := OpenSpecial(t.Context(), pipe)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	_ = (<-opened).Close()
	if _, err := w.WriteString("answer\n"); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error %v of a pipe without a reader, expected EPIPE", err)
	}
}
