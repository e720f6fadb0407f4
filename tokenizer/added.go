package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// addedToken is a token that is found in the text before it is cut into words.
type addedToken struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"` // takes the white space before it along
	RStrip     bool   `json:"rstrip"` // takes the white space behind it along
}

// control tells a mark of the template from a run of white space, which is
// only a shorter spelling of text.
func (a addedToken) control() bool {
	return strings.TrimSpace(a.Content) != ""
}

// matcher finds added tokens in text, leftmost first and the longest of those.
type matcher struct {
	byFirst [256][]addedToken // longest first
	empty   bool
}

func newMatcher(tokens []addedToken) *matcher {
	m := &matcher{empty: len(tokens) == 0}
	for _, t := range tokens {
		m.byFirst[t.Content[0]] = append(m.byFirst[t.Content[0]], t)
	}
	for _, list := range m.byFirst {
		slices.SortFunc(list, func(a, b addedToken) int { return cmp.Compare(len(b.Content), len(a.Content)) })
	}
	return m
}

// next finds the first added token in text, at text[start:end].
func (m *matcher) next(text string) (t addedToken, start, end int, ok bool) {
	if m.empty {
		return t, 0, 0, false
	}
	for i := range len(text) {
		for _, t := range m.byFirst[text[i]] {
			if !strings.HasPrefix(text[i:], t.Content) {
				continue
			}
			start, end := i, i+len(t.Content)
			if t.LStrip {
				start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace))
			}
			if t.RStrip {
				end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			}
			return t, start, end, true
		}
	}
	return t, 0, 0, false
}
