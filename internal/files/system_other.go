//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package files

import (
	"errors"
	"os"
)

const withoutFollowing = 0

// lock takes no lock: this system has none that ends with the file.
func lock(*os.File, bool) error { return errors.ErrUnsupported }
