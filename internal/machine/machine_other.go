//go:build !linux && !darwin

package machine

import "os"

// cpuName is what Windows tells of the processor.
func cpuName() string { return os.Getenv("PROCESSOR_IDENTIFIER") }

// AvailableMemory is the number of bytes that programs can still take without swapping; 0 if that is not known.
func AvailableMemory() int64 { return 0 }
