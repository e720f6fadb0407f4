package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(s.Out, "mcllava", version())
			return err
		},
	}
}

// release is the version of a release, which its build sets (-ldflags "-X github.com/mcllava/mcllava/cmd.release=v1.2.3").
var release string

// version is that of the program and of the Go that built it.
func version() string {
	program := release
	if info, ok := debug.ReadBuildInfo(); ok && program == "" {
		program = info.Main.Version
	}
	if program == "" {
		program = "(unknown)"
	}
	return program + " " + runtime.Version()
}
