package cmd

import (
	"bytes"
	"image/png"
	"strings"
	"testing"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/estimate"
)

func TestTimingReadsWell(t *testing.T) {
	for seconds, want := range map[float64]string{0.04: "0.0 s", 0.26: "0.3 s", 9.4: "9.4 s", 9.6: "10 s", 95.4: "95 s", 299: "299 s", 301: "5 min", 3600: "60 min"} {
		if got := duration(seconds); got != want {
			t.Errorf("%v seconds are %q, want %q", seconds, got, want)
		}
	}
	s := estimate.Seconds{Preprocess: 1, Encode: 70, Prefill: 20, Decode: 4}
	got := (&timing{Precision: "q8", Crops: 97, Tokens: 20, Seconds: s, Total: s.Total()}).String()
	if want := "about 95 s here for 97 crops in q8: 71 s for the crops, 20 s for the prompt, 4.0 s for an answer of 20 tokens"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestOnlyLongRunsAreAnnounced gives the demo a speed at which every run is long, or short.
func TestOnlyLongRunsAreAnnounced(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	m, err := mcllava.Open(mcllava.Demo, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	precision, err := mcllava.ReadPrecision(mcllava.Demo, mcllava.Precision{})
	if err != nil {
		t.Fatal(err)
	}
	forms, err := formsOf(precision)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := mcllava.OpenPicture(encoded(t, png.Encode, 300, 200))
	if err != nil {
		t.Fatal(err)
	}
	key := estimate.NewKey(shapeOf(m.Config()), forms, 0)
	for speed, long := range map[float64]bool{1: true, 1e15: false} {
		if err := estimate.OpenSpeeds().Keep(key, estimate.Speed{Pixels: speed, Encode: speed, Project: speed, Prefill: speed, Decode: speed}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ terminal, quiet bool }{{true, false}, {true, true}, {false, false}} {
			var b bytes.Buffer
			o := askOptions{Knobs: mcllava.DefaultKnobs(), Quiet: c.quiet}
			o.Knobs.MaxCrops, o.Knobs.MaxNewTokens = 9, 5
			plan, err := m.Plan(picture, o.Knobs.ViewKnobs)
			if err != nil {
				t.Fatal(err)
			}
			announce(t.Context(), newWatch(Streams{Err: &b, ErrTerminal: c.terminal}, o, 1), m, picture, plan)
			want := long && c.terminal && !c.quiet
			if said := strings.HasPrefix(b.String(), "mcllava: this takes about "); said != want || !want && b.Len() > 0 {
				t.Errorf("speed %v, terminal %v, quiet %v: %q", speed, c.terminal, c.quiet, b.String())
			}
			if want && !strings.Contains(b.String(), "an answer of 5 tokens") {
				t.Errorf("%q, want 5 tokens", b.String())
			}
		}
	}
}
