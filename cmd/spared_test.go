package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestDrawingsAreSpared replaces no drawing and no dump that nobody said to replace, and draws no file of another name than a PNG's.
func TestDrawingsAreSpared(t *testing.T) {
	unset(t)
	picture, err := filepath.Abs(filepath.Join("..", "testdata", "images", "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mine")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask := []string{"ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "0", picture, "is it day or night?"}
	for _, flag := range []string{"--attention", "--dump"} {
		code, got := said(append(ask, flag, file)...)
		if want := file + ": exists and is not empty; --overwrite replaces it"; code != exitFailed || got != want {
			t.Errorf("%s: exit code %d, %q, want %q", flag, code, got, want)
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
			t.Errorf("%s has replaced what was there: %.20q, %v", flag, text, err)
		}
	}
	for _, flag := range []string{"--attention", "--dump"} {
		if code, got := said(append(ask, flag, file, "--overwrite")...); code != 0 {
			t.Errorf("%s --overwrite: exit code %d, %q", flag, code, got)
		}
		text, err := os.ReadFile(file)
		if png := len(text) > 4 && string(text[1:4]) == "PNG"; err != nil || string(text) == "mine" || png != (flag == "--attention") {
			t.Errorf("%s --overwrite has left %.20q, %v", flag, text, err)
		}
	}
	t.Chdir(t.TempDir())
	look := append([]string{"look"}, ask[1:]...)
	for i, args := range [][]string{look, look, append(look, "--overwrite")} {
		code, got := said(args...)
		if want := []int{0, exitFailed, 0}[i]; code != want || code != 0 && got != "a.look.png: exists and is not empty; --overwrite replaces it" {
			t.Errorf("look, %d: exit code %d, %q", i, code, got)
		}
	}
	for ending, call := range map[string][]string{".jpg": {"ask"}, ".JPEG": {"ask"}, ".webp": {"look"}, ".pdf": {"look"}} {
		name := "x" + ending
		code, got := said(append(call, picture, "q", "--attention", name)...)
		if want := fmt.Sprintf("%s: ends with %q, expected .png", name, map[string]string{".JPEG": ".jpeg"}[ending]+map[string]string{".jpg": ".jpg", ".webp": ".webp", ".pdf": ".pdf"}[ending]); code != exitUsage || got != want {
			t.Errorf("--attention %s: exit code %d, %q, want %q", name, code, got, want)
		}
	}
}

// TestLooksAreSpared has /look replace only what the session itself has drawn.
func TestLooksAreSpared(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mine.png")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &session{image: "a.png"}
	if err := s.spare(file); err == nil || err.Error() != file+": exists and is not empty; /look FILE draws a new file" {
		t.Errorf("%v", err)
	}
	if err := s.spare("x.jpg"); err == nil || err.Error() != `x.jpg: ends with ".jpg", expected .png` {
		t.Errorf("%v", err)
	}
	s.drawn = []string{file}
	if err := s.spare(file); err != nil {
		t.Error(err)
	}
}

// TestMostThreads refuses more threads than a model works with, whichever command is to use them.
func TestMostThreads(t *testing.T) {
	unset(t)
	picture := filepath.Join("..", "testdata", "images", "a.png")
	for _, call := range [][]string{
		{"ask", picture, "q"},
		{"ask", picture, "q", "--dry-run"},
		{"look", picture, "q"},
		{"sweep", picture, "q"},
		{"eval", "vstar", "bench"},
		{"crops", picture},
		{"convert", "demo", filepath.Join(t.TempDir(), "x")},
		{"bench", "--quick"},
	} {
		for threads, want := range map[string]string{"1025": "threads is 1025, expected at most 1024", "-1": "threads is -1, expected 0 or more"} {
			if code, got := said(append(call, "--threads", threads)...); code != exitUsage || got != want {
				t.Errorf("%s --threads %s: exit code %d, %q", call[0], threads, code, got)
			}
		}
	}
}
