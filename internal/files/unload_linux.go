package files

import (
	"os"

	"golang.org/x/sys/unix"
)

// Unload gives up the memory in which the system keeps a file that has been written and synchronised. Whoever maps it next reads it
// from the disk, which is worth it where the mapping asks for large pages: writing makes small ones.
func Unload(f *os.File) { _ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED) }
