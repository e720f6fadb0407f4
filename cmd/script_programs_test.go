package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// fields is the script command "fields NAME…": of each record on standard input, JSON lines or CSV, it prints the fields of these
// names as JSON, with tabs between them. A field within another is named like seconds.encode.
func fields() {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		quit(err)
	}
	records, err := parseRecords(text)
	if err != nil {
		quit(err)
	}
	for _, record := range records {
		var line []string
		for _, name := range os.Args[1:] {
			var value any = record
			for part := range strings.SplitSeq(name, ".") {
				inside, _ := value.(map[string]any)
				value = inside[part]
			}
			text, err := json.Marshal(value)
			if err != nil {
				quit(err)
			}
			line = append(line, string(text))
		}
		fmt.Println(strings.Join(line, "\t"))
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
