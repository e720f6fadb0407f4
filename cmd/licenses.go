package cmd

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/licenses"
)

func newLicenses(s Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licences of the program and of all that is in it",
		Args:  exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			_, err := io.WriteString(s.Out, licenses.Notices)
			return err
		},
	}
}
