package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
)

// exits is the script command "exits CODE PROGRAM ARG…": it runs the program and fails unless it ends with the exit code, prints
// nothing on standard output and one line on standard error. An interrupt is passed on to the program.
func exits() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdin = os.Stdin
	var out, message lines
	c.Stdout, c.Stderr = &out, &message
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	if err = c.Start(); err == nil {
		go func() {
			for s := range interrupts {
				_ = c.Process.Signal(s)
			}
		}()
		err = c.Wait()
	}
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	fmt.Fprint(os.Stderr, string(message.text))
	if got != want || len(out.text) > 0 || message.count() != 1 {
		fmt.Fprintf(os.Stderr, "exit code %d, %d bytes on standard output, %d lines on standard error; want %d, 0, 1\n", got, len(out.text), message.count(), want)
		os.Exit(1)
	}
}

type lines struct{ text []byte }

func (l *lines) Write(p []byte) (int, error) {
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *lines) count() int {
	n := 0
	for _, b := range l.text {
		if b == '\n' {
			n++
		}
	}
	return n
}
