//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package picture

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// ShowsSixels asks the terminal that the program runs in for its attributes. One that does not reply in time shows none.
func ShowsSixels() bool {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	fd := int(f.Fd())
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
		return false // in the background, where asking would stop the program
	}
	state, err := term.MakeRaw(fd)
	if err != nil {
		return false
	}
	defer func() { _ = term.Restore(fd, state) }()
	if _, err := f.WriteString("\x1b[c"); err != nil {
		return false
	}
	var reply []byte
	for end := time.Now().Add(replyTime); ; {
		if !readable(fd, time.Until(end)) {
			return false
		}
		piece := make([]byte, 64)
		n, err := f.Read(piece)
		if err != nil || n == 0 {
			return false
		}
		reply = append(reply, piece[:n]...)
		if has, whole := hasSixel(string(reply)); whole {
			return has
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
