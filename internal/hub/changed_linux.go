package hub

import (
	"io/fs"
	"syscall"
)

// changed is when a file was last changed in any way, in nanoseconds. Unlike its modification time it cannot be set.
func changed(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ctim.Nano()
	}
	return 0
}
