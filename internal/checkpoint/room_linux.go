package checkpoint

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// working is the address space that a question takes besides the weights: pictures, activations, keys and values, and what the
// runtime sets aside for threads and its heap.
const working = 256 << 20

// checkRoom returns an error if the process may not have the address space for so many bytes of weights and for its work: past its
// limit, which ulimit -v sets, the runtime ends the process. The error says how much is needed.
func checkRoom(weights int64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &limit); err != nil || limit.Cur == unix.RLIM_INFINITY {
		return nil
	}
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil
	}
	size, _, _ := bytes.Cut(text, []byte(" "))
	pages, err := strconv.ParseInt(string(size), 10, 64)
	if err != nil {
		return nil
	}
	if need := uint64(pages*int64(os.Getpagesize()) + weights + working); need > limit.Cur {
		return fmt.Errorf("needs about %.1f GB of address space, and the limit is %.1f GB (ulimit -v)", float64(need)/1e9, float64(limit.Cur)/1e9)
	}
	return nil
}
