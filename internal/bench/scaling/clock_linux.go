package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// worked is how long the calling thread of the system has run.
func worked() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return time.Since(begin)
	}
	return time.Duration(t.Nano())
}

var begin = time.Now()
