//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package picture

import "os"

// ShowsSixels is known on Unix alone.
func ShowsSixels() (shows bool, settle func()) { return false, func() {} }

// cellSize is known on Unix alone.
func cellSize(*os.File) (width, height int) { return 0, 0 }
