package picture

import "golang.org/x/sys/unix"

// Requests for what a terminal does with what is typed.
const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)
