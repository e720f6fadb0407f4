package tokenizer

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStreamIsDecode(t *testing.T) {
	tok := load(t)
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		ids := make([]int, random.IntN(30))
		for i := range ids {
			ids[i] = random.IntN(tok.Vocab())
			if random.IntN(2) == 0 {
				ids[i] = int(tok.bpe.byteID[random.IntN(256)])
			}
		}
		whole, err := tok.Decode(ids)
		if err != nil {
			t.Fatal(err)
		}
		d := tok.NewDecoder()
		var b strings.Builder
		for _, id := range ids {
			piece := d.Next(id)
			if !utf8.ValidString(piece) {
				t.Fatalf("%v: Next gave %q", ids, piece)
			}
			b.WriteString(piece)
		}
		b.WriteString(d.Flush())
		if b.String() != whole {
			t.Fatalf("%v: %q, expected %q", ids, b.String(), whole)
		}
		if again := d.Flush(); again != "" {
			t.Fatalf("second Flush gave %q", again)
		}
	}
}

func TestCharactersArriveWhole(t *testing.T) {
	tok := load(t)
	d := tok.NewDecoder()
	var pieces []string
	for _, b := range []byte("a🙂é") {
		pieces = append(pieces, d.Next(int(tok.bpe.byteID[b])))
	}
	if got := strings.Join(pieces, "|"); got != "a||||🙂||é" {
		t.Errorf("%q", got)
	}
}

// The replacement is that of the WHATWG encoding standard: one for each
// longest beginning of a character.
func TestInvalidBytes(t *testing.T) {
	tok := load(t)
	for bytes, want := range map[string]string{
		"\xff\xfe":             "\ufffd\ufffd",
		"\xe2\x82":             "\ufffd",
		"\xe2\x82a":            "\ufffda",
		"\xe2\x82\xe2\x82\xac": "\ufffd€",
		"\xf0\x9f\x99":         "\ufffd",
		"\xf0\x80\x80":         "\ufffd\ufffd\ufffd",
		"\xed\xa0\x80":         "\ufffd\ufffd\ufffd",
		"\x80a":                "\ufffda",
		"\xef\xbf\xbd":         "\ufffd",
	} {
		got, err := tok.Decode(tok.EncodeText(bytes))
		if got != want || err != nil {
			t.Errorf("%x: %q, %v, expected %q", bytes, got, err, want)
		}
	}
}

func TestUnknownIDs(t *testing.T) {
	tok := load(t)
	for _, id := range []int{-1, tok.Vocab(), 51199} {
		_, err := tok.Decode([]int{0, id})
		checkError(t, err, "names no token, expected 0 to 50297")
		if got := tok.NewDecoder().Next(id); got != "" {
			t.Errorf("Next(%d) is %q", id, got)
		}
	}
}
