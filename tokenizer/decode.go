package tokenizer

import (
	"fmt"
	"unicode/utf8"
)

// Decode returns the text of ids, added tokens as they are written. Bytes that
// are not UTF-8 become U+FFFD, one for each cut-off character. An id that names
// no token is an error.
func (t *Tokenizer) Decode(ids []int) (string, error) {
	b, err := t.Bytes(ids)
	if err != nil {
		return "", err
	}
	text, rest := appendValid(nil, b)
	if len(rest) > 0 {
		text = utf8.AppendRune(text, utf8.RuneError)
	}
	return string(text), nil
}

// Bytes returns the bytes that ids stand for: of the ids of a text, that very
// text, valid UTF-8 or not. An id that names no token is an error.
func (t *Tokenizer) Bytes(ids []int) ([]byte, error) {
	var b []byte
	for i, id := range ids {
		if !t.valid(id) {
			return nil, fmt.Errorf("token %d: id %d names no token, expected 0 to %d", i, id, t.Vocab()-1)
		}
		b = append(b, t.bytes[id]...)
	}
	return b, nil
}

func (t *Tokenizer) valid(id int) bool {
	return id >= 0 && id < len(t.bytes) && t.bytes[id] != nil
}

// Decoder decodes an answer while it grows.
type Decoder struct {
	t    *Tokenizer
	rest []byte // the beginning of a character
}

// NewDecoder starts a decoder for one answer.
func (t *Tokenizer) NewDecoder() *Decoder {
	return &Decoder{t: t}
}

// Next returns the text that id completes, never part of a character. All of
// it and Flush's put together are what Decode returns. An id that names no
// token adds nothing: models have more rows than their tokenizers have tokens.
func (d *Decoder) Next(id int) string {
	if !d.t.valid(id) {
		return ""
	}
	text, rest := appendValid(nil, append(d.rest, d.t.bytes[id]...))
	d.rest = append(d.rest[:0], rest...)
	return string(text)
}

// Flush ends the answer: U+FFFD if it stops within a character, otherwise
// nothing.
func (d *Decoder) Flush() string {
	if len(d.rest) == 0 {
		return ""
	}
	d.rest = d.rest[:0]
	return string(utf8.RuneError)
}

// appendValid appends the characters of b to text, and U+FFFD for each longest
// run of bytes that begins a character but does not go on as one. rest is the
// beginning of a character at the end of b.
func appendValid(text, b []byte) (valid, rest []byte) {
	for utf8.FullRune(b) {
		r, n := utf8.DecodeRune(b)
		text = utf8.AppendRune(text, r)
		if r == utf8.RuneError && n == 1 {
			for n < len(b) && !utf8.FullRune(b[:n]) && !utf8.FullRune(b[:n+1]) {
				n++
			}
		}
		b = b[n:]
	}
	return text, b
}
