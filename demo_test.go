package mcllava

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/crop"
)

// TestDemoGivesTheRecordedAnswers asks what the PyTorch model was asked, of the same pictures and with the same knobs.
func TestDemoGivesTheRecordedAnswers(t *testing.T) {
	const folder = "internal/demo"
	var rows []struct {
		Image     string
		Question  string
		MaxCrops  int `json:"max_crops"`
		NumTokens int `json:"num_tokens"`
		Crops     int
		Answer    string
		Tokens    []int
	}
	if err := json.Unmarshal(read(t, filepath.Join(folder, "expected.json")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("expected.json records no answers")
	}
	m := open(t, Demo)
	type view struct {
		image         string
		crops, tokens int
	}
	seen := map[view]blas32.General{} // the picture's embeddings, encoded once for all its questions
	const fewCrops = 5                // all that a short run encodes
	for _, r := range rows {
		if testing.Short() && r.Crops > fewCrops {
			continue
		}
		o := Defaults()
		a := &Answer{}
		v := view{r.Image, r.MaxCrops, r.NumTokens}
		if _, ok := seen[v]; !ok {
			picture := read(t, filepath.Join(folder, r.Image))
			width, height, _, err := crop.DecodeSize(picture, crop.DefaultLimits)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := m.config.Plan(width, height, r.MaxCrops, r.NumTokens)
			if err != nil {
				t.Fatal(err)
			}
			if len(plan.Boxes) != r.Crops {
				t.Errorf("%+v: %d crops, want %d", v, len(plan.Boxes), r.Crops)
			}
			features, err := m.encode(t.Context(), picture, plan, o, a)
			if err != nil {
				t.Fatal(err)
			}
			seen[v] = m.encoder.Project(features)
		}
		before, after, err := prompt(m.tokenizer, m.config.ImageToken, r.Question, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.answer(t.Context(), m.merge(before, seen[v], after), o, a); err != nil {
			t.Fatal(err)
		}
		if a.Text != r.Answer || !slices.Equal(a.Tokens, r.Tokens) || a.Finish != FinishStop {
			t.Errorf("%+v, %q: %q %v (%s), want %q %v", v, r.Question, a.Text, a.Tokens, a.Finish, r.Answer, r.Tokens)
		}
	}
}
