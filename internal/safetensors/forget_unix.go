//go:build unix

package safetensors

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// forget takes the whole pages of mapped data out of memory; they are read again from the file if they are asked for.
func forget(mapped, data []byte) {
	page := uintptr(os.Getpagesize())
	base := uintptr(unsafe.Pointer(unsafe.SliceData(mapped)))
	first := uintptr(unsafe.Pointer(unsafe.SliceData(data))) - base
	from, to := (first+page-1)/page*page, (first+uintptr(len(data)))/page*page
	if from < to {
		_ = unix.Madvise(mapped[from:to], unix.MADV_DONTNEED)
	}
}
