package cmd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"time"
)

// exiting is the program "exiting CODE PROGRAM ARG…", the script command exits for a program in the background. An interrupt is passed
// on to the program.
func exiting() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		quit(err)
	}
	c := exec.Command(os.Args[2], os.Args[3:]...)
	c.Stdin = os.Stdin
	var out, message bytes.Buffer
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
		quit(err)
	}
	fmt.Fprint(os.Stderr, message.String())
	if err := asItShould(want, got, out.String(), message.String()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// awaits is the script command "awaits LINES FILE": it waits until the file has so many lines.
func awaits() {
	want, err := strconv.Atoi(os.Args[1])
	if err != nil {
		quit(err)
	}
	for range 30_000 {
		text, err := os.ReadFile(os.Args[2])
		if err != nil && !os.IsNotExist(err) {
			quit(err)
		}
		if bytes.Count(text, []byte("\n")) >= want {
			return
		}
		time.Sleep(time.Millisecond)
	}
	quit(fmt.Errorf("%s has not got %d lines", os.Args[2], want))
}

func quit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(2)
}

// scales is the script command "scales FILE FACTOR": it multiplies the float32 values of a safetensors file, whose header stays.
func scales() {
	factor, err := strconv.ParseFloat(os.Args[2], 32)
	if err != nil {
		quit(err)
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		quit(err)
	}
	for at := 8 + binary.LittleEndian.Uint64(data); at+4 <= uint64(len(data)); at += 4 {
		v := math.Float32frombits(binary.LittleEndian.Uint32(data[at:]))
		binary.LittleEndian.PutUint32(data[at:], math.Float32bits(v*float32(factor)))
	}
	if err := os.WriteFile(os.Args[1], data, 0o600); err != nil {
		quit(err)
	}
}
