// Package tokenizer turns text into token ids and back with GPT-2's byte-level
// byte pair encoding, as Phi-2 and MC-LLaVA use it.
package tokenizer

// Tokenizer holds a vocabulary. It is safe for concurrent use.
type Tokenizer struct {
	bpe     bpe
	control *matcher // marks of the template
	spaces  *matcher // runs of white space that have an id of their own
	ids     map[string]int
	bytes   [][]byte // by id; nil where there is no such token
	eos     int      // -1: none
}

// Segment is a stretch of text: a control token, or what stands between two.
type Segment struct {
	Text    string // as it stands in the text
	ID      int    // of a control token
	Control bool
}

// Encode returns the ids of a text in which control tokens, such as <image>,
// are what they say. For text from outside use EncodeText.
func (t *Tokenizer) Encode(text string) []int {
	var ids []int
	for _, s := range t.Split(text) {
		if s.Control {
			ids = append(ids, s.ID)
		} else {
			ids = t.appendText(ids, s.Text)
		}
	}
	return ids
}

// EncodeText returns the ids of a text that is only text: a control token in
// it is spelled out in ordinary tokens.
func (t *Tokenizer) EncodeText(text string) []int {
	return t.appendText(nil, text)
}

// Split cuts text at its control tokens. The segments put together are the
// text, and encoding them one by one gives the same ids.
func (t *Tokenizer) Split(text string) []Segment {
	var segments []Segment
	for text != "" {
		token, start, end, ok := t.control.next(text)
		if !ok {
			return append(segments, Segment{Text: text})
		}
		if start > 0 {
			segments = append(segments, Segment{Text: text[:start]})
		}
		segments = append(segments, Segment{Text: text[start:end], ID: token.ID, Control: true})
		text = text[end:]
	}
	return segments
}

// Token finds the id of a token by its text: an added token as it is written,
// an ordinary one by the bytes it stands for.
func (t *Tokenizer) Token(content string) (id int, ok bool) {
	id, ok = t.ids[content]
	return id, ok
}

// EOS is the id of the token that ends an answer, if tokenizer_config.json
// names one.
func (t *Tokenizer) EOS() (id int, ok bool) {
	return t.eos, t.eos >= 0
}

// Vocab is the largest id plus one. A model may have more rows than that.
func (t *Tokenizer) Vocab() int {
	return len(t.bytes)
}

func (t *Tokenizer) appendText(ids []int, text string) []int {
	for text != "" {
		token, start, end, ok := t.spaces.next(text)
		if !ok {
			return t.appendWords(ids, text)
		}
		ids = append(t.appendWords(ids, text[:start]), token.ID)
		text = text[end:]
	}
	return ids
}

func (t *Tokenizer) appendWords(ids []int, text string) []int {
	for text != "" {
		n := wordLength(text)
		ids = t.bpe.append(ids, text[:n])
		text = text[n:]
	}
	return ids
}
