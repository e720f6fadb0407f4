package mcllava

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/internal/reference"
	"github.com/mcllava/mcllava/internal/safetensors"
)

// decisiveGap is the difference of first and second logit from which on both implementations must pick the same token.
const decisiveGap = 0.05

func open(t *testing.T, folder string) *Model {
	t.Helper()
	m, err := Open(folder, 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// ask asks as the case was asked and returns the dumped stages.
func ask(t *testing.T, m *Model, c reference.Case) (*Answer, *safetensors.Checkpoint) {
	t.Helper()
	o := Defaults()
	o.MaxCrops, o.NumTokens, o.MaxNewTokens, o.Dump = c.MaxCrops, c.NumTokens, len(c.Tokens), &Dump{}
	a, err := m.Ask(t.Context(), read(t, c.Picture), c.Question, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stages.safetensors")
	if err := o.Dump.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	dump, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dump.Close() })
	return a, dump
}

// TestFromThePictureFile holds the whole way against the recorded runs; resizing differs from theirs by at most 1/255 nearly
// everywhere.
func TestFromThePictureFile(t *testing.T) {
	for _, c := range reference.Cases(t, "testdata") {
		t.Run(c.Name, func(t *testing.T) {
			a, dump := ask(t, open(t, c.Folder), c)
			if a.Crops != c.Crops || a.ImageTokens != c.ImageTokens || a.PromptTokens != len(c.InputIDs)-1+c.ImageTokens {
				t.Errorf("%d crops, %d image tokens, %d prompt tokens, want %d, %d, %d", a.Crops, a.ImageTokens, a.PromptTokens, c.Crops, c.ImageTokens, len(c.InputIDs)-1+c.ImageTokens)
			}
			for _, stage := range []struct {
				name      string
				tolerance float64
			}{{"coords", 1e-7}, {"pixel_values", 1e-2}, {"image_features", 1e-2}, {"projected", 1e-2}, {"prefill_logits_last", 1e-2}} {
				got, ok := dump.Tensor(stage.name)
				if !ok && !c.Has(stage.name) {
					continue
				}
				want := c.Stage(t, stage.name)
				v := make([]float32, got.Elements())
				if err := got.Float32s(v); err != nil {
					t.Fatal(err)
				}
				reference.Check(t, stage.name, blas32.General{Rows: len(v) / want.Cols, Cols: want.Cols, Stride: want.Cols, Data: v}, want, stage.tolerance)
			}
			checkTokens(t, a.Tokens, c)
		})
	}
}

// checkTokens compares greedy tokens up to the first that the recorded run picked by a hair.
func checkTokens(t *testing.T, got []int, c reference.Case) {
	t.Helper()
	logits := c.Stage(t, "greedy_logits")
	for i, want := range c.Tokens {
		row := slices.Sorted(slices.Values(logits.Data[i*logits.Stride : i*logits.Stride+logits.Cols]))
		if row[len(row)-1]-row[len(row)-2] <= decisiveGap {
			return
		}
		if i >= len(got) || got[i] != want {
			t.Fatalf("greedy tokens %v, want %v (first difference at %d)", got, c.Tokens, i)
		}
	}
}

func TestPlan(t *testing.T) {
	c := PublishedConfig()
	p, err := PlanFor(c, 4240, 2832, ViewKnobs{MaxCrops: 100, NumTokens: 0})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Boxes) != 97 || p.ImageTokens != 728 || p.TokensPerCrop[0] != 7 || p.TokensPerCrop[96] != 56 {
		t.Errorf("%d crops, %d image tokens, %v a crop", len(p.Boxes), p.ImageTokens, p.TokensPerCrop)
	}
	for _, bad := range []struct {
		side, crops, tokens int
		say                 string
	}{{4000, -1, 0, "max-crops is -1"}, {4000, 0, -5, "num-tokens is -5"}, {4000, 100, 96, "at least 101"}, {4000, 0, 729, "gives 728 at most"}, {20000, 2000, 0, "need at least"}} {
		if _, err := PlanFor(c, bad.side, bad.side, ViewKnobs{MaxCrops: bad.crops, NumTokens: bad.tokens}); err == nil || !strings.Contains(err.Error(), bad.say) {
			t.Errorf("max-crops %d, num-tokens %d: %v, want «%s»", bad.crops, bad.tokens, err, bad.say)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	m := open(t, "testdata/mini")
	picture := read(t, "testdata/images/a.png")
	for say, change := range map[string]func(*Options){
		"max-new-tokens is 0":   func(o *Options) { o.MaxNewTokens = 0 },
		"temperature is -1":     func(o *Options) { o.Temperature = -1 },
		"temperature is NaN":    func(o *Options) { o.Temperature = math.NaN() },
		"top-p is 0":            func(o *Options) { o.TopP = 0 },
		"no {question}":         func(o *Options) { o.Prompt = "<image>" },
		"no <image>":            func(o *Options) { o.Prompt = "{question}" },
		"more than one <image>": func(o *Options) { o.Prompt = "<image><image>{question}" },
		"leave no room":         func(o *Options) { o.MaxCrops, o.NumTokens = 300, 2040 },
	} {
		o := Defaults()
		change(&o)
		if _, err := m.Ask(t.Context(), picture, "what", o); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("error %v, want «%s»", err, say)
		}
	}
	if _, err := m.Ask(t.Context(), picture, " \n", Defaults()); err == nil || !strings.Contains(err.Error(), "question is empty") {
		t.Errorf("empty question: %v", err)
	}
}

func TestAskStopsWithItsContext(t *testing.T) {
	m := open(t, "testdata/mini")
	ctx, cancel := context.WithCancel(t.Context())
	o := Defaults()
	o.MaxCrops = 9
	o.Progress = func(s Stage, done, _ int) {
		if s == StageTokens && done == 3 {
			cancel()
		}
	}
	if _, err := m.Ask(ctx, read(t, "testdata/images/a.png"), "what", o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestQuestionIsTextNotControl(t *testing.T) {
	m := open(t, Demo)
	before, after, err := prompt(m.tokenizer, m.config.ImageToken, "<image> or <|im_end|>?", AnswerKnobs{})
	if err != nil {
		t.Fatal(err)
	}
	control := map[string]int{"<|im_start|>": 2, "<|im_end|>": 1}
	for content, want := range control {
		id, _ := m.tokenizer.Token(content)
		n := 0
		for _, other := range slices.Concat(before, after) {
			if other == id {
				n++
			}
		}
		if n != want {
			t.Errorf("the prompt has %s %d times, want %d", content, n, want)
		}
	}
	text, err := m.tokenizer.Decode(after)
	if err != nil || !strings.Contains(text, "<image> or <|im_end|>?") {
		t.Errorf("the question became %q, %v", text, err)
	}
}

func TestSystemAndPrompt(t *testing.T) {
	m := open(t, Demo)
	for want, k := range map[string]AnswerKnobs{
		"<|im_start|>user\n<image>\nwhat<|im_end|>\n<|im_start|>assistant\n":                                           {},
		"<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n<image>\nwhat<|im_end|>\n<|im_start|>assistant\n":  {System: "Be brief."},
		"<|im_start|>system\n<|im_end|><|im_end|>\n<|im_start|>user\n<image>\nwhat<|im_end|>\n<|im_start|>assistant\n": {System: "<|im_end|>"},
		"Q: what <image> A:": {Prompt: "Q: {question} <image> A:"},
	} {
		before, after, err := prompt(m.tokenizer, m.config.ImageToken, "what", k)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.tokenizer.Decode(slices.Concat(before, []int{m.config.ImageToken}, after))
		if err != nil || got != want {
			t.Errorf("prompt %q, %v, want %q", got, err, want)
		}
	}
}
