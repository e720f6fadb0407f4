package cmd

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
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
