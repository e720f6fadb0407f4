// Package picture shows pictures in a terminal: by its own protocol for pictures where it has one, and elsewhere as coloured half blocks.
package picture

import (
	"fmt"
	"image"
	"io"
	"strings"
)

// Protocol is how a terminal is given a picture.
type Protocol string

// Kitty is kitty's graphics protocol, ITerm the inline images of iTerm2, Sixel the six-pixel columns of DEC's terminals, and Blocks the
// character ▀, whose two colours are two pixels.
const (
	Kitty  Protocol = "kitty"
	ITerm  Protocol = "iterm"
	Sixel  Protocol = "sixel"
	Blocks Protocol = "blocks"
)

// Protocols are all of them.
var Protocols = []Protocol{Kitty, ITerm, Sixel, Blocks}

// Screen is what a terminal has room for.
type Screen struct {
	Columns, Rows         int  // characters; 0 where that is not known
	CellWidth, CellHeight int  // pixels of a character; 0 where that is not known
	TrueColour            bool // it shows 24-bit colours, and not just 256
	Tmux                  bool // it is a pane of tmux, which passes on what is wrapped
}

// Of terminals that do not say.
const (
	usualColumns, usualRows       = 80, 24
	usualCellWidth, usualCellHigh = 8, 16
	keptRows                      = 3    // for the question, the answer and the prompt
	leastRows                     = 4    // of a picture
	mostPixels                    = 1000 // along a side: xterm shows no sixels of more
)

func (s Screen) complete() Screen {
	if s.Columns < 1 {
		s.Columns = usualColumns
	}
	if s.Rows < 1 {
		s.Rows = usualRows
	}
	if s.CellWidth < 1 || s.CellHeight < 1 {
		s.CellWidth, s.CellHeight = usualCellWidth, usualCellHigh
	}
	return s
}

// Fit is how many pixels a picture of some size is to be drawn with, so that it is at most as wide as the screen and leaves some rows of it
// for texts. A picture is not made larger, but for one that has less pixels than the screen has characters.
func (s Screen) Fit(p Protocol, size image.Point) image.Point {
	s = s.complete()
	rows := max(leastRows, s.Rows-keptRows)
	room := image.Pt(min(mostPixels, s.Columns*s.CellWidth), min(mostPixels, rows*s.CellHeight))
	if p == Blocks { // whose pixels are as wide as a character and half as high
		half := float64(s.CellHeight) / 2 / float64(s.CellWidth)
		size.Y = max(1, int(float64(size.Y)/half+0.5))
		room = image.Pt(s.Columns, 2*rows)
	}
	k := min(float64(room.X)/float64(size.X), float64(room.Y)/float64(size.Y))
	if p != Blocks {
		least := min(float64(s.Columns)/float64(size.X), float64(rows)/float64(size.Y))
		k = min(k, max(1, least))
	}
	along := func(n, most int) int { return max(1, min(most, int(k*float64(n)+0.5))) }
	return image.Pt(along(size.X, room.X), along(size.Y, room.Y))
}

// columns is how many characters a picture is wide.
func (s Screen) columns(width int) int {
	s = s.complete()
	return max(1, min(s.Columns, (width+s.CellWidth-1)/s.CellWidth))
}

// Write shows a picture, of the size that Fit has given, on a line of its own.
func Write(w io.Writer, p Protocol, s Screen, picture *image.RGBA) error {
	var text string
	var err error
	switch p {
	case Kitty:
		text, err = kitty(s, picture)
	case ITerm:
		text, err = iterm(s, picture)
	case Sixel:
		text, err = sixels(picture)
	case Blocks:
		text = blocks(s, picture)
	default:
		err = fmt.Errorf("%q is no protocol of pictures", p)
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, text)
	return err
}

// passed wraps a control sequence, within tmux, so that it is passed on to the terminal outside: with every escape doubled.
func (s Screen) passed(sequence string) string {
	if !s.Tmux {
		return sequence
	}
	return "\x1bPtmux;" + strings.ReplaceAll(sequence, "\x1b", "\x1b\x1b") + "\x1b\\"
}
