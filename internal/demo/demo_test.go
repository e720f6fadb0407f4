package demo_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"testing"

	"github.com/mcllava/mcllava/internal/demo"
)

// maxSize is what the checkpoint may add to the program.
const maxSize = 6 << 20

func TestCheckpointIsWhole(t *testing.T) {
	want := []string{
		"config.json", "model.safetensors", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
	}
	entries, err := fs.ReadDir(demo.Checkpoint(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	var got []string
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
		got = append(got, entry.Name())
	}
	if len(got) != len(want) {
		t.Fatalf("files %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("file %d is %s, want %s", i, got[i], want[i])
		}
	}
	if total > maxSize {
		t.Errorf("%d bytes, more than %d", total, maxSize)
	}
}

func TestExpectedAnswersNamePicturesThatExist(t *testing.T) {
	data, err := os.ReadFile("expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Image    string  `json:"image"`
		Question string  `json:"question"`
		Answer   string  `json:"answer"`
		Tokens   []int   `json:"tokens"`
		Gap      float64 `json:"gap"`
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) == 0 {
		t.Fatal("no answers recorded")
	}
	for _, row := range rows {
		if _, err := os.Stat(row.Image); err != nil {
			t.Error(err)
		}
		if row.Question == "" || row.Answer == "" || len(row.Tokens) == 0 {
			t.Errorf("%s: incomplete row %+v", row.Image, row)
		}
		if !(row.Gap >= 0.5) {
			t.Errorf("%s, %q: the gap between first and second token is only %v", row.Image, row.Question, row.Gap)
		}
	}
}
