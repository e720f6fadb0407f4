//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cmd

import (
	"os"

	"golang.org/x/sys/unix"
)

// isClosed says whether a stream was closed when the program began. The runtime has put /dev/null there by then, opened for reading and
// writing, where a shell's >/dev/null is for writing alone. A parent that opens /dev/null for both cannot be told from that.
func isClosed(f *os.File) bool {
	var now, null unix.Stat_t
	if unix.Fstat(int(f.Fd()), &now) != nil || unix.Stat(os.DevNull, &null) != nil || now.Mode&unix.S_IFMT != unix.S_IFCHR || now.Rdev != null.Rdev {
		return false
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_RDWR
}
