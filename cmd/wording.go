package cmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// expected is what a flag's value is to be, by the flag's type.
var expected = map[string]string{
	"bool":        "true or false",
	"int":         "a whole number",
	"uint64":      "a whole number from 0",
	"float64":     "a number",
	"intSlice":    "whole numbers with commas between them",
	"duration":    "a time with its unit, such as 90s or 2m",
	"stringSlice": "comma-separated values; quote one that contains a comma",
}

// badValue says what a value is and what was expected, of that which the user calls by a name. Any other error stays as it is.
func badValue(name string, err error) error {
	var bad *pflag.InvalidValueError
	switch {
	case !errors.As(err, &bad):
		return err
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%s is %q, which is too large or too small", name, bad.GetValue())
	case expected[bad.GetFlag().Value.Type()] != "":
		return fmt.Errorf("%s is %q, expected %s", name, bad.GetValue(), expected[bad.GetFlag().Value.Type()])
	}
	return fmt.Errorf("%s is %q, %w", name, bad.GetValue(), bad.Unwrap())
}

// badFlag is how a command line that cannot be read is reported.
func badFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		return unknownFlag(c, unknown)
	}
	var bad *pflag.InvalidValueError
	if errors.As(err, &bad) {
		err = badValue("--"+bad.GetFlag().Name, err)
	}
	return usageError{fmt.Errorf("%w; see %s --help", err, c.CommandPath())}
}

// trimLists takes the spaces away that stand around the commas of lists.
func trimLists(c *cobra.Command) (err error) {
	c.Flags().VisitAll(func(f *pflag.Flag) {
		several, ok := f.Value.(pflag.SliceValue)
		if !ok || f.Value.Type() != "stringSlice" || !f.Changed {
			return
		}
		values := several.GetSlice()
		for i := range values {
			values[i] = strings.TrimSpace(values[i])
		}
		err = errors.Join(err, several.Replace(values))
	})
	return err
}

// exactly takes n arguments, which the message calls by their names.
func exactly(n int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s takes %s, got %s; see %s --help", c.Name(), names, counted(args), c.CommandPath())}
		}
		return nil
	}
}

func counted(args []string) string {
	switch len(args) {
	case 0:
		return "none"
	case 1:
		return fmt.Sprintf("%q", args[0])
	}
	return fmt.Sprintf("%d arguments", len(args))
}

// number is a count of things, such as "1 file" and "2 files".
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
