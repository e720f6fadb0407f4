package cmd

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// Streams is where the program reads and prints.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	InTerminal, OutTerminal, ErrTerminal bool

	OutClosed bool // when the program began
}

// System is the streams of the process.
func System() Streams {
	return Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTerminal: term.IsTerminal(int(os.Stdin.Fd())), OutTerminal: term.IsTerminal(int(os.Stdout.Fd())), ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		OutClosed: isClosed(os.Stdout),
	}
}

// errWidth is how many columns standard error has, or 0 if it is no terminal.
func (s Streams) errWidth() int {
	f, ok := s.Err.(*os.File)
	if !ok || !s.ErrTerminal {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// faultKeeper is a writer that keeps its first error: help and the like are printed by code that looks at none.
type faultKeeper struct {
	io.Writer
	fault error
}

func (k *faultKeeper) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p)
	if k.fault == nil {
		k.fault = err
	}
	return n, err
}

// interruptible is a reader whose reads end with the context, as those of a terminal or a pipe would not.
type interruptible struct {
	ctx context.Context
	in  io.Reader
}

// Read gives up on the reader once the context is done: what is read after that is lost.
func (r interruptible) Read(p []byte) (int, error) {
	type result struct {
		data []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		data := make([]byte, len(p))
		n, err := r.in.Read(data)
		done <- result{data[:n], err}
	}()
	select {
	case <-r.ctx.Done():
		return 0, r.ctx.Err()
	case read := <-done:
		return copy(p, read.data), read.err
	}
}
