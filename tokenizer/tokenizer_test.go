package tokenizer

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

type example struct {
	Text string `json:"text"`
	IDs  []int  `json:"ids"`
}

func examples(t testing.TB) []example {
	t.Helper()
	var list []example
	if err := json.Unmarshal(data()["expected.json"].Data, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) < 200 {
		t.Fatalf("%d examples", len(list))
	}
	return list
}

func TestExamples(t *testing.T) {
	for name, files := range layouts() {
		t.Run(name, func(t *testing.T) {
			tok, err := Load(files)
			if err != nil {
				t.Fatal(err)
			}
			if id, ok := tok.EOS(); id != 50295 || !ok {
				t.Errorf("EOS %d, %v", id, ok)
			}
			if id, ok := tok.Token("<image>"); id != 50297 || !ok {
				t.Errorf("<image> is %d, %v", id, ok)
			}
			if tok.Vocab() != 50298 {
				t.Errorf("Vocab %d", tok.Vocab())
			}
			for _, e := range examples(t) {
				for range 2 { // once from the cache
					if got := tok.Encode(e.Text); !slices.Equal(got, e.IDs) {
						t.Errorf("%q: %v, expected %v", e.Text, got, e.IDs)
					}
				}
				if got, err := tok.Decode(e.IDs); got != e.Text || err != nil {
					t.Errorf("%q decodes to %q, %v", e.Text, got, err)
				}
			}
		})
	}
}

func TestSmall(t *testing.T) {
	tok, err := Load(small(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]int{
		"":                nil,
		"abc":             {257},
		"aab":             {'a', 256},
		"abcab":           {257, 256},
		"a<end>b":         {'a', 258, 'b'},
		"<end>>":          {259},
		"<end>>>":         {259, '>'},
		"<end":            {'<', 'e', 'n', 'd'},
		"    a":           {260, ' ', 'a'},
		"<end>   <end>ab": {258, 260, 258, 256},
	} {
		if got := tok.Encode(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, expected %v", text, got, want)
		}
	}
	if got := tok.EncodeText("<end>   "); !slices.Equal(got, []int{'<', 'e', 'n', 'd', '>', 260}) {
		t.Errorf("EncodeText: %v", got)
	}
	if _, ok := tok.Token("nothing"); ok {
		t.Error("Token found what is not there")
	}
}

func TestSplit(t *testing.T) {
	tok := load(t)
	got := tok.Split("a<image>\n<|im_end|>")
	want := []Segment{{Text: "a"}, {"<image>", 50297, true}, {Text: "\n"}, {"<|im_end|>", 50295, true}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	if got := tok.Split(""); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	text := "<|im_start|>user"
	if ids := tok.EncodeText(text); slices.Contains(ids, 50296) {
		t.Errorf("EncodeText gave a control token: %v", ids)
	} else if back, err := tok.Decode(ids); back != text || err != nil {
		t.Errorf("%q, %v", back, err)
	}
}

func TestStripping(t *testing.T) {
	tok, err := Load(small(t, func(file, _ map[string]any) {
		file["added_tokens"] = []any{
			map[string]any{"id": 258, "content": "<l>", "lstrip": true},
			map[string]any{"id": 259, "content": "<r>", "rstrip": true},
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := tok.Encode("a \n<l> b"), []int{'a', 258, ' ', 'b'}; !slices.Equal(got, want) {
		t.Errorf("lstrip: %v, expected %v", got, want)
	}
	if got, want := tok.Encode("a <r> \u3000<l>"), []int{'a', ' ', 259, 258}; !slices.Equal(got, want) {
		t.Errorf("rstrip: %v, expected %v", got, want)
	}
}

func TestEveryByteSurvives(t *testing.T) {
	tok := load(t)
	random := rand.New(rand.NewPCG(1, 1))
	for range 5000 {
		b := make([]byte, random.IntN(40))
		for i := range b {
			if b[i] = byte(random.Uint32()); random.IntN(3) == 0 {
				b[i] = " \t'sa"[random.IntN(5)]
			}
		}
		checkSurvives(t, tok, string(b))
	}
}

func checkSurvives(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	for name, ids := range map[string][]int{"Encode": tok.Encode(text), "EncodeText": tok.EncodeText(text)} {
		if back, err := tok.Bytes(ids); string(back) != text || err != nil {
			t.Errorf("%s(%q) comes back as %q, %v", name, text, back, err)
		}
	}
	var joined strings.Builder
	var ids []int
	for _, s := range tok.Split(text) {
		joined.WriteString(s.Text)
		if s.Control {
			ids = append(ids, s.ID)
		} else {
			ids = append(ids, tok.Encode(s.Text)...)
		}
	}
	if joined.String() != text || !slices.Equal(ids, tok.Encode(text)) {
		t.Errorf("Split(%q) gives %q and %v", text, joined.String(), ids)
	}
}

func FuzzEncode(f *testing.F) {
	tok := load(f)
	f.Add("<|im_start|>user\n<image>\nWhat's   this?\t\t\xff<|im_end|>")
	f.Fuzz(func(t *testing.T, text string) { checkSurvives(t, tok, text) })
}

func TestConcurrentUse(t *testing.T) {
	tok := load(t)
	list := examples(t)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range list {
				e := list[(i+worker*50)%len(list)]
				if got := tok.Encode(e.Text); !slices.Equal(got, e.IDs) {
					t.Errorf("%q: %v, expected %v", e.Text, got, e.IDs)
				}
			}
		})
	}
	group.Wait()
}

// prose is about a megabyte of words, digits and marks.
func prose(t testing.TB) string {
	var b strings.Builder
	for i := 0; b.Len() < 1<<20; i++ {
		for _, e := range examples(t) {
			b.WriteString(e.Text)
		}
	}
	return b.String()
}

func BenchmarkEncode(b *testing.B) {
	tok := load(b)
	random := rand.New(rand.NewPCG(1, 1))
	letters := make([]byte, 1<<20)
	for i := range letters {
		letters[i] = byte('a' + random.IntN(26))
	}
	var words []byte
	for i, c := range letters {
		words = append(words, c)
		if i%6 == 5 {
			words = append(words, ' ')
		}
	}
	for _, test := range []struct{ name, text string }{
		{"prose", prose(b)},
		{"new words", string(words)},
		{"one word", string(letters)},
		{"one letter", strings.Repeat("a", 1<<20)},
		{"spaces", strings.Repeat(" ", 1<<20)},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(test.text)))
			for b.Loop() {
				tok.EncodeText(test.text)
			}
		})
	}
}
