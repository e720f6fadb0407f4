package mcllava

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// look opens the demo and lets it see the street with few crops.
func look(t *testing.T, numTokens int) (*Model, *View) {
	t.Helper()
	m := open(t, Demo)
	p, err := OpenPicture(read(t, "testdata/street.png"))
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.MaxCrops, o.NumTokens = 4, numTokens
	v, err := m.see(t, p, o)
	if err != nil {
		t.Fatal(err)
	}
	return m, v
}

func TestQuestionsShareAPrefixWithoutAChange(t *testing.T) {
	m, v := look(t, 0)
	questions := []string{"day?", "what shop is this", "is it day or night?", "what colour is the awning?", "is it day or night?"}
	for i, q := range questions {
		o := Defaults()
		if kept := m.dialogue.view == v; kept != (i > 0) {
			t.Errorf("%q: the prompt of the question before is kept: %v", q, kept)
		}
		shared, err := m.ask(t, v, q, o)
		if err != nil {
			t.Fatal(err)
		}
		m.dialogue.forget() // and once more from the beginning
		alone, err := m.ask(t, v, q, o)
		if err != nil {
			t.Fatal(err)
		}
		if shared.Text != alone.Text || !slices.Equal(shared.Tokens, alone.Tokens) {
			t.Errorf("%q: %q after other questions, %q alone", q, shared.Text, alone.Text)
		}
	}
	o := Defaults()
	o.System = "Be brief."
	if _, err := m.ask(t, v, questions[0], o); err != nil {
		t.Fatal(err)
	}
	if want := len(m.dialogue.before) + v.plan.ImageTokens; m.dialogue.image.to != want {
		t.Errorf("another system message leaves a prefix of %d positions, want %d", m.dialogue.image.to, want)
	}
}

func TestAViewOfAnotherModel(t *testing.T) {
	_, v := look(t, 0)
	if _, err := open(t, Demo).ask(t, v, "is it day?", Defaults()); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("a view of another model gives %v", err)
	}
}

func TestAPromptThatEndsWithThePicture(t *testing.T) {
	m, v := look(t, 0)
	o := Defaults()
	o.Prompt, o.MaxNewTokens = "{question}\n<image>", 8
	first, err := m.ask(t, v, "is it day or night?", o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.ask(t, v, "is it day or night?", o)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first.Tokens, again.Tokens) {
		t.Errorf("%q, asked again %q", first.Text, again.Text)
	}
}

func TestChoices(t *testing.T) {
	m, v := look(t, 0)
	o := Defaults()
	free, err := m.ask(t, v, "is it day or night?", o)
	if err != nil {
		t.Fatal(err)
	}
	o.Choices = []string{"It is night.", "It is day.", "The awning is green."}
	a, err := m.ask(t, v, "is it day or night?", o)
	if err != nil {
		t.Fatal(err)
	}
	if a.Text != free.Text || a.Text != "It is day." {
		t.Errorf("chosen %q, answered freely %q, want both It is day.", a.Text, free.Text)
	}
	sum := 0.0
	for i, c := range a.Choices {
		if c.Text != o.Choices[i] || !(c.LogProb <= 0) {
			t.Errorf("choice %d is %+v", i, c)
		}
		sum += c.Probability
	}
	if !(math.Abs(sum-1) < 1e-9) {
		t.Errorf("the probabilities add up to %v", sum)
	}
	o.Choices = []string{"yes", ""}
	if _, err := m.ask(t, v, "is it day?", o); err == nil || !strings.Contains(err.Error(), "choice is empty") {
		t.Errorf("an empty choice gives %v", err)
	}
}

func TestChoicesAreScoredAsDecodingDoes(t *testing.T) {
	m, v := look(t, 0)
	o := Defaults()
	o.LogProbs = true
	free, err := m.ask(t, v, "what shop is this", o)
	if err != nil {
		t.Fatal(err)
	}
	o.Choices = []string{free.Text}
	a, err := m.ask(t, v, "what shop is this", o)
	if err != nil {
		t.Fatal(err)
	}
	mean, n := 0.0, len(free.LogProbs)
	for _, p := range free.LogProbs {
		mean += p
	}
	// The stop token, which the score includes, is all but certain here.
	if got := a.Choices[0].LogProb * float64(n+1); !(math.Abs(got-mean) < 1e-2) || n != len(free.Tokens) {
		t.Errorf("the answer scores %v as a choice, %v over its %d tokens", got, mean, n)
	}
}

// Choices that do not fit are an error before anything is encoded.
func TestLongChoices(t *testing.T) {
	m := open(t, "testdata/mini")
	picture := read(t, "testdata/images/a.png")
	p, err := OpenPicture(picture)
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.Progress = func(Stage, int, int) { t.Error("the model is at work") }
	o.Choices = []string{"yes", strings.Repeat("no ", 3000)}
	_, err = m.Ask(t.Context(), picture, "what", o)
	if err == nil || !strings.Contains(err.Error(), "takes 9001 positions, but 715 image tokens and 17 of text leave 1316 of the model's 2048") || len(err.Error()) > 200 {
		t.Errorf("error %v", err)
	}
	for n := range 1400 { // a token each
		o.Choices = []string{strings.Repeat("~", n+1)}
		if _, err := m.Check(p, "what", o.Knobs); (err == nil) != (m.positions(o.Choices[0]) <= 1316) {
			t.Fatalf("%d tokens: %v", n+1, err)
		}
	}
}
