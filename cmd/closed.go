package cmd

import (
	"errors"

	"github.com/spf13/cobra"
)

// errClosed says that what a command prints would be lost.
var errClosed = errors.New("standard output is closed, or is /dev/null opened for reading as well, so that nobody gets what is printed; -o /dev/null throws it away")

// checkOut refuses, before any work, a command all of whose results would be lost.
func checkOut(s Streams, c *cobra.Command) error {
	if s.OutClosed && printsAll(c) {
		return errClosed
	}
	return nil
}

// printsAll says whether a command is of no use but for what it prints. With -l the exit code is an answer too.
func printsAll(c *cobra.Command) bool {
	switch c.Name() {
	case "tokenize", "info":
		return true
	case askCommand, "merge", "crops":
		for _, name := range []string{"output", "sidecar", "save", "sheet", "files-with-matches"} {
			if f := c.Flags().Lookup(name); f != nil && f.Changed && f.Value.String() != "-" {
				return false
			}
		}
		return true
	}
	return false
}
