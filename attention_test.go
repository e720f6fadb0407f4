package mcllava

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

// gazeAt looks at a picture by a plan with maps, and asks where the answer looked.
func gazeAt(t *testing.T, m *Model, p *Picture, k Knobs, question string, o AttentionOptions) (*View, *Answer) {
	t.Helper()
	v := m.lookBy(t, p, k.ViewKnobs)
	return v, gazeOf(t, m, v, k, question, o)
}

func gazeOf(t *testing.T, m *Model, v *View, k Knobs, question string, o AttentionOptions) *Answer {
	t.Helper()
	a, err := m.Answer(t.Context(), v, question, k.AnswerKnobs, Hooks{Attention: &o})
	if err != nil || a.Attention == nil {
		t.Fatalf("%v, attention %v", err, a)
	}
	return a
}

const whatShop = "what shop is this"

// TestAttentionFindsTheSign looks for the peak within the sign of drawn streets whose sign is read.
func TestAttentionFindsTheSign(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	var streets [5]*draw.Picture
	var pictures [len(streets)]*Picture
	for i := range streets {
		streets[i], pictures[i] = drawnScene(t, uint64(2000+i))
	}
	for _, crops := range []int{25, 100} {
		read, found := 0, 0
		for seed, s := range streets {
			k := DefaultKnobs()
			k.MaxCrops = crops
			_, a := gazeAt(t, m, pictures[seed], k, draw.SceneQuestions(s)[0].Question, AttentionOptions{})
			if a.Text != draw.SceneQuestions(s)[0].Answer {
				continue
			}
			read++
			if a.Attention.Peak.In(s.Signs[0].Box) && !a.Attention.Overview && a.Attention.Box.Overlaps(s.Signs[0].Box) {
				found++
			} else {
				t.Logf("%d crops, street %d: peak %v, box %v, sign %v", crops, seed, a.Attention.Peak, a.Attention.Box, s.Signs[0].Box)
			}
		}
		if read < 1 || found < read {
			t.Errorf("%d crops: the peak is in the sign of %d streets of %d whose sign is read", crops, found, read)
		}
	}
}

// TestAttentionIsTheSame compares a first question with one whose features, maps and prompt come from the cache, with a second question
// after another one, and with a choice.
func TestAttentionIsTheSame(t *testing.T) {
	o := CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, Prompts: true}
	first := newSight(t, o)
	k := DefaultKnobs()
	k.MaxCrops = 25
	v, want := gazeAt(t, first.Model, first.picture, k, whatShop, AttentionOptions{})
	gazeOf(t, first.Model, v, k, "is it day or night?", AttentionOptions{})
	same := func(what string, got *Answer) {
		t.Helper()
		a, b := *got.Attention, *want.Attention
		a.answer, b.answer = nil, nil
		if got.Text != want.Text || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: %q looks at %v, expected %q at %v", what, got.Text, a.Peak, want.Text, b.Peak)
		}
	}
	same("a question after another", gazeOf(t, first.Model, v, k, whatShop, AttentionOptions{}))
	later := newSight(t, o)
	v, got := gazeAt(t, later.Model, later.picture, k, whatShop, AttentionOptions{})
	same("in a later run", got)
	if v.Encoded() != 0 && got.Encoded != 0 || later.dialogue.mapped == nil {
		t.Errorf("%d crops encoded, prompt %v; expected all from the cache", got.Encoded, later.dialogue.mapped)
	}
	chosen := k
	chosen.Choices = []string{"It is a bakery.", want.Text, "It is a bank."}
	got = gazeOf(t, later.Model, v, chosen, whatShop, AttentionOptions{})
	if got.Text != want.Text {
		t.Fatalf("chosen is %q", got.Text)
	}
	for i, c := range got.Attention.Crops {
		if d := math.Abs(c.Weight - want.Attention.Crops[i].Weight); d > 1e-4 {
			t.Errorf("crop %d of a choice has the weight %v, expected %v", i, c.Weight, want.Attention.Crops[i].Weight)
		}
	}
}

// TestAttentionOfWords asks where each word of an answer looked: all tokens' rows together are the whole answer's, but for the stop
// token's.
func TestAttentionOfWords(t *testing.T) {
	s := newSight(t, CacheOptions{})
	k := DefaultKnobs()
	v, a := gazeAt(t, s.Model, s.picture, k, whatShop, AttentionOptions{})
	for _, word := range []string{"yoga", "YOGA studio", "studio.", "It"} {
		of, err := a.Attention.Of(word)
		if err != nil || len(of.Crops) != len(a.Attention.Crops) {
			t.Errorf("%q: %v", word, err)
			continue
		}
		if again := gazeOf(t, s.Model, v, k, whatShop, AttentionOptions{Word: word}).Attention; again.Peak != of.Peak || again.ImageShare != of.ImageShare {
			t.Errorf("%q asked for looks at %v, expected %v", word, again.Peak, of.Peak)
		}
	}
	for _, word := range []string{"yog", "tudio", "", " ", "bakery", "\xff", "yoga  studio"} {
		if of, err := a.Attention.Of(word); err == nil {
			t.Errorf("%q is found: %v", word, of)
		}
	}
	if of, err := a.Attention.Of("yoga"); err != nil || of.Peak.X < 1260 || of.Peak.X > 1700 {
		t.Errorf("yoga looks at %v, %v", of, err)
	}
}

// TestAttentionOfAnyPlan asks of pictures seen whole, in one token a crop, in numbers of tokens that crops do not divide, and in
// extreme shapes.
func TestAttentionOfAnyPlan(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	for _, c := range []struct {
		width, height int
		view          ViewKnobs
	}{
		{2400, 1600, ViewKnobs{MaxCrops: 0}},
		{2400, 1600, ViewKnobs{MaxCrops: 200, Clamp: true, NumTokens: 1}},
		{2400, 1600, ViewKnobs{MaxCrops: 25, NumTokens: 101}},
		{8000, 800, ViewKnobs{MaxCrops: 25}},
		{800, 6000, ViewKnobs{MaxCrops: 25}},
		{40, 30, ViewKnobs{MaxCrops: 25}},
		{8, 8, ViewKnobs{}},
		{8, 5000, ViewKnobs{MaxCrops: 100}},
		{2400, 1600, ViewKnobs{MaxCrops: 9, Region: Region{1200, 600, 1800, 1000}}},
	} {
		p, err := OpenPicture(encoded(t, image.NewRGBA(image.Rect(0, 0, c.width, c.height))))
		if err != nil {
			t.Fatal(err)
		}
		k := DefaultKnobs()
		k.ViewKnobs, k.MaxNewTokens = c.view, 3
		v, a := gazeAt(t, m, p, k, whatShop, AttentionOptions{})
		whole, at, sum := image.Rect(0, 0, c.width, c.height), a.Attention, 0.0
		for i, w := range at.Crops {
			sum += w.Weight
			if w.Box != v.plan.Boxes[i] {
				t.Errorf("%+v: crop %d is %v, expected %v", c, i, w.Box, v.plan.Boxes[i])
			}
		}
		if !at.Peak.In(whole) || !at.Box.In(whole) || at.Box.Empty() != at.Overview || math.Abs(sum-1) > 1e-6 || !(at.ImageShare > 0 && at.ImageShare <= 1) || math.IsNaN(at.Entropy) {
			t.Errorf("%+v: %+v", c, at)
		}
		text, err := json.Marshal(at)
		var read Attention
		if err == nil {
			err = json.Unmarshal(text, &read)
		}
		if err != nil || read.Peak != at.Peak || read.Box != at.Box || !reflect.DeepEqual(read.Crops, at.Crops) {
			t.Errorf("%s is read as %+v, %v", text, read, err)
		}
	}
}

// TestAttentionFollowsTheContent shows the crops in another order: the top one is still one that shows the sign.
func TestAttentionFollowsTheContent(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	s := newSight(t, CacheOptions{})
	k := DefaultKnobs()
	k.MaxCrops = 50
	v, a := gazeAt(t, s.Model, s.picture, k, whatShop, AttentionOptions{})
	boxes := append([]image.Rectangle{v.plan.Boxes[0]}, v.plan.Boxes[1:]...)
	for i, j := 1, len(boxes)-1; i < j; i, j = i+1, j-1 {
		boxes[i], boxes[j] = boxes[j], boxes[i]
	}
	plan, err := PlanOf(s.config, s.picture.Width, s.picture.Height, boxes, k.ViewKnobs)
	if err != nil {
		t.Fatal(err)
	}
	plan.Maps = true
	turned, err := s.See(t.Context(), s.picture, plan, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	b := gazeOf(t, s.Model, turned, k, whatShop, AttentionOptions{})
	for _, at := range []*Attention{a.Attention, b.Attention} {
		if top := at.Ranked()[0].Box; !a.Attention.Peak.In(top) || !at.Peak.In(image.Rect(1260, 600, 1700, 900)) {
			t.Errorf("the top crop is %v, the peak %v, expected the sign's", top, at.Peak)
		}
	}
}

// TestAttentionRefusesWhatItCannot is asked of a view without maps, and of layers that there are not.
func TestAttentionRefusesWhatItCannot(t *testing.T) {
	s := newSight(t, CacheOptions{})
	v := s.look(t, 4, 0)
	if _, err := s.Answer(t.Context(), v, whatShop, DefaultKnobs().AnswerKnobs, Hooks{Attention: &AttentionOptions{}}); err == nil || !strings.Contains(err.Error(), "maps") {
		t.Error(err)
	}
	k := DefaultKnobs()
	k.MaxCrops = 4
	v, _ = gazeAt(t, s.Model, s.picture, k, whatShop, AttentionOptions{Layers: [2]int{0, 4}})
	for _, layers := range [][2]int{{0, 5}, {-1, 2}, {2, 2}, {3, 1}} {
		if _, err := s.Answer(t.Context(), v, whatShop, k.AnswerKnobs, Hooks{Attention: &AttentionOptions{Layers: layers}}); err == nil || !strings.Contains(err.Error(), "layers") {
			t.Errorf("%v: %v", layers, err)
		}
	}
}

// scenePicture is a drawn street as a picture.
func scenePicture(t *testing.T, s *draw.Picture) *Picture {
	t.Helper()
	p, err := OpenPicture(encoded(t, s.Image()))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encoded(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	b.Grow(3*img.Bounds().Dx()*img.Bounds().Dy() + 1<<16)
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
