//go:build !linux

package main

import "time"

// worked is the time by the clock, where a thread's own is not known.
func worked() time.Duration { return time.Since(begin) }

var begin = time.Now()
