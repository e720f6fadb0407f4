//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package cache

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// private is the error of a folder that another user owns or everybody can write to.
func private(info fs.FileInfo) error {
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int64(owner.Uid) != int64(os.Geteuid()) {
		return errors.New("belongs to another user")
	}
	if info.Mode().Perm()&0o002 != 0 {
		return errors.New("can be written to by every user")
	}
	return nil
}
