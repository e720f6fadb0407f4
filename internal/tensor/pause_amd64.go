package tensor

// pause tells the CPU that a loop waits, so that it takes less power and leaves more of the core to its other thread.
func pause()
