package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/terminal"
)

// converse answers what is typed about one picture.
func converse(ctx context.Context, s Streams, o askOptions, all *inputs.Pairs) error {
	in, ok := s.In.(*os.File)
	if !ok {
		return usageError{errors.New("there is no terminal to ask questions at")}
	}
	if n, known := all.Count(); known && n > 1 {
		return usageError{fmt.Errorf("%s: %d pictures and no QUESTION; a prompt is about one picture", o.Inputs.Images[0], n)}
	}
	p, image, err := run.First(ctx, all, o.pictures())
	if err != nil {
		return err
	}
	m, err := openModel(s, o)
	if err != nil {
		return err
	}
	defer m.Close()
	if o.Gaze != nil {
		if err := m.CheckAttention(o.Gaze.AttentionOptions); err != nil {
			return usageError{err}
		}
	}
	c := &session{streams: s, options: o, model: m, picture: p, image: image, watch: newWatch(s, o, 1), maxCrops: o.Knobs.MaxCrops}
	c.watch.stream = true
	defer c.settle()
	if o.Gaze != nil {
		if err := c.openScreen(); err != nil {
			c.watch.Note(err.Error())
		}
	}
	defer c.watch.bar.clear()
	if err := c.see(ctx, o.Knobs.ViewKnobs, o.Gaze != nil); err != nil {
		return fmt.Errorf("%s: %w", image, err)
	}
	fmt.Fprintln(s.Err, promptHint)
	return talk(ctx, s, settled{newTerminalLines(in, s.Err, "> "), c.settle}, c.ask, c.commands())
}

// commandWord is a word that can be a command.
var commandWord = regexp.MustCompile(`^/[a-z]+$`)

// commandOf is the command of a prompt that a line is, and what stands behind it; "" for a question.
func commandOf(line string) (command, rest string) {
	line = strings.TrimSpace(line)
	word, rest, _ := strings.Cut(line, " ")
	word, rest = strings.ToLower(word), strings.TrimSpace(rest)
	switch {
	case slices.Contains([]string{"exit", "quit", "/exit", "/quit", "/bye", "/q", ":q"}, strings.ToLower(line)):
		return "bye", ""
	case slices.Contains([]string{"help", "/help", "/?", "?"}, strings.ToLower(line)), word == "/help":
		return "help", ""
	case commandWord.MatchString(word) && (rest == "" || !strings.HasSuffix(rest, "?")),
		strings.HasPrefix(word, "/") && rest == "" && !strings.Contains(word, "?"):
		return word, rest
	}
	return "", ""
}

// lineReader hands out what the user types, a line at a time, until io.EOF. It gives up when ctx is done.
type lineReader interface {
	ReadLine(ctx context.Context) (string, error)
}

// talk answers one line after the other until the lines end, or does what a command says. An interrupt ends the answer under way and not the conversation;
// so does an error, which is printed. While a line is waited for, an interrupt by a signal ends the conversation, and SIGTERM does at any time.
func talk(ctx context.Context, s Streams, l lineReader, answer func(ctx context.Context, question string) error, commands map[string]func(ctx context.Context, rest string) error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// Not of ctx, which the interrupt of an answer ends.
	running, stop := signal.NotifyContext(context.WithoutCancel(ctx), syscall.SIGTERM)
	defer stop()
	for {
		waiting, stop := signal.NotifyContext(running, os.Interrupt)
		question, err := l.ReadLine(waiting)
		stop()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, context.Canceled):
			return interrupted{}
		case errors.As(err, new(lineRefused)):
			fmt.Fprintln(s.Err, "mcllava:", err)
			continue
		case err != nil:
			return err
		case strings.TrimSpace(question) == "":
			continue
		}
		command, rest := commandOf(question)
		switch command {
		case "bye":
			return nil
		case "help":
			fmt.Fprintln(s.Err, promptHelp)
			continue
		}
		do, argument := answer, question
		if command != "" {
			known := false
			if do, known = commands[command]; !known {
				fmt.Fprintf(s.Err, "mcllava: unknown command %s; /help lists them\n", terminal.Escape(command))
				continue
			}
			argument = rest
		}
		one, stop := signal.NotifyContext(running, os.Interrupt)
		err = do(one, argument)
		stop()
		switch {
		case running.Err() != nil:
			return interrupted{}
		case err != nil:
			fmt.Fprintln(s.Err, "mcllava:", terminal.OneLine(err))
		}
	}
}

// terminalLines reads lines from a terminal with editing and a history. The terminal is in raw mode only while a line is typed,
// so that an interrupt is a signal while an answer is made.
type terminalLines struct {
	in       *os.File
	out      io.Writer
	terminal *term.Terminal
	keys     *keys
}

func newTerminalLines(in *os.File, out io.Writer, prompt string) *terminalLines {
	k := &keys{in: in}
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, out}, prompt)
	t.History, t.AutoCompleteCallback = openHistory(), k.clear
	return &terminalLines{in, out, t, k}
}

func (t *terminalLines) ReadLine(ctx context.Context) (string, error) {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return "", fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(t.in.Fd()), state) }()
	if width, height, err := term.GetSize(int(t.in.Fd())); err == nil && width > 0 {
		_ = t.terminal.SetSize(width, height)
	}
	type typed struct {
		line string
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		line, err := t.terminal.ReadLine()
		done <- typed{line, err}
	}()
	const newLine = "\r\n" // not through the terminal, which would print another prompt
	select {
	case <-ctx.Done():
		fmt.Fprint(t.out, newLine)
		return "", ctx.Err()
	case got := <-done:
		if errors.Is(got.err, io.EOF) {
			fmt.Fprint(t.out, newLine)
		}
		if errors.Is(got.err, term.ErrPasteIndicator) {
			got.err = nil
		}
		if bad := t.keys.cut(); bad != nil && got.err == nil {
			got.err = bad
		}
		return got.line, got.err
	}
}

// history is the lines typed before, kept in the user's cache folder; where that cannot be written, for as long as it runs.
type history struct {
	path  string
	lines []string // the oldest first
}

// remembered is the most lines of a history.
const remembered = 1000

func openHistory() *history {
	h := &history{}
	folder, err := os.UserCacheDir()
	if err != nil {
		return h
	}
	h.path = filepath.Join(folder, "mcllava", "history")
	if text, err := os.ReadFile(h.path); err == nil {
		h.lines = strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
		h.lines = slices.DeleteFunc(h.lines, func(line string) bool { return terminal.Escape(line) != line }) // which would steer the terminal
	}
	if n := len(h.lines); n > remembered {
		h.lines = slices.Clone(h.lines[n-remembered:])
		_ = os.WriteFile(h.path, []byte(strings.Join(h.lines, "\n")+"\n"), 0o600)
	}
	return h
}

// Add keeps a line, unless it repeats the one before it.
func (h *history) Add(line string) {
	if strings.TrimSpace(line) == "" || len(h.lines) > 0 && h.lines[len(h.lines)-1] == line {
		return
	}
	h.lines = append(h.lines, line)
	if h.path == "" || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.WriteString(line + "\n")
	_ = f.Close()
}

// Len is the number of lines.
func (h *history) Len() int { return len(h.lines) }

// At is line i, the latest being 0.
func (h *history) At(i int) string { return h.lines[len(h.lines)-1-i] }
