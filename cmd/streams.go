package cmd

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
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

// readPicture reads a picture's file, fetches a URL, or reads standard input if its name is "-".
func (s Streams) readPicture(ctx context.Context, name string) ([]byte, error) {
	stream := func(r io.Reader) ([]byte, error) {
		return io.ReadAll(io.LimitReader(interruptible{ctx, r}, mcllava.MaxPictureBytes+1))
	}
	if name == "-" {
		s.noteTyping("the picture")
		data, err := stream(s.In)
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		return data, nil
	}
	if inputs.IsURL(name) {
		return inputs.Fetch(ctx, name, mcllava.MaxPictureBytes)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s: is a folder, expected a picture", name)
	case info.Size() > mcllava.MaxPictureBytes:
		return nil, fmt.Errorf("%s: %d bytes, expected a picture of at most %d", name, info.Size(), mcllava.MaxPictureBytes)
	case !info.Mode().IsRegular():
		return stream(&opened{name: name})
	}
	return os.ReadFile(name)
}

// opened is a file that the first read opens, since opening a pipe waits for who writes it.
type opened struct {
	name string
	file *os.File
}

func (o *opened) Read(p []byte) (n int, err error) {
	if o.file == nil {
		if o.file, err = os.Open(o.name); err != nil {
			return 0, err
		}
	}
	if n, err = o.file.Read(p); err != nil {
		_ = o.file.Close()
	}
	return n, err
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
