package mcllava

import (
	"context"
	"errors"
	"image"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/cache"
	"github.com/mcllava/mcllava/internal/tensor"
)

// sight is a model with a cache and a picture, whose crops are counted.
type sight struct {
	*Model
	picture *Picture
}

func newSight(t *testing.T, o CacheOptions) sight {
	t.Helper()
	m := open(t, Demo)
	if err := m.UseCache(o); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPicture(read(t, "testdata/street.png"))
	if err != nil {
		t.Fatal(err)
	}
	return sight{m, p}
}

func (s sight) look(t *testing.T, maxCrops, numTokens int) *View {
	t.Helper()
	v, err := s.see(t, s.picture, Options{Knobs: Knobs{ViewKnobs: ViewKnobs{MaxCrops: maxCrops, NumTokens: numTokens}}})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func expectEncoded(t *testing.T, what string, v *View, want int) {
	t.Helper()
	if v.Encoded() != want {
		t.Errorf("%s: %d crops encoded, expected %d of %d", what, v.Encoded(), want, len(v.plan.Boxes))
	}
}

func values(v *View) []float32 { return tensor.Values(v.features.Rows) }

// TestCropsAreEncodedOnce asks with other knobs about a picture that the cache has crops of.
func TestCropsAreEncodedOnce(t *testing.T) {
	folder := t.TempDir()
	s := newSight(t, CacheOptions{Folder: folder, Limit: 1 << 30})
	first := s.look(t, 4, 150)
	expectEncoded(t, "a new picture", first, 4)
	again := s.look(t, 4, 150)
	expectEncoded(t, "the same", again, 0)
	if !slices.Equal(values(first), values(again)) {
		t.Error("features from the cache are others than those encoded")
	}
	expectEncoded(t, "fewer tokens", s.look(t, 4, 100), 0)
	expectEncoded(t, "more tokens", s.look(t, 4, 252), 0)
	expectEncoded(t, "the overview alone", s.look(t, 0, 0), 0)
	other := s.look(t, 9, 0)
	shared := 0
	for _, b := range other.plan.Boxes {
		if slices.Contains(first.plan.Boxes, b) {
			shared++
		}
	}
	expectEncoded(t, "another grid", other, len(other.plan.Boxes)-shared)
	expectEncoded(t, "a later run", newSight(t, CacheOptions{Folder: folder, Limit: 1 << 30}).look(t, 9, 0), 0)

	s = newSight(t, CacheOptions{})
	plain := s.look(t, 4, 150)
	rounded := slices.Clone(values(plain))
	cache.Round(rounded, plain.features.Rows.Cols)
	if !slices.Equal(rounded, values(first)) {
		t.Error("the cache rounds features in another way than cache.Round")
	}
}

func TestOnlyKeptRows(t *testing.T) {
	s := newSight(t, CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, KeptRows: true})
	expectEncoded(t, "a new picture", s.look(t, 4, 150), 4)
	expectEncoded(t, "fewer tokens", s.look(t, 4, 100), 0)
	expectEncoded(t, "more tokens", s.look(t, 4, 252), 4)
	expectEncoded(t, "now as many", s.look(t, 4, 200), 0)
}

// TestInterruptedSeeGoesOn ends a See after some crops, which the next one does not encode again.
func TestInterruptedSeeGoesOn(t *testing.T) {
	s := newSight(t, CacheOptions{Folder: t.TempDir(), Limit: 1 << 30})
	plan := s.planned(t, s.picture, Defaults())
	ctx, cancel := context.WithCancel(t.Context())
	done := 0
	_, err := s.See(ctx, s.picture, plan, Hooks{Progress: func(_ Stage, n, _ int) {
		if done = n; n >= 20 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) || done < 20 {
		t.Fatalf("%v after %d crops", err, done)
	}
	if n := s.Cached(s.picture, plan); n != done {
		t.Errorf("%d crops are cached after %d were encoded", n, done)
	}
	expectEncoded(t, "going on", s.look(t, DefaultMaxCrops, 0), len(plan.Boxes)-done)
}

// TestAddedBoxes compares a view that was given boxes later with one that had them from the beginning.
func TestAddedBoxes(t *testing.T) {
	for _, folder := range []string{"", t.TempDir()} {
		s := newSight(t, CacheOptions{Folder: folder, Limit: 1 << 30})
		v := s.look(t, 4, 200)
		width, height := s.picture.Width, s.picture.Height
		boxes := []image.Rectangle{image.Rect(0, 0, 300, 300), v.plan.Boxes[2], image.Rect(width-500, height-400, width, height)}
		if err := v.Add(t.Context(), boxes, Hooks{}); err != nil {
			t.Fatal(err)
		}
		expectEncoded(t, "two more boxes", v, 6)
		all := append(slices.Clone(v.plan.Boxes[:4]), boxes[0], boxes[2])
		plan, err := PlanOf(s.config, width, height, all, ViewKnobs{NumTokens: 200})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(plan.Boxes, v.plan.Boxes) || !slices.Equal(plan.TokensPerCrop, v.plan.TokensPerCrop) {
			t.Errorf("the plan is %v %v, expected %v %v", v.plan.Boxes, v.plan.TokensPerCrop, plan.Boxes, plan.TokensPerCrop)
		}
		whole, err := s.See(t.Context(), s.picture, plan, Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(values(whole), values(v)) {
			t.Error("a view that was added to has other features")
		}
		one, err := s.ask(t, v, "what shop is this", Defaults())
		if err != nil {
			t.Fatal(err)
		}
		two, err := s.ask(t, whole, "what shop is this", Defaults())
		if err != nil || one.Text != two.Text {
			t.Errorf("%q and %q, %v", one.Text, two.Text, err)
		}
		if err := v.Add(t.Context(), []image.Rectangle{image.Rect(0, 0, width+1, 10)}, Hooks{}); err == nil {
			t.Error("a box outside the picture is added")
		}
	}
}

// TestPlansOfBoxes refuses boxes that no crop can be.
func TestPlansOfBoxes(t *testing.T) {
	c := open(t, Demo).config
	for want, boxes := range map[string][]image.Rectangle{
		"no box":            nil,
		"box 0 is (5,5)":    {{Min: image.Pt(5, 5), Max: image.Pt(5, 9)}},
		"box 1 is (0,0)-(7": {image.Rect(0, 0, 4, 4), image.Rect(0, 0, 700, 4)},
		"there already":     {image.Rect(0, 0, 4, 4), image.Rect(0, 0, 4, 4)},
	} {
		if _, err := PlanOf(c, 600, 400, boxes, ViewKnobs{}); err == nil || !contains(err, want) {
			t.Errorf("%v: %v, expected %q", boxes, err, want)
		}
	}
	plan, err := PlanOf(c, 600, 400, []image.Rectangle{image.Rect(100, 100, 200, 300)}, ViewKnobs{})
	if x, y := plan.Centre(0); err != nil || x != 0.25 || y != 0.5 || plan.ImageTokens != 63 {
		t.Errorf("centre %v %v, %d tokens, %v", x, y, plan.ImageTokens, err)
	}
}

func TestClamp(t *testing.T) {
	c := open(t, Demo).config
	for _, k := range []struct{ crops, asked, want int }{{0, 97, 63}, {100, 50, 97}, {100, 200, 200}} {
		plan, err := PlanFor(c, 2400, 1600, ViewKnobs{MaxCrops: k.crops, NumTokens: k.asked, Clamp: true})
		if err != nil || plan.NumTokens != k.want {
			t.Errorf("%+v: %d, %v", k, plan.NumTokens, err)
		}
	}
}

// TestStoredPrompt asks in a later run, which computes nothing of the picture's part of the prompt.
func TestStoredPrompt(t *testing.T) {
	o := CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, Prompts: true}
	first := newSight(t, o)
	v := first.look(t, 9, 0)
	want, err := first.ask(t, v, "what shop is this", Defaults())
	if err != nil {
		t.Fatal(err)
	}
	later := newSight(t, o)
	v = later.look(t, 9, 0)
	options := Defaults()
	got, err := later.ask(t, v, "what shop is this", options)
	if err != nil || got.Text != want.Text || got.PMin != want.PMin {
		t.Errorf("%q %v, expected %q %v; %v", got.Text, got.PMin, want.Text, want.PMin, err)
	}
	if later.dialogue.stored == ([32]byte{}) || later.dialogue.stored != first.dialogue.stored {
		t.Error("the later run did not take the prompt of the first")
	}
	if later.dialogue.mapped == nil {
		t.Error("the prompt was copied, expected it to stay in its file")
	}
	long := newSight(t, o)
	options.MaxNewTokens = storedRoom
	if got, err := long.ask(t, long.look(t, 9, 0), "what shop is this", options); err != nil || got.Text != want.Text || got.PMin != want.PMin || long.dialogue.mapped != nil {
		t.Errorf("with room for a longer answer: %v %v, expected %q %v, from memory of its own", got, err, want.Text, want.PMin)
	}
	options.System = "Be brief."
	if _, err := later.ask(t, v, "what shop is this", options); err != nil || later.dialogue.stored == first.dialogue.stored {
		t.Errorf("another prompt is taken for the same: %v", err)
	}
}
