package mcllava

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
		Demo: "testdata/street.png", "testdata/mini": "testdata/images/a.png", "testdata/mini-f16-sharded": "testdata/images/a.png",
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
