package tokenizer

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"

	"github.com/mcllava/mcllava/internal/modelfile"
)

// maxVocab bounds the ids, which index a table.
const maxVocab = 1 << 20

// newTokenizer builds the tables of a vocabulary, whose tokens are spelled in
// GPT-2's characters for bytes, and checks that they fit together.
func newTokenizer(p parts) (*Tokenizer, error) {
	t := &Tokenizer{ids: make(map[string]int, len(p.vocab)+len(p.added)), eos: -1}
	for token, id := range p.vocab {
		if err := t.define(id, token, tokenBytes(token)); err != nil {
			return nil, fmt.Errorf("vocab: %w", err)
		}
	}
	var control, spaces []addedToken
	seen := map[string]bool{}
	for _, a := range p.added {
		switch id, ok := p.vocab[a.Content]; {
		case a.Content == "":
			return nil, fmt.Errorf("added token %d: content is empty", a.ID)
		case a.SingleWord:
			return nil, fmt.Errorf("added token %s: single_word is not supported", modelfile.Quote(a.Content))
		case seen[a.Content]:
			return nil, fmt.Errorf("added token %s: appears twice", modelfile.Quote(a.Content))
		case !ok || id != a.ID:
			if err := t.define(a.ID, a.Content, []byte(a.Content)); err != nil {
				return nil, fmt.Errorf("added %w", err)
			}
		}
		seen[a.Content] = true
		if a.control() {
			control = append(control, a)
		} else {
			spaces = append(spaces, a)
		}
	}
	t.control, t.spaces = newMatcher(control), newMatcher(spaces)
	return t, t.bpe.build(p.vocab, p.merges)
}

func (t *Tokenizer) define(id int, token string, text []byte) error {
	if id < 0 || id >= maxVocab {
		return fmt.Errorf("token %s: id %d, expected 0 to %d", modelfile.Quote(token), id, maxVocab-1)
	}
	if token == "" {
		return fmt.Errorf("token %d: the text is empty", id)
	}
	for len(t.bytes) <= id {
		t.bytes = append(t.bytes, nil)
	}
	if t.bytes[id] != nil {
		return fmt.Errorf("token %s: id %d is taken by %s", modelfile.Quote(token), id, modelfile.Quote(string(t.bytes[id])))
	}
	t.bytes[id] = text
	t.ids[string(text)] = id
	return nil
}

func (b *bpe) build(vocab map[string]int, merges []mergeText) error {
	b.seed = maphash.MakeSeed()
	for i, r := range byteChars {
		id, ok := vocab[string(r)]
		if !ok {
			return fmt.Errorf("vocab: no token for byte %#02x, written %q", i, r)
		}
		b.byteID[i] = int32(id)
	}
	if len(merges) > math.MaxInt32 {
		return errors.New("merges: too many")
	}
	b.merges = make(map[pair]merge, len(merges))
	for rank, m := range merges {
		var ids [3]int32
		for i, token := range [...]string{m.left, m.right, m.left + m.right} {
			id, ok := vocab[token]
			if !ok {
				return fmt.Errorf("merge %d, %s with %s: %s is not in the vocabulary", rank, modelfile.Quote(m.left), modelfile.Quote(m.right), modelfile.Quote(token))
			}
			ids[i] = int32(id)
		}
		p := pair{ids[0], ids[1]}
		if _, ok := b.merges[p]; ok {
			return fmt.Errorf("merge %d, %s with %s: appears twice", rank, modelfile.Quote(m.left), modelfile.Quote(m.right))
		}
		b.merges[p] = merge{int32(rank), ids[2]}
	}
	return nil
}

// byteChars is GPT-2's character for each byte: itself where that prints in
// Latin-1, the others in order from U+0100.
var byteChars = func() (chars [256]rune) {
	next := rune(0x100)
	for i := range chars {
		r := rune(i)
		if r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®' && r <= 'ÿ' {
			chars[i] = r
		} else {
			chars[i] = next
			next++
		}
	}
	return chars
}()

// charBytes is the inverse of byteChars, -1 where a character is none of them.
var charBytes = func() (bytes [0x144]int16) {
	for i := range bytes {
		bytes[i] = -1
	}
	for i, r := range byteChars {
		bytes[r] = int16(i)
	}
	return bytes
}()

// tokenBytes is what a token of the vocabulary stands for. One with other
// characters than those for bytes stands for itself.
func tokenBytes(token string) []byte {
	b := make([]byte, 0, len(token))
	for _, r := range token {
		if int(r) >= len(charBytes) || charBytes[r] < 0 {
			return []byte(token)
		}
		b = append(b, byte(charBytes[r]))
	}
	return b
}
