package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of the scripts that are no programs, so that nothing is started for them.

// exits is the script command "exits CODE PROGRAM ARG…": it runs the program and fails unless it ends with the exit code, prints
// nothing on standard output and one line on standard error.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	got := 0
	if exit != nil {
		got = exit.ExitCode()
	}
	ts.Check(asItShould(want, got, ts.ReadFile("stdout"), ts.ReadFile("stderr")))
}

// asItShould is an error unless a program that was to fail has done so with this exit code and one line on standard error.
func asItShould(want, got int, out, message string) error {
	if count := strings.Count(message, "\n"); got != want || out != "" || count != 1 {
		return fmt.Errorf("exit code %d, %d bytes on standard output, %d lines on standard error; want %d, 0, 1", got, len(out), count, want)
	}
	return nil
}

// fields is the script command "fields FILE NAME…": of each record of a file or of stdout, JSON lines or CSV, it prints the fields of
// these names as JSON, with tabs between them. A field within another is named like seconds.encode.
func fields(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: fields FILE NAME…")
	}
	records, err := parseRecords([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	out := ts.Stdout()
	for _, record := range records {
		var line []string
		for _, name := range args[1:] {
			var value any = record
			for part := range strings.SplitSeq(name, ".") {
				inside, _ := value.(map[string]any)
				value = inside[part]
			}
			text, err := json.Marshal(value)
			ts.Check(err)
			line = append(line, string(text))
		}
		fmt.Fprintln(out, strings.Join(line, "\t"))
	}
}
