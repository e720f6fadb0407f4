package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// class is what GPT-2's pattern tells apart.
type class uint8

const (
	other class = iota
	letter
	number
	space
)

var asciiClass = func() (table [utf8.RuneSelf]class) {
	for i := range table {
		table[i] = runeClass(rune(i))
	}
	return table
}()

func runeClass(r rune) class {
	switch {
	case unicode.IsLetter(r):
		return letter
	case unicode.Is(unicode.N, r):
		return number
	case unicode.IsSpace(r):
		return space
	}
	return other
}

// classAt returns the class and length of the character that s, which is not
// empty, starts with. An invalid byte is a character of class other.
func classAt(s string) (class, int) {
	if c := s[0]; c < utf8.RuneSelf {
		return asciiClass[c], 1
	}
	r, n := utf8.DecodeRuneInString(s)
	return runeClass(r), n
}

// wordLength is the length in bytes of the first word of s, which is not empty:
// the first match of GPT-2's pattern
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func wordLength(s string) int {
	if s[0] == '\'' {
		for _, ending := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
			if strings.HasPrefix(s, ending) {
				return len(ending)
			}
		}
	}
	start := 0
	if s[0] == ' ' && len(s) > 1 {
		start = 1
	}
	if kind, _ := classAt(s[start:]); kind != space {
		return start + runLength(s[start:], kind)
	}
	// White space leaves its last character to the word it stands before.
	end := runLength(s, space)
	if end < len(s) {
		if _, last := utf8.DecodeLastRuneInString(s[:end]); last < end {
			return end - last
		}
	}
	return end
}

// runLength is the length in bytes of the characters of one class that s
// starts with.
func runLength(s string, kind class) int {
	i := 0
	for i < len(s) {
		k, n := classAt(s[i:])
		if k != kind {
			break
		}
		i += n
	}
	return i
}
