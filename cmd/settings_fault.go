package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/viper"

	"github.com/mcllava/mcllava/internal/modelfile"
	"github.com/mcllava/mcllava/internal/terminal"
)

// configEndings are those of the formats that are read.
var configEndings = []string{".yaml", ".yml", ".toml", ".json"}

// badConfig says why a config file cannot be read: the line and what was expected there.
func badConfig(name string, err error) error {
	var file *fs.PathError
	var unknown viper.UnsupportedConfigError
	_, statErr := os.Stat(name)
	ending := strings.ToLower(filepath.Ext(name))
	switch {
	case statErr != nil:
		return statErr
	case errors.As(err, &file):
		return file
	case errors.As(err, &unknown), !slices.Contains(configEndings, ending):
		return usageError{fmt.Errorf("config file %s: ends with %q, expected .yaml, .toml or .json", name, filepath.Ext(name))}
	}
	text, readErr := os.ReadFile(name)
	if readErr != nil {
		return readErr
	}
	if ending == ".json" {
		var fault usageError
		if _, err := readWritten(name); errors.As(err, &fault) {
			return fault
		}
		var settings map[string]any
		if err := modelfile.Worded(text, &settings, json.Unmarshal(text, &settings)); err != nil {
			return fmt.Errorf(`config file %s: %w; expected an object such as {"model": "FOLDER"}`, name, err)
		}
	}
	form := "NAME: VALUE"
	if ending == ".toml" {
		form = "NAME = VALUE"
	}
	n, line := badLine(text, strings.TrimPrefix(ending, "."))
	switch {
	case n == 0:
		return fmt.Errorf("config file %s: cannot be read, expected lines of %s", name, form)
	case !utf8.ValidString(line):
		return fmt.Errorf("config file %s, line %d: %q is not UTF-8", name, n, shortLine(line))
	case strings.HasPrefix(line, "\t") && form == "NAME: VALUE":
		return fmt.Errorf("config file %s, line %d: begins with a tab, expected %s, or spaces ahead of it", name, n, form)
	case strings.Contains(err.Error(), "out of range"), strings.Contains(err.Error(), "too large"):
		return fmt.Errorf("config file %s, line %d: %q has a number that is too large or too small", name, n, shortLine(line))
	case strings.Contains(err.Error(), "already defined"):
		return fmt.Errorf("config file %s, line %d: %q sets what a line above it sets already", name, n, shortLine(line))
	}
	return fmt.Errorf("config file %s, line %d: %q cannot be understood, expected %s, with quotes around a value of other signs than letters and digits", name, n, shortLine(line), form)
}

// shortLine is what a message shows of a line.
func shortLine(line string) string {
	const most = 60
	return terminal.Shorten(strings.TrimSpace(line), most)
}

// badLine is the line, from 1, with which a text ceases to be settings, and its text; 0 if that is not known.
func badLine(text []byte, kind string) (n int, line string) {
	const most = 1000 // lines of a file that is tried line for line
	lines := bytes.SplitAfter(text, []byte{'\n'})
	if len(lines) > most {
		return 0, ""
	}
	for n = len(lines); n > 0; n-- {
		v := viper.New()
		v.SetConfigType(kind)
		if v.ReadConfig(bytes.NewReader(bytes.Join(lines[:n-1], nil))) == nil {
			return n, string(lines[n-1])
		}
	}
	return 0, ""
}
