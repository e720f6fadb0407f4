package records

import (
	"io"
	"slices"
)

// Writer writes records in a format. It is not for several goroutines at once.
type Writer struct {
	w      io.Writer
	format Format
	many   bool
	header []byte // that is still to be written
}

// New writes to w. many says that there are several images, so that a plain answer needs its image's name.
func New(w io.Writer, f Format, many bool) *Writer {
	return &Writer{w, f, many, f.header()}
}

// Write writes a record whole, with one call of the writer below, whose Flush it calls if it has one. The first record of a
// CSV comes with the header.
func (w *Writer) Write(r Record) error {
	text, err := w.format.encode(r, w.many)
	if err != nil || len(text) == 0 {
		return err
	}
	if _, err := w.w.Write(slices.Concat(w.header, text)); err != nil {
		return err
	}
	w.header = nil
	if f, ok := w.w.(interface{ Flush() error }); ok {
		return f.Flush()
	}
	return nil
}
