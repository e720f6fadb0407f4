package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/mcllava/mcllava"
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
	p, image, err := run.First(ctx, all, o.Pictures)
	if err != nil {
		return err
	}
	m, err := openModel(s, o)
	if err != nil {
		return err
	}
	defer m.Close()
	view, w, err := look(ctx, s, o, m, p)
	if err != nil {
		return fmt.Errorf("%s: %w", image, err)
	}
	defer w.bar.clear()
	h := mcllava.Hooks{Note: w.Note, Progress: w.Progress, Piece: func(text string) {
		w.bar.clear()
		_, _ = io.WriteString(s.Out, text)
	}}
	fmt.Fprintln(s.Err, promptHint)
	return talk(ctx, s, newTerminalLines(in, s.Err, "> "), func(ctx context.Context, question string) error {
		a, err := m.Answer(ctx, view, question, o.Knobs.AnswerKnobs, h)
		w.bar.clear()
		if err != nil {
			return err
		}
		if o.Knobs.Choices != nil {
			_, _ = io.WriteString(s.Out, a.Text)
		}
		if confidence, _, ok := a.Confidence(); ok && o.Knobs.LogProbs {
			fmt.Fprintf(s.Out, "\t%.4f", confidence)
		}
		_, err = fmt.Fprintln(s.Out)
		return err
	})
}

// look looks at a picture for a prompt.
func look(ctx context.Context, s Streams, o askOptions, m *mcllava.Model, p *mcllava.Picture) (*mcllava.View, *watch, error) {
	w := newWatch(s, o, 1)
	w.stream = true
	plan, err := m.Plan(p, o.Knobs.ViewKnobs)
	if err != nil {
		return nil, w, err
	}
	w.First(ctx, m, p, plan)
	view, err := m.See(ctx, p, plan, mcllava.Hooks{Note: w.Note, Progress: w.Progress})
	w.bar.clear()
	return view, w, err
}

// promptHint is what a prompt says before its first question.
const promptHint = "mcllava: each line is a question; /help says more, /bye ends"

// promptHelp is what a prompt says of itself.
const promptHelp = `  Every line is a question.
  Arrow keys find questions asked before.
  Ctrl-C ends an answer, or an empty prompt.
  Ctrl-D, /bye, exit and quit end it too.`

// commandOf is the command of a prompt that a line is, "" for a question.
func commandOf(line string) string {
	switch word := strings.ToLower(strings.TrimSpace(line)); word {
	case "exit", "quit", "/exit", "/quit", "/bye", "/q", ":q":
		return "bye"
	case "help", "/help", "/?", "?":
		return "help"
	default:
		if strings.HasPrefix(word, "/") && !strings.ContainsAny(word, " ?") {
			return word
		}
	}
	return ""
}

// lineReader hands out what the user types, a line at a time, until io.EOF. It gives up when ctx is done.
type lineReader interface {
	ReadLine(ctx context.Context) (string, error)
}

// talk answers one line after the other until the lines end. An interrupt ends the answer under way and not the conversation;
// so does an error, which is printed. While a line is waited for, an interrupt ends the conversation, and SIGTERM does at any time.
func talk(ctx context.Context, s Streams, l lineReader, answer func(ctx context.Context, question string) error) error {
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
		case err != nil:
			return err
		case strings.TrimSpace(question) == "":
			continue
		}
		switch command := commandOf(question); command {
		case "":
		case "bye":
			return nil
		case "help":
			fmt.Fprintln(s.Err, promptHelp)
			continue
		default:
			fmt.Fprintf(s.Err, "mcllava: unknown command %s; /help lists them\n", terminal.Escape(command))
			continue
		}
		one, stop := signal.NotifyContext(running, os.Interrupt)
		err = answer(one, question)
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
}

func newTerminalLines(in *os.File, out io.Writer, prompt string) *terminalLines {
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{in, out}, prompt)
	t.History = openHistory()
	return &terminalLines{in, out, t}
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
