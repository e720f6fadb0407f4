//go:build unix

package modelfile

import "syscall"

// nonblock keeps the opening of a pipe that has just taken a file's place from waiting for a writer.
const nonblock = syscall.O_NONBLOCK
