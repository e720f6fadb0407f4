// Package fault turns the reading of mapped memory whose file has been cut short, which would end the process, into an error.
package fault

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Error is a place in memory that could not be read.
type Error struct {
	Address uintptr
	cause   any // of the panic
}

func (e *Error) Error() string { return fmt.Sprintf("memory at %#x cannot be read", e.Address) }

// Panic goes on with the panic that the error was made of, for an address that nobody knows.
func (e *Error) Panic() { panic(e.cause) }

// Armed makes unreadable memory a panic in this goroutine, as long as it lasts or until the returned function is called.
func Armed() (disarm func()) {
	old := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(old) }
}

// Of is the error that a recovered panic stands for; nil if it is another panic, which must go on.
func Of(recovered any) *Error {
	err, ok := recovered.(error)
	if !ok {
		return nil
	}
	var at interface{ Addr() uintptr } // as package runtime's have that debug.SetPanicOnFault leads to
	if !errors.As(err, &at) {
		return nil
	}
	return &Error{at.Addr(), recovered}
}

// Catch calls work, and returns an *Error where it cannot read memory. Other panics go on.
func Catch(work func() error) (err error) {
	defer Armed()()
	defer func() {
		if r := recover(); r != nil {
			e := Of(r)
			if e == nil {
				panic(r)
			}
			err = e
		}
	}()
	return work()
}
