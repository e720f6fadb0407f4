package hub

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// TestLeftFilesGo has a process killed while it replaced a file: the next that does removes what it left.
func TestLeftFilesGo(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, ".mcllava-LEFT"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "main")
	if err := replace(path, func(w io.Writer) error { _, err := io.WriteString(w, "whole"); return err }); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	text, readErr := os.ReadFile(path)
	if err != nil || readErr != nil || len(entries) != 1 || string(text) != "whole" {
		t.Errorf("%v, %q, %v, %v", entries, text, err, readErr)
	}
}
