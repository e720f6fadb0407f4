//go:build unix

package hub

import (
	"io/fs"
	"syscall"
)

const (
	notWaiting  = syscall.O_NONBLOCK // for who is at the other end of a pipe
	notFollowed = syscall.O_NOFOLLOW
)

// names is how many names a file has.
func names(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Nlink)
	}
	return 1
}
