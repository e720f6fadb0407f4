package mcllava

import (
	"image"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
)

func withAttention() Options {
	o := Defaults()
	o.Attention = &AttentionOptions{}
	return o
}

// lookAt sees a picture with maps.
func (m *Model) lookAt(t *testing.T, p *Picture, maxCrops, numTokens int) *View {
	t.Helper()
	return m.lookBy(t, p, ViewKnobs{MaxCrops: maxCrops, NumTokens: numTokens})
}

// lookBy looks at a picture by some knobs, with maps.
func (m *Model) lookBy(t *testing.T, p *Picture, k ViewKnobs) *View {
	t.Helper()
	plan, err := m.Plan(p, k)
	if err != nil {
		t.Fatal(err)
	}
	plan.Maps = true
	v, err := m.See(t.Context(), p, plan, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func street(t *testing.T) *Picture {
	t.Helper()
	p, err := OpenPicture(read(t, "testdata/street.png"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// streetSign is where the board of testdata/street.png hangs.
var streetSign = image.Rect(1310, 726, 1660, 808)

// TestOneMapWhateverIsAsked holds the attention's place against --num-tokens, the cache, and boxes added later.
func TestOneMapWhateverIsAsked(t *testing.T) {
	m := open(t, Demo)
	p := street(t)
	few, many := m.lookAt(t, p, 9, 10), m.lookAt(t, p, 9, 300)
	exact := func() bool { tier, _ := tensor.ActiveTier(); return tier != tensor.Generic }()
	for i := range few.maps {
		if exact && !slices.Equal(few.maps[i], many.maps[i]) {
			t.Errorf("crop %d has another map with more tokens", i)
		}
	}
	first := m.lookAt(t, p, 4, 0)
	if err := first.Add(t.Context(), few.plan.Boxes[1:], Hooks{}); err != nil {
		t.Fatal(err)
	}
	if len(first.maps) != len(first.plan.Boxes) {
		t.Fatalf("%d maps of %d crops", len(first.maps), len(first.plan.Boxes))
	}
	for i, b := range few.plan.Boxes {
		if j := slices.Index(first.plan.Boxes, b); exact && !slices.Equal(first.maps[j], few.maps[i]) {
			t.Errorf("box %v, added later, has another map", b)
		}
	}
}

// TestMapsAreCached counts the crops that are encoded for want of their map.
func TestMapsAreCached(t *testing.T) {
	folder := t.TempDir()
	s := newSight(t, CacheOptions{Folder: folder, Limit: 1 << 30})
	plain := s.look(t, 9, 0)
	n := len(plain.plan.Boxes)
	expectEncoded(t, "without maps", plain, n)
	wanted := plain.plan
	wanted.Maps = true
	if has := s.Cached(s.picture, plain.plan); has != n {
		t.Errorf("%d of %d crops cached", has, n)
	}
	if has := s.Cached(s.picture, wanted); has != 0 {
		t.Errorf("%d crops cached with maps, want none", has)
	}
	mapped := s.lookAt(t, s.picture, 9, 0)
	expectEncoded(t, "for the maps", mapped, n)
	if !slices.Equal(values(plain), values(mapped)) {
		t.Error("crops that are encoded for their maps have other features")
	}
	again := s.lookAt(t, s.picture, 9, 0)
	expectEncoded(t, "maps again", again, 0)
	if !reflect.DeepEqual(mapped.maps, again.maps) {
		t.Error("maps from the cache are others than those computed")
	}
	if has := s.Cached(s.picture, wanted); has != n {
		t.Errorf("%d of %d crops cached with maps", has, n)
	}
	later := newSight(t, CacheOptions{Folder: folder, Limit: 1 << 30})
	v := later.lookAt(t, later.picture, 9, 50)
	expectEncoded(t, "a later run, fewer tokens", v, 0)
	a, err := later.ask(t, v, whatShop, withAttention())
	if err != nil {
		t.Fatal(err)
	}
	fresh := newSight(t, CacheOptions{Folder: t.TempDir(), Limit: 1 << 30})
	b, err := fresh.ask(t, fresh.lookAt(t, fresh.picture, 9, 50), whatShop, withAttention())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.Attention.Crops, b.Attention.Crops) || a.Attention.Peak != b.Attention.Peak {
		t.Errorf("from the cache %v %v, computed %v %v", a.Attention.Peak, a.Attention.Crops, b.Attention.Peak, b.Attention.Crops)
	}
}

// TestKeptRowsKeepTheirMap stores maps beside few rows, and then more rows without a map.
func TestKeptRowsKeepTheirMap(t *testing.T) {
	s := newSight(t, CacheOptions{Folder: t.TempDir(), Limit: 1 << 30, KeptRows: true})
	few := s.lookAt(t, s.picture, 4, 50)
	expectEncoded(t, "more rows", s.look(t, 4, 200), 4)
	many := s.lookAt(t, s.picture, 4, 200)
	expectEncoded(t, "more rows and the map of before", many, 0)
	if !reflect.DeepEqual(few.maps, many.maps) {
		t.Error("the map is another with more rows")
	}
}

// TestAskingForAttentionChangesNoAnswer compares answers, and what a question leaves for the next one.
func TestAskingForAttentionChangesNoAnswer(t *testing.T) {
	m := open(t, Demo)
	v := m.lookAt(t, street(t), 25, 0)
	for _, q := range []string{whatShop, "what colour is the car?", whatShop} {
		for _, choices := range [][]string{nil, {"It is a bank.", "It is a yoga studio.", "It is red."}} {
			o := Defaults()
			o.Choices = choices
			plain, err := m.ask(t, v, q, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Attention = &AttentionOptions{}
			looked, err := m.ask(t, v, q, o)
			if err != nil {
				t.Fatal(err)
			}
			if looked.Text != plain.Text || looked.PMin != plain.PMin || !reflect.DeepEqual(looked.Choices, plain.Choices) || plain.Attention != nil {
				t.Errorf("%q: %+v, with attention %+v", q, plain, looked)
			}
			if n := len(looked.Attention.answer.rows); n != len(looked.Tokens)+1 {
				t.Errorf("%q: %d rows for %d tokens and the stop token", q, n, len(looked.Tokens))
			}
		}
	}
}

// TestOneWordOfTheAnswer asks where words looked.
func TestOneWordOfTheAnswer(t *testing.T) {
	m := open(t, Demo)
	v := m.lookAt(t, street(t), 100, 0)
	a, err := m.ask(t, v, whatShop, withAttention())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(a.Text, "yoga studio") {
		t.Fatalf("%q", a.Text)
	}
	whole := a.Attention
	word, err := whole.Of("YOGA studio")
	if err != nil {
		t.Fatal(err)
	}
	if !word.Peak.In(streetSign) || !whole.Peak.In(streetSign) {
		t.Errorf("peaks %v and of the word %v, the sign is at %v", whole.Peak, word.Peak, streetSign)
	}
	s := whole.answer
	yoga := s.look(rowsOf(t, m, s, "yoga"))
	if got, err := whole.Of(" yoga "); err != nil || !reflect.DeepEqual(got.Crops, yoga.Crops) {
		t.Errorf("yoga: %v, %v", got, err)
	}
	for _, none := range []string{"yog", "oga", "bank", "", "  ", "\xff"} {
		if _, err := whole.Of(none); err == nil || !contains(err, "has no word") {
			t.Errorf("%q: %v", none, err)
		}
	}
	o, note := withAttention(), ""
	o.Note = func(text string) { note = text }
	o.Attention.Word = "studio"
	if b, err := m.ask(t, v, whatShop, o); err != nil || b.Attention == nil || note != "" {
		t.Errorf("studio: %+v, %v, %q", b, err, note)
	}
	o.Attention.Word = "bank"
	if b, err := m.ask(t, v, whatShop, o); err != nil || b.Attention != nil || !strings.Contains(note, `no word "bank"`) {
		t.Errorf("bank: %v, %q", err, note)
	}
}

// rowsOf are the rows of the tokens that have any of a word, found by the text of each prefix of the tokens.
func rowsOf(t *testing.T, m *Model, s *spoken, word string) (rows [][]float32) {
	t.Helper()
	ids := m.tokenizer.EncodeText(s.text)
	from := strings.Index(s.text, word)
	for i := range ids {
		before, err := m.tokenizer.Decode(ids[:i])
		if err != nil {
			t.Fatal(err)
		}
		after, err := m.tokenizer.Decode(ids[:i+1])
		if err != nil {
			t.Fatal(err)
		}
		if len(before) < from+len(word) && from < len(after) {
			rows = append(rows, s.rows[i])
		}
	}
	if len(rows) == 0 || len(rows) == len(ids) {
		t.Fatalf("%d rows of %d tokens", len(rows), len(ids))
	}
	return rows
}

func TestEndsOfTokensWithinCharacters(t *testing.T) {
	m := open(t, Demo)
	for _, text := range []string{"", "It is day.", "naïve — 日本 ☃", "é"} {
		ids := m.tokenizer.EncodeText(text)
		ends := m.ends(ids)
		if len(ends) != len(ids) || !slices.IsSorted(ends) || len(ends) > 0 && ends[len(ends)-1] != len(text) {
			t.Errorf("%q: %v", text, ends)
		}
		for _, end := range ends {
			if end < len(text) && text[end]&0xc0 == 0x80 {
				t.Errorf("%q: a token ends within a character, at %d", text, end)
			}
		}
	}
	if got := wordsIn("a bank, Bank; banks (bank)", "bank"); !slices.Equal(got, [][2]int{{2, 6}, {8, 12}, {21, 25}}) {
		t.Errorf("banks at %v", got)
	}
}
