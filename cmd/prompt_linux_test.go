package cmd

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPrompt types questions about a picture at a terminal.
func TestPrompt(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(smallStreets(t, 3), "3.png")
	p := prompt(t, picture, "--choices", "It is day.,It is night.")
	p.await(t, "> ")
	p.write(t, "is it day or night?\r")
	p.await(t, "It is night.", "> ")
	p.write(t, "\x04")
	p.ends(t, 0)
	if screen := p.screen.String(); !strings.HasSuffix(screen, "> \r\n") {
		t.Errorf("the screen ends with %q, expected the prompt and a new line", screen[max(0, len(screen)-20):])
	}

	p = prompt(t, picture)
	p.await(t, "embedded demo", "> ")
	p.write(t, "is it day or night?\r")
	p.await(t, "It is night.", "> ")
	p.write(t, "\r")
	p.await(t, "> ")
	p.write(t, "what colour is the car?\r")
	p.await(t, "The car is red.", "> ")
	p.write(t, "\x1b[A\x1b[A\r") // two lines up
	p.await(t, "It is night.", "> ")
	p.write(t, "\x04")
	p.ends(t, 0)

	broken := filepath.Join(t.TempDir(), "broken.png")
	if err := os.WriteFile(broken, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	p = prompt(t, broken)
	p.await(t, "broken.png: not a picture")
	p.ends(t, exitFailed)
}

// TestPromptEnds ends a prompt by signals: the terminal is left as it is found.
func TestPromptEnds(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(smallStreets(t, 3), "3.png")
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := prompt(t, picture)
		p.await(t, "> ")
		for deadline := time.Now().Add(time.Minute); !p.raw(t) && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		}
		p.write(t, "is it d")
		p.await(t, "is it d")
		if err := p.program.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		p.await(t, "\r\n", "mcllava: interrupted")
		p.ends(t, exitInterrupted)
		if p.raw(t) {
			t.Errorf("%v leaves the terminal raw", s)
		}
	}
}

// TestPromptEndsEarly ends a prompt while its picture is still being read.
func TestPromptEndsEarly(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		p := prompt(t, pipe)
		p.await(t, "embedded demo")
		if err := p.program.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		p.await(t, "mcllava: interrupted")
		p.ends(t, exitInterrupted)
	}
}

// TestPromptHasNoShare asks about a picture of either half of all.
func TestPromptHasNoShare(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(smallStreets(t, 3), "3.png")
	for _, share := range []string{"1/2", "2/2"} {
		p := prompt(t, picture, "--shard", share)
		p.await(t, "> ")
		p.write(t, "\x04")
		p.ends(t, 0)
	}
}

func TestPromptHasNoOutputFile(t *testing.T) {
	t.Parallel()
	p := prompt(t, filepath.Join(smallStreets(t, 1), "1.png"), "-o", filepath.Join(t.TempDir(), "answers"))
	p.await(t, "--output is given and no QUESTION")
	p.ends(t, exitUsage)
}

// raw says whether what is typed is passed on as it is.
func (p *pseudoTerminal) raw(t *testing.T) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(p.control.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) == 0
}

// pseudoTerminal is a pseudo terminal with a program in it.
type pseudoTerminal struct {
	control *os.File
	program *exec.Cmd

	lock   sync.Mutex
	screen bytes.Buffer
	seen   int // bytes of screen that await has passed
	closed chan struct{}
}

// prompt asks about a picture at a terminal, without a question.
func prompt(t *testing.T, picture string, more ...string) *pseudoTerminal {
	t.Helper()
	args := []string{"ask", "--threads", "1", "--max-crops", "0", "--cache", "off", picture}
	return inTerminal(t, nil, nil, append(args, more...)...)
}

var measureOnce = sync.OnceValues(func() ([]byte, error) {
	folder := filepath.Join(builtIn, "speed")
	c := exec.Command("mcllava", "crops", "--threads", "1", "--estimate", "always", filepath.Join("..", "testdata", "images", "a.png"))
	c.Env = append(os.Environ(), "XDG_CACHE_HOME="+folder)
	if message, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, message)
	}
	return os.ReadFile(filepath.Join(folder, "mcllava", "speed.json"))
})

// knownSpeed is a new folder of caches in which this machine's speed is known, as it is after the first question at a terminal.
func knownSpeed(t *testing.T) string {
	t.Helper()
	speed, err := measureOnce()
	folder := t.TempDir()
	if err == nil {
		err = os.Mkdir(filepath.Join(folder, "mcllava"), 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "mcllava", "speed.json"), speed, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// inTerminal runs the program in a terminal of 40 rows and 100 columns of 8 × 16 pixels, with variables besides its own. Standard output is
// out, or the terminal if it is nil.
func inTerminal(t *testing.T, variables []string, out *os.File, args ...string) *pseudoTerminal {
	t.Helper()
	return inTerminalOf(t, 100, variables, out, args...)
}

// inTerminalOf is inTerminal with some other number of columns.
func inTerminalOf(t *testing.T, columns uint16, variables []string, out *os.File, args ...string) *pseudoTerminal {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals: %v", err)
	}
	t.Cleanup(func() { _ = control.Close() })
	number, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(control.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns, Xpixel: 8 * columns, Ypixel: 640})
	}
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals: %v", err)
	}
	defer func() { _ = tty.Close() }()
	p := &pseudoTerminal{control: control, program: exec.Command("mcllava", args...), closed: make(chan struct{})}
	p.program.Env = append(os.Environ(), "XDG_CACHE_HOME="+knownSpeed(t))
	for _, name := range []string{"NO_COLOR", "TMUX", "STY", "KITTY_WINDOW_ID", "TERM_PROGRAM", "LC_TERMINAL", "COLORTERM"} {
		p.program.Env = append(p.program.Env, name+"=")
	}
	p.program.Env = append(append(p.program.Env, "TERM=xterm"), variables...)
	p.program.Stdin, p.program.Stdout, p.program.Stderr = tty, tty, tty
	if out != nil {
		p.program.Stdout = out
	}
	p.program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.program.Process.Kill() })
	go func() {
		defer close(p.closed)
		piece := make([]byte, 16<<10)
		for {
			n, err := control.Read(piece)
			p.lock.Lock()
			p.screen.Write(piece[:n])
			p.lock.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

// await waits until the screen shows some texts, one behind the other, behind those of the calls before.
func (p *pseudoTerminal) await(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		for deadline := time.Now().Add(time.Minute); !p.shows(text); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the screen does not show %q: %q", text, &p.screen)
			}
		}
	}
}

func (p *pseudoTerminal) shows(text string) bool {
	p.lock.Lock()
	defer p.lock.Unlock()
	i := bytes.Index(p.screen.Bytes()[p.seen:], []byte(text))
	if i >= 0 {
		p.seen += i + len(text)
	}
	return i >= 0
}

func (p *pseudoTerminal) write(t *testing.T, keys string) {
	t.Helper()
	if _, err := p.control.WriteString(keys); err != nil {
		t.Fatal(err)
	}
}

func (p *pseudoTerminal) ends(t *testing.T, code int) {
	t.Helper()
	_ = p.program.Wait()
	<-p.closed
	if got := p.program.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d: %q", got, code, &p.screen)
	}
}

// TestPromptClears clears with Ctrl-C what is typed, and ends with it on an empty line, as the help says.
func TestPromptClears(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(smallStreets(t, 3), "3.png")
	p := prompt(t, picture)
	p.await(t, "> ")
	p.write(t, "/help\r")
	p.await(t, "Ctrl-C ends an answer; at the prompt it clears the line, and ends all on an empty one.", "> ")
	p.write(t, "what colour is th")
	p.await(t, "what colour is th")
	p.write(t, "\x03is it day or night?\r")
	p.await(t, "It is night.", "> ")
	p.write(t, "\xff\x1b]0;title\x07is it\u009b31m day?\r")
	p.await(t, `mcllava: the line is not asked: it has \xff, expected text in UTF-8`+"\r\n", "> ")
	p.write(t, "is it day or night?\r")
	p.await(t, "It is night.", "> ")
	p.write(t, "\x03")
	p.ends(t, 0)
	if screen := p.shownSoFar(); strings.Contains(screen, "title") || strings.Contains(screen, "\u009b") || strings.Contains(screen, "\xff") {
		t.Errorf("what steers a terminal reaches it: %q", screen)
	}
}
