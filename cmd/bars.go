package cmd

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"github.com/mcllava/mcllava/internal/terminal"
)

// bar shows on standard error how far a piece of work has come: a bar on a terminal, lines elsewhere. A nil bar shows nothing.
type bar struct {
	out    io.Writer
	width  int  // columns; 0 where that is not known
	lines  bool // no bar: standard error is no terminal, or one that cannot go back
	colour bool

	shown   *progressbar.ProgressBar
	what    string // the description of what is shown
	printed time.Time
	tenths  int64 // of the work, as the last line said
}

// newBar is nil unless standard error is a terminal or progress is asked for there all the same.
func newBar(s Streams, quiet, progress bool) *bar {
	if quiet || !s.ErrTerminal && !progress {
		return nil
	}
	return &bar{
		out: s.Err, width: s.errWidth(), lines: !s.ErrTerminal || os.Getenv("TERM") == "dumb", colour: os.Getenv("NO_COLOR") == "",
	}
}

// barColumns is what a bar takes beside its description: the bar itself, the share and the count.
const (
	barWidth   = 30
	barColumns = barWidth + len(" 100% || (999/999) ")
	linesEvery = 10 * time.Second
)

// report shows that done of total are done of what description says. short stands for it where a line has no room for more.
func (b *bar) report(description, short string, done, total int64, bytes bool) {
	if b == nil {
		return
	}
	description, short = terminal.Escape(description), terminal.Escape(short)
	if b.lines {
		b.line(description, done, total, bytes)
		return
	}
	width := barWidth
	if b.width > 0 && utf8.RuneCountInString(description)+barColumns > b.width {
		description = short
		width = min(barWidth, b.width-utf8.RuneCountInString(short)-(barColumns-barWidth))
	}
	if width < 1 {
		b.narrow(short, done, total)
		return
	}
	if b.shown == nil || b.what != description {
		b.clear()
		b.what = description
		b.shown = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(description), progressbar.OptionShowCount(),
			progressbar.OptionShowBytes(bytes), progressbar.OptionSetWidth(width), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(), progressbar.OptionEnableColorCodes(b.colour), progressbar.OptionSetPredictTime(bytes))
	}
	_ = b.shown.Set64(done)
}

// line prints a line at the beginning, at every tenth of the work, and not more often than every ten seconds in between.
func (b *bar) line(description string, done, total int64, bytes bool) {
	tenths := 10 * done / max(1, total)
	now := time.Now()
	if b.what == description && tenths == b.tenths && now.Sub(b.printed) < linesEvery || b.what == description && now.Sub(b.printed) < time.Second {
		return
	}
	b.what, b.tenths, b.printed = description, tenths, now
	count := fmt.Sprintf("%d/%d", done, total)
	if bytes {
		count = size(done) + " of " + size(total)
	}
	fmt.Fprintf(b.out, "mcllava: %s %s\n", description, count)
}

// narrow shows as much of the count as a line has room for.
func (b *bar) narrow(short string, done, total int64) {
	text := fmt.Sprintf("%s %d/%d", short, done, total)
	if utf8.RuneCountInString(text) >= b.width {
		text = fmt.Sprintf("%d%%", 100*done/max(1, total))
	}
	if utf8.RuneCountInString(text) < b.width {
		fmt.Fprintf(b.out, "\r%s\r%s", strings.Repeat(" ", b.width-1), text)
		b.what = "\r"
	}
}

// clear takes the bar off the screen.
func (b *bar) clear() {
	switch {
	case b == nil:
	case b.shown != nil:
		_ = b.shown.Clear()
		b.shown = nil
	case b.what == "\r":
		fmt.Fprintf(b.out, "\r%s\r", strings.Repeat(" ", b.width-1))
		b.what = ""
	}
}

// file shows how much of a file is there.
func (b *bar) file(name string, done, total int64) { b.report(name, name, done, total, true) }
