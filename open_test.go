package mcllava

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/safetensors"
)

// converted is a folder with a checkpoint in a precision.
func converted(t *testing.T, from string, p Precision) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "converted")
	if already, err := Convert(t.Context(), ConvertOptions{From: from, To: to, Precision: p, Threads: 2}); err != nil || already {
		t.Fatal(already, err)
	}
	return to
}

// TestConvertedAnswersAsConvertedWhileLoading asks each small checkpoint in each form, converted before and while it is loaded.
func TestConvertedAnswersAsConvertedWhileLoading(t *testing.T) {
	for name, picture := range map[string]string{
		Demo: "testdata/images/a.png", "testdata/mini": "testdata/images/a.png", "testdata/mini-f16-sharded": "testdata/images/a.png",
	} {
		for _, p := range []Precision{{}, {Form: "f32"}, {Form: "f16"}, {Form: "bf16"}, {Form: "q8"}, {Form: "q4"}, {Form: "q4", Vision: "bf16"}} {
			if testing.Short() && (name != "testdata/mini" || p.Form != "q4") {
				continue
			}
			t.Run(name+" "+p.Form+p.Vision, func(t *testing.T) {
				o := Defaults()
				o.MaxCrops, o.MaxNewTokens = 4, 12
				answer := func(folder string, p Precision) (*Model, []int) {
					m, err := OpenWith(folder, OpenOptions{Threads: 2, Precision: p})
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(m.Close)
					a, err := m.Ask(t.Context(), read(t, picture), "what shop is this", o)
					if err != nil {
						t.Fatal(err)
					}
					return m, a.Tokens
				}
				published, want := answer(name, p)
				folder := converted(t, name, p)
				for _, same := range []Precision{{}, p} {
					m, got := answer(folder, same)
					if !slices.Equal(got, want) || m.Precision() != published.Precision() || m.ConvertedWhileLoading() {
						t.Errorf("tokens %v in %s, want %v in %s", got, m.Precision(), want, published.Precision())
					}
				}
				if p == (Precision{}) && published.ConvertedWhileLoading() {
					t.Errorf("its own form %s is said to be converted", published.Precision())
				}
			})
		}
	}
}

func TestConvertedCheckpointHasOnePrecision(t *testing.T) {
	q8 := converted(t, "testdata/mini", Precision{Form: "q8"})
	if _, err := OpenWith(q8, OpenOptions{Precision: Precision{Form: "q4"}}); err == nil || !strings.Contains(err.Error(), q8+": converted to q8, so that it cannot be used in vision q8, text q4") {
		t.Errorf("%v", err)
	}
}

func TestClosedModel(t *testing.T) {
	m, err := Open(converted(t, "testdata/mini", Precision{Form: "q8"}), 2)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	m.Close()
	if _, err := m.Ask(t.Context(), read(t, "testdata/images/a.png"), "what", Defaults()); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v", err)
	}
}

// TestFileCutShortWhileItIsMapped takes the weights away from an open model, one that lies in its file and one that was loaded.
func TestFileCutShortWhileItIsMapped(t *testing.T) {
	skipWindows(t)
	for name, folder := range map[string]string{
		"converted": converted(t, "testdata/mini", Precision{Form: "q8"}), "published": copyOf(t, "internal/demo/checkpoint"),
	} {
		for _, left := range []int64{4096, -1} { // bytes; below 0, so many less
			path := filepath.Join(folder, "model.safetensors")
			whole := read(t, path)
			m, err := Open(folder, 3)
			if err != nil {
				t.Fatal(err)
			}
			o := Defaults()
			o.MaxCrops, o.MaxNewTokens = 4, 3
			p, err := OpenPicture(read(t, "testdata/images/a.png"))
			if err != nil {
				t.Fatal(err)
			}
			v, err := m.see(t, p, o)
			if err != nil {
				t.Fatal(err)
			}
			if left < 0 {
				left += int64(len(whole))
			}
			if err := os.Truncate(path, left); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if _, err := m.ask(t, v, "what shop is this", o); !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path+": was changed while it was read") {
					t.Errorf("%s, %d bytes left: %v", name, left, err)
				}
				if _, err := m.see(t, p, o); !errors.Is(err, ErrChanged) {
					t.Errorf("%s, %d bytes left: %v", name, left, err)
				}
			}
			m.Close()
			if _, err := Open(folder, 1); err == nil {
				t.Errorf("%s, %d bytes left: opened", name, left)
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFileCutShortByReaders does so within Verify and Convert.
func TestFileCutShortByReaders(t *testing.T) {
	skipWindows(t)
	for name, read := range map[string]func(ctx context.Context, folder string, progress func(done, total int64)) error{
		"testdata/mini": func(ctx context.Context, folder string, progress func(done, total int64)) error {
			_, err := Convert(ctx, ConvertOptions{From: folder, To: filepath.Join(t.TempDir(), "to"), Precision: Precision{Form: "q8"}, Threads: 2, Progress: progress})
			return err
		},
		converted(t, "testdata/mini", Precision{Form: "f32"}): func(ctx context.Context, folder string, progress func(done, total int64)) error {
			return Verify(ctx, folder, 2, progress)
		},
	} {
		folder := copyOf(t, name)
		path := filepath.Join(folder, "model.safetensors")
		err := read(t.Context(), folder, func(int64, int64) { _ = os.Truncate(path, 4096) })
		if !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func skipWindows(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("a mapped file cannot be cut short there")
	}
}

func copyOf(t *testing.T, folder string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	return to
}

// TestNotFinite has a NaN among the scales of a matrix of the decoder, of the tower, and of the head.
func TestNotFinite(t *testing.T) {
	folder := converted(t, "testdata/mini", Precision{Form: "f32"})
	path := filepath.Join(folder, "model.safetensors")
	whole := read(t, path)
	const nan = 0x7fc00000
	for _, name := range []string{
		"language_model.model.layers.1.mlp.fc2.weight", "language_model.lm_head.weight", "vision_model.vision_tower.vision_model.encoder.layers.1.mlp.fc1.weight",
	} {
		c, err := safetensors.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		x, _ := c.Tensor(name)
		at := bytes.Index(whole, x.Data)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		damaged := slices.Clone(whole)
		binary.LittleEndian.PutUint32(damaged[at+40:], nan)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		m := open(t, folder)
		o := Defaults()
		o.MaxCrops, o.MaxNewTokens = 4, 3
		for _, choices := range [][]string{nil, {"yes", "no"}} {
			o.Choices = choices
			if a, err := m.Ask(t.Context(), read(t, "testdata/images/a.png"), "what", o); !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "mcllava info --verify") {
				t.Errorf("%s, choices %v: %+v, %v", name, choices, a, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMostThreads opens no model with more threads than there are for.
func TestMostThreads(t *testing.T) {
	if _, err := Open(Demo, MaxThreads+1); err == nil || err.Error() != "threads is 1025, expected at most 1024" {
		t.Errorf("%v", err)
	}
	m, err := Open(Demo, MaxThreads)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}
