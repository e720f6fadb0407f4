package machine

import (
	"runtime"
	"testing"
)

func TestMachineIsNamed(t *testing.T) {
	if CPU() == "" {
		t.Error("the CPU has no name")
	}
	if memory := AvailableMemory(); runtime.GOOS == "linux" && !(memory > 1<<20) {
		t.Errorf("%d bytes of memory are available", memory)
	}
}
