package cmd

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/terminal"
)

// What keys send.
const (
	ctrlC     = 0x03
	escapeKey = 0x1b
	bell      = 0x07
	cleared   = 0x1f // what keys hands on for Ctrl-C, which no key of a line sends
)

// editing are the control characters by which a line is edited and ended.
const editing = "\x01\x02\x04\x05\x06\x08\x0b\x0c\x0e\x10\x14\x15\x17\r\n\x7f"

// movements are the sequences of the arrow keys and their like, by what is handed on for them.
var movements = map[string]string{
	"\x1b[A": "\x1b[A", "\x1b[B": "\x1b[B", "\x1b[C": "\x1b[C", "\x1b[D": "\x1b[D", "\x1b[H": "\x1b[H", "\x1b[F": "\x1b[F",
	"\x1bOA": "\x1b[A", "\x1bOB": "\x1b[B", "\x1bOC": "\x1b[C", "\x1bOD": "\x1b[D", "\x1bOH": "\x1b[H", "\x1bOF": "\x1b[F",
	"\x1b[3~": "\x1b[3~", "\x1b[1;3C": "\x1b[1;3C", "\x1b[1;3D": "\x1b[1;3D",
}

// mostSequence is the longest escape sequence, or reply of a terminal, that is waited for the end of.
const mostSequence = 4096

// keys is what a terminal sends without all that would steer it if it were shown: control characters that edit no line, sequences that are no
// movement, such as a reply of the terminal that comes late, and what changes the direction of text. A tab becomes a space. Bytes that are no
// UTF-8 are kept apart.
type keys struct {
	in      io.Reader
	pending []byte // a beginning whose end has not come
	ready   []byte // to be handed on
	bad     []byte // the first byte that was no UTF-8
	ended   bool
	err     error
}

// Read is that of a terminal, up to a Ctrl-C, behind which it goes on once clear has said whether the lines end.
func (k *keys) Read(p []byte) (int, error) {
	if k.ended {
		return 0, io.EOF
	}
	for len(k.ready) == 0 {
		if k.err != nil {
			return 0, k.err
		}
		var piece [256]byte
		n, err := k.in.Read(piece[:])
		k.err = err
		k.take(append(k.pending, piece[:n]...))
	}
	whole := k.ready
	if i := bytes.IndexByte(whole, cleared); i >= 0 {
		whole = whole[:i+1]
	}
	n := copy(p, whole)
	k.ready = k.ready[n:]
	return n, nil
}

// take hands on what is whole of some bytes.
func (k *keys) take(text []byte) {
	for len(text) > 0 {
		if text[0] == escapeKey {
			n := sequence(text)
			if n == 0 && len(text) < mostSequence {
				break
			}
			k.ready = append(k.ready, movements[string(text[:n])]...)
			text = text[max(1, n):]
			continue
		}
		if !utf8.FullRune(text) {
			break
		}
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError:
			if k.bad == nil {
				k.bad = bytes.Clone(text[:n])
			}
		case r == ctrlC:
			k.ready = append(k.ready, cleared)
		case r == '\t':
			k.ready = append(k.ready, ' ')
		case unicode.IsControl(r) && (r >= utf8.RuneSelf || !strings.ContainsRune(editing, r)):
		case !unicode.IsControl(r) && terminal.Escape(string(r)) != string(r):
		default:
			k.ready = append(k.ready, text[:n]...)
		}
		text = text[n:]
	}
	k.pending = bytes.Clone(text)
}

// sequence is how long the escape sequence is that a text begins with; 0 if its end is not there yet.
func sequence(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case '[':
		for i, c := range text[2:] {
			if c >= 0x40 && c <= 0x7e {
				return i + 3
			}
			if c < 0x20 || c > 0x7e { // what is typed behind one that does not end
				return i + 2
			}
		}
		return 0
	case 'O':
		if len(text) < 3 {
			return 0
		}
		return 3
	case ']', 'P', '_', '^', 'X':
		if len(text) == 2 {
			return 2 // a key, since a reply comes with more
		}
		for i, c := range text[2:] {
			switch {
			case c == bell:
				return i + 3
			case c == '\\' && text[i+1] == escapeKey:
				return i + 3
			case c == '\r', c == ctrlC:
				return i + 2
			}
		}
		return 0
	case escapeKey:
		return 1
	}
	return 2
}

// cut is what a line lost, and forgets it.
func (k *keys) cut() error {
	if k.bad == nil {
		return nil
	}
	bad := terminal.Escape(string(k.bad))
	k.bad = nil
	return lineRefused{bad}
}

// clear takes a Ctrl-C, as a terminal's AutoCompleteCallback: it clears the line, and ends the lines where there is none.
func (k *keys) clear(line string, _ int, key rune) (newLine string, position int, ok bool) {
	if key != cleared {
		return "", 0, false
	}
	k.ended = k.ended || line == ""
	return "", 0, true
}

// lineRefused is why a line that was typed is not asked.
type lineRefused struct{ bytes string }

func (e lineRefused) Error() string {
	return fmt.Sprintf("the line is not asked: it has %s, expected text in UTF-8", e.bytes)
}
