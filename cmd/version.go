package cmd

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func newVersion(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			version := "(unknown)"
			if info, ok := debug.ReadBuildInfo(); ok {
				version = fmt.Sprintf("%s %s", info.Main.Version, info.GoVersion)
			}
			_, err := fmt.Fprintln(s.Out, "mcllava", version)
			return err
		},
	}
}
