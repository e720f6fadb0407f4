//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package picture

import (
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ShowsSixels asks the terminal that the program runs in for its attributes. One that does not reply in time shows none: its reply is
// awaited for a while longer, without an echo, so that it is neither shown nor taken for something typed. settle ends that, and is to be
// called before anything else is read from the terminal and before the program ends.
func ShowsSixels() (shows bool, settle func()) {
	nothing := func() {}
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false, nothing
	}
	q := &query{file: f, fd: int(f.Fd())}
	if !q.foreground() { // where asking would stop the program
		_ = f.Close()
		return false, nothing
	}
	state, err := unix.IoctlGetTermios(q.fd, getTermios)
	if err != nil {
		_ = f.Close()
		return false, nothing
	}
	q.before = *state
	if !q.quiet() {
		_ = f.Close()
		return false, nothing
	}
	if _, err := f.WriteString("\x1b[c"); err != nil {
		q.leave()
		return false, nothing
	}
	if has, whole := q.await(time.Now().Add(replyTime), nil); whole {
		q.leave()
		return has, nothing
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		q.await(time.Now().Add(lateTime), stop)
		q.leave()
	}()
	return false, sync.OnceFunc(func() {
		close(stop)
		<-done
	})
}

// lateTime is how long a reply that is late is awaited.
const lateTime = 2 * time.Second

// query is a question to a terminal.
type query struct {
	file   *os.File
	fd     int
	before unix.Termios
	reply  []byte
}

// foreground says whether the program may read from the terminal.
func (q *query) foreground() bool {
	group, err := unix.IoctlGetInt(q.fd, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// quiet has the terminal hand on each character, and echo none. An interrupt is still a signal, and lines that are printed are still lines.
func (q *query) quiet() bool {
	state := q.before
	state.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON
	state.Cc[unix.VMIN], state.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(q.fd, setTermios, &state) == nil
}

// leave has the terminal as it was.
func (q *query) leave() {
	if q.foreground() {
		_ = unix.IoctlSetTermios(q.fd, setTermios, &q.before)
	}
	_ = q.file.Close()
}

// await reads until the reply is whole, or until some time; once stop is closed, only what is there already.
func (q *query) await(end time.Time, stop <-chan struct{}) (has, whole bool) {
	const step = 20 * time.Millisecond
	for last := false; ; {
		select {
		case <-stop:
			last = true
		default:
		}
		wait := min(step, time.Until(end))
		switch {
		case readable(q.fd, max(wait, time.Millisecond)):
			piece := make([]byte, 64)
			n, err := q.file.Read(piece)
			if err != nil || n == 0 {
				return false, false
			}
			q.reply = append(q.reply, piece[:n]...)
			if has, whole = hasSixel(string(q.reply)); whole {
				return has, true
			}
		case last || wait <= 0:
			return false, false
		}
	}
}

// readable waits until something can be read. It is select, since poll knows no terminals on macOS.
func readable(fd int, wait time.Duration) bool {
	for end := time.Now().Add(wait); ; {
		left := time.Until(end)
		if left <= 0 {
			return false
		}
		var set unix.FdSet
		set.Set(fd)
		timeout := unix.NsecToTimeval(left.Nanoseconds())
		n, err := unix.Select(fd+1, &set, nil, nil, &timeout)
		if err == unix.EINTR {
			continue
		}
		return err == nil && n > 0
	}
}

// cellSize is the pixels of a character of a terminal, 0 where it does not say.
func cellSize(f *os.File) (width, height int) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 || size.Row == 0 {
		return 0, 0
	}
	return int(size.Xpixel / size.Col), int(size.Ypixel / size.Row)
}
