package hub

import "github.com/mcllava/mcllava/internal/terminal"

// longestLine is the most characters of an error or a note.
const longestLine = 300

// line is a text that can be shown on a terminal, of at most n characters: the middle of a longer one is left out.
func line(text string, n int) string { return terminal.Shorten(terminal.Escape(text), n) }

// plainError is an error whose text is a line that can be shown on a terminal, whoever worded a part of it.
type plainError struct{ error }

// plain makes a plainError of an error that is not nil.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return plainError{err}
}

func (e plainError) Error() string { return line(terminal.Plain(e.error), longestLine) }

func (e plainError) Unwrap() error { return e.error }
