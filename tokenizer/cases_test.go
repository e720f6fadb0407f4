package tokenizer

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// The prompts and answers of the small checkpoints; the models are random, and
// their answers hold characters cut off.
func TestCases(t *testing.T) {
	for _, name := range []string{"mini", "mini-f16-sharded"} {
		folder := os.DirFS("../testdata/" + name)
		tok, err := Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile("../testdata/" + name + "/cases.json")
		if err != nil {
			t.Fatal(err)
		}
		var cases []struct {
			Prompt string `json:"prompt"`
			IDs    []int  `json:"input_ids"`
			Answer []int  `json:"greedy_tokens"`
			Text   string `json:"greedy_text"`
		}
		if err := json.Unmarshal(text, &cases); err != nil || len(cases) == 0 {
			t.Fatalf("%d cases, %v", len(cases), err)
		}
		for i, c := range cases {
			if got := tok.Encode(c.Prompt); !slices.Equal(got, c.IDs) {
				t.Errorf("%s, case %d: %v, expected %v", name, i, got, c.IDs)
			}
			d := tok.NewDecoder()
			var b strings.Builder
			for _, id := range c.Answer {
				b.WriteString(d.Next(id))
			}
			b.WriteString(d.Flush())
			if b.String() != c.Text {
				t.Errorf("%s, case %d: %q, expected %q", name, i, b.String(), c.Text)
			}
		}
	}
}
