package safetensors

import "golang.org/x/sys/unix"

// largePages asks that a mapped file is read from the disk into large pages, of 2 MB. Processes that map it later find them, and
// touch it for the first time at a twentieth of the cost of pages of 4 kB. It is a wish, which not every file system grants.
func largePages(mapped []byte) { _ = unix.Madvise(mapped, unix.MADV_HUGEPAGE) }
