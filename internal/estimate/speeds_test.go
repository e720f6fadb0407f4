package estimate

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava/internal/measured"
	"github.com/mcllava/mcllava/internal/tensor"
	"github.com/mcllava/mcllava/internal/weights"
)

var speed = Speed{Pixels: 1, Encode: 2, Project: 5, Prefill: 3, Decode: 4}

func cacheAt(t *testing.T) Speeds {
	t.Helper()
	return speedsAt(filepath.Join(t.TempDir(), "folder", "speed.json"))
}

func speedsAt(path string) Speeds { return Speeds{measured.Kept[Speed]{Path: path}} }

func keep(t *testing.T, c Speeds, k Key, s Speed) {
	t.Helper()
	if err := c.Keep(k, s); err != nil {
		t.Fatal(err)
	}
}

func TestCacheKeepsSpeedsApart(t *testing.T) {
	c := cacheAt(t)
	one := NewKey(published, weights.Forms{Vision: tensor.Q8, Text: tensor.Q8}, 2)
	if s, ok := c.Speed(one); ok {
		t.Errorf("%v without a file", s)
	}
	keep(t, c, one, speed)
	if s, ok := c.Speed(one); !ok || s != speed {
		t.Errorf("%v, %v, want %v", s, ok, speed)
	}
	for what, change := range map[string]func(*Key){
		"CPU":       func(k *Key) { k.CPU += "x" },
		"kernels":   func(k *Key) { k.Kernels += "x" },
		"threads":   func(k *Key) { k.Threads++ },
		"program":   func(k *Key) { k.Program += "x" },
		"shape":     func(k *Key) { k.Shape.Text.Layers++ },
		"precision": func(k *Key) { k.Precision.Text = tensor.Q4 },
	} {
		other := one
		change(&other)
		if s, ok := c.Speed(other); ok {
			t.Errorf("another %s has speed %v", what, s)
		}
		faster := speed
		faster.Encode *= 2
		keep(t, c, other, faster)
		if s, ok := c.Speed(one); !ok || s != speed {
			t.Errorf("after another %s: %v, %v, want %v", what, s, ok, speed)
		}
	}
}

func TestDamagedCache(t *testing.T) {
	key := NewKey(small, weights.Forms{}, 1)
	for name, text := range map[string]string{
		"empty":                 "",
		"cut short":             `{"` + key.String(),
		"other":                 `[1, 2]`,
		"wrong":                 fmt.Sprintf(`{%q: {"encode_flop_per_second": "fast"}}`, key),
		"without the projector": fmt.Sprintf(`{%q: {"pixels_per_second": 1, "encode_flop_per_second": 1, "prefill_flop_per_second": 1, "decode_bytes_per_second": 1}}`, key),
		"zero":                  fmt.Sprintf(`{%q: {"encode_flop_per_second": 1e9}}`, key),
		"negative":              fmt.Sprintf(`{%q: {"pixels_per_second": 1, "encode_flop_per_second": -1, "project_flop_per_second": 1, "prefill_flop_per_second": 1, "decode_bytes_per_second": 1}}`, key),
	} {
		t.Run(name, func(t *testing.T) {
			c := cacheAt(t)
			if err := os.MkdirAll(filepath.Dir(c.kept.Path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(c.kept.Path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if s, ok := c.Speed(key); ok {
				t.Errorf("speed %v from a damaged file", s)
			}
			keep(t, c, key, speed)
			if s, ok := c.Speed(key); !ok || s != speed {
				t.Errorf("%v, %v, want %v", s, ok, speed)
			}
		})
	}
}

func TestUnwritableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Speeds{{}, speedsAt(filepath.Join(file, "speed.json"))} {
		key := NewKey(small, weights.Forms{}, 1)
		if err := c.Keep(key, speed); err == nil {
			t.Errorf("%q: kept", c.kept.Path)
		}
		if s, ok := c.Speed(key); ok {
			t.Errorf("%q: speed %v", c.kept.Path, s)
		}
	}
}

func TestCacheDoesNotGrowForever(t *testing.T) {
	c := cacheAt(t)
	key := NewKey(small, weights.Forms{}, 1)
	for i := range 2 * measured.MostKept {
		key.Threads = i + 1
		keep(t, c, key, speed)
	}
	if n := len(c.kept.All()); n > measured.MostKept {
		t.Errorf("%d speeds, want at most %d", n, measured.MostKept)
	}
	if _, ok := c.Speed(key); !ok {
		t.Error("the last one is not among them")
	}
}

func TestOnlyFinitePositiveSpeedsAreValid(t *testing.T) {
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		for i := range 5 {
			s := speed
			*[]*float64{&s.Pixels, &s.Encode, &s.Project, &s.Prefill, &s.Decode}[i] = bad
			if s.valid() {
				t.Errorf("%+v is valid", s)
			}
		}
	}
}
