package machine

import "golang.org/x/sys/unix"

func cpuName() string {
	name, err := unix.Sysctl("machdep.cpu.brand_string")
	if err != nil {
		return ""
	}
	return name
}

// AvailableMemory is the number of bytes that programs can still take without swapping; 0 if that is not known.
func AvailableMemory() int64 { return 0 }
