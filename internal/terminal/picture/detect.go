package picture

import (
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// Detect is the protocol of a terminal, by its variables or else by what it says of itself: sixel is asked, if nothing else is known,
// whether the terminal shows sixels. Within tmux or screen, the protocols that those do not know are left out.
func Detect(env func(string) string, sixel func() bool) Protocol {
	program, kind := env("TERM_PROGRAM"), env("TERM")
	within := env("TMUX") != "" || env("STY") != ""
	switch {
	case within:
	case env("KITTY_WINDOW_ID") != "", kind == "xterm-kitty", kind == "xterm-ghostty", program == "ghostty":
		return Kitty
	case program == "iTerm.app", program == "WezTerm", env("LC_TERMINAL") == "iTerm2":
		return ITerm
	}
	if sixel() {
		return Sixel
	}
	return Blocks
}

// Refused is why a terminal is shown no picture unless the protocol is named; "" for no reason.
func Refused(env func(string) string) string {
	switch {
	case env("NO_COLOR") != "":
		return "NO_COLOR is set"
	case env("TERM") == "dumb":
		return "TERM is dumb"
	}
	return ""
}

// ScreenOf is what the terminal of a file has room for.
func ScreenOf(f *os.File, env func(string) string) Screen {
	s := Screen{Tmux: env("TMUX") != ""}
	switch colours := env("COLORTERM"); {
	case colours == "truecolor", colours == "24bit", strings.HasSuffix(env("TERM"), "-direct"):
		s.TrueColour = true
	}
	if columns, rows, err := term.GetSize(int(f.Fd())); err == nil {
		s.Columns, s.Rows = columns, rows
	}
	s.CellWidth, s.CellHeight = cellSize(f)
	return s
}

// replyTime is how long a terminal has to say what it is.
const replyTime = 300 * time.Millisecond

// sixelAttribute is what terminals that show sixels have among their primary device attributes.
const sixelAttribute = "4"

// hasSixel says whether a reply such as "\x1b[?62;4;22c" has the attribute of sixels, and whether it has come whole.
func hasSixel(reply string) (has, whole bool) {
	_, rest, found := strings.Cut(reply, "\x1b[?")
	attributes, _, whole := strings.Cut(rest, "c")
	if !found || !whole {
		return false, false
	}
	for a := range strings.SplitSeq(attributes, ";") {
		has = has || a == sixelAttribute
	}
	return has, true
}
