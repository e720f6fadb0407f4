package inputs

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// openFile opens a file for reading. Of a pipe or a device, both the opening, which waits for a pipe's writer, and each read end with
// ctx and then give its error.
func openFile(ctx context.Context, name string) (io.ReadCloser, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode().IsRegular() || info.IsDir() {
		return os.Open(name)
	}
	type result struct {
		f   *os.File
		err error
	}
	opened := make(chan result)
	go func() {
		f, err := os.Open(name)
		select {
		case opened <- result{f, err}:
		case <-ctx.Done():
			if err == nil {
				_ = f.Close()
			}
		}
	}()
	select {
	case <-ctx.Done():
		return nil, &fs.PathError{Op: "open", Path: name, Err: ctx.Err()}
	case r := <-opened:
		if r.err != nil {
			return nil, r.err
		}
		return &interruptible{ctx: ctx, from: r.f, closed: make(chan struct{})}, nil
	}
}

// interruptible reads in the background, into memory of its own, which a read that is given up may go on to fill.
type interruptible struct {
	ctx  context.Context
	from *os.File
	read chan piece // nil before the first read
	rest piece

	closed chan struct{}
}

type piece struct {
	data []byte
	err  error
}

func (i *interruptible) Read(p []byte) (int, error) {
	if i.read == nil {
		i.read = make(chan piece)
		go i.fill()
	}
	if len(i.rest.data) == 0 && i.rest.err == nil {
		select {
		case <-i.ctx.Done():
			return 0, i.ctx.Err()
		case i.rest = <-i.read:
		}
	}
	n := copy(p, i.rest.data)
	if i.rest.data = i.rest.data[n:]; len(i.rest.data) == 0 && i.rest.err != nil {
		return n, i.rest.err
	}
	return n, nil
}

// fill reads until the file ends or is closed.
func (i *interruptible) fill() {
	for {
		data := make([]byte, 1<<16)
		n, err := i.from.Read(data)
		var file *fs.PathError
		if errors.As(err, &file) {
			err = file.Err
		}
		select {
		case i.read <- piece{data[:n], err}:
		case <-i.ctx.Done():
			return
		case <-i.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

func (i *interruptible) Close() error {
	close(i.closed)
	return i.from.Close()
}
