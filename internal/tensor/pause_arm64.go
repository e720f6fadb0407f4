package tensor

// pause tells the CPU that a loop waits. ISB takes some tens of cycles, unlike YIELD, which most CPUs pass over.
func pause()
