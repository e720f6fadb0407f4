package tokenizer

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

var pattern = regexp2.MustCompile(`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, regexp2.None)

// checkWords compares the lengths of words, in characters.
func checkWords(t *testing.T, text string) {
	t.Helper()
	var got, want []int
	for s := text; s != ""; {
		n := wordLength(s)
		if n <= 0 || n > len(s) {
			t.Fatalf("%q: word of %d bytes", s, n)
		}
		got = append(got, utf8.RuneCountInString(s[:n]))
		s = s[n:]
	}
	m, err := pattern.FindStringMatch(text)
	for ; m != nil && err == nil; m, err = pattern.FindNextMatch(m) {
		want = append(want, m.Length)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q: words of %v, expected %v characters", text, got, want)
	}
}

func TestWordsOfEveryCharacter(t *testing.T) {
	step := rune(1)
	if testing.Short() {
		step = 31
	}
	for r := rune(0); r < 0x20000; r += step { // planes 0 and 1
		checkWords(t, " a"+string(r)+"1"+string(r)+" ")
	}
}

func TestWordsOfRandomText(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 3))
	alphabet := []string{" ", " ", " ", "\n", "\t", "\u00a0", "\u3000", "'", "'", "s", "t", "r", "e", "v", "l", "m", "d", "S", "é", "中", "1", "½", "٣", ".", "🙂", "\u0301", "\xff", "\xe2\x82"}
	for range 20000 {
		text := ""
		for range random.IntN(14) {
			text += alphabet[random.IntN(len(alphabet))]
		}
		checkWords(t, text)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("It's  1,234 metres\n\n away! \xff")
	f.Fuzz(checkWords)
}
