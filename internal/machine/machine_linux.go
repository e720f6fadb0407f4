package machine

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

func cpuName() string { return field("/proc/cpuinfo", "model name") }

// AvailableMemory is the number of bytes that programs can still take without swapping; 0 if that is not known.
func AvailableMemory() int64 {
	kilobytes, err := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemAvailable"), " kB"), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}

// field is the value of the first line "name: value" of a file of /proc, "" if there is none.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
