package cmd

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echoes says whether what is typed is shown, a line at a time, as a shell expects to find it.
func (p *pseudoTerminal) echoes(t *testing.T) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(p.control.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0 && s.Lflag&unix.ICANON != 0
}

// TestLateReplyIsDropped has a terminal reply after it was given up on, while the picture is seen: what it says is neither shown nor asked.
func TestLateReplyIsDropped(t *testing.T) {
	t.Parallel()
	const reply = "\x1b[?62;4;22c"
	late := func(p *pseudoTerminal) {
		p.await(t, "\x1b[c")
		time.Sleep(450 * time.Millisecond)
		if p.echoes(t) {
			t.Error("the terminal echoes while a reply may come")
		}
		p.write(t, reply)
	}
	clean := func(p *pseudoTerminal) {
		if screen := p.shownSoFar(); strings.Contains(screen, "62;4") {
			t.Errorf("the reply is shown: %q", screen)
		}
		if !p.echoes(t) {
			t.Error("the terminal is left without an echo")
		}
	}
	p := inTerminal(t, nil, nil, append([]string{"ask", "--show"}, askedAbout...)...)
	late(p)
	p.await(t, "It is a yoga studio.\r\n", "▀")
	p.ends(t, 0)
	clean(p)

	street, err := filepath.Abs(filepath.Join("..", "testdata", "street.png"))
	if err != nil {
		t.Fatal(err)
	}
	p = inTerminal(t, nil, nil, "ask", "--show", "--threads", "1", "--cache", "off", "--max-crops", "25", street)
	late(p)
	p.await(t, "> ")
	p.write(t, "what shop is this\r")
	p.await(t, "It is a yoga studio.", "> ")
	p.write(t, "\x04")
	p.ends(t, 0)
	clean(p)

	p = inTerminal(t, nil, nil, append([]string{"ask", "--show"}, askedAbout...)...) // which is interrupted before
	p.await(t, "\x1b[c")
	time.Sleep(450 * time.Millisecond)
	p.write(t, "\x03")
	p.ends(t, exitInterrupted)
	clean(p)
}
