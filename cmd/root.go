// Package cmd is the command line of mcllava: one file a command. It prints; all else is done by package mcllava.
package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/terminal"
)

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is a mistake in how the program was called.
type usageError struct{ error }

// Main runs the program with its arguments and returns its exit code.
func Main(args []string, s Streams) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	out := &faultKeeper{Writer: s.Out}
	s.Out = out
	var shown *terminal.Writer
	if s.OutTerminal {
		shown = terminal.NewWriter(out)
		s.Out = shown
	}
	root := newRoot(s)
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	err = sourced(c, err)
	if shown != nil {
		err = errors.Join(err, shown.Flush())
	}
	if err == nil {
		err = out.fault
	}
	var usage usageError
	var badRun run.UsageError
	var hint interrupted
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(nothingFound)):
		return exitFailed
	case errors.As(err, &hint), ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(s.Err, "mcllava:", hint)
		return exitInterrupted
	case errors.Is(err, syscall.EPIPE):
		return exitFailed
	case errors.As(err, &usage), errors.As(err, &badRun):
		fmt.Fprintln(s.Err, "mcllava:", terminal.OneLine(err))
		return exitUsage
	default:
		fmt.Fprintln(s.Err, "mcllava:", terminal.OneLine(err))
		return exitFailed
	}
}

func newRoot(s Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "mcllava",
		Short: "Ask questions about high-resolution pictures",
		Long: `Ask questions about high-resolution pictures with the MC-LLaVA vision-language model, on the CPU.

The picture is cut into overlapping crops, so that small print is seen. Two knobs say how much:
--max-crops, how finely it is cut, and --num-tokens, how much of each crop the model is told.

Exit codes:
  0    everything was answered
  1    something failed, or nothing was found (ask -l, --min-confidence)
  2    wrong usage
  130  interrupted`,
		Example:       `  mcllava ask photo.jpg "what shop is this"`,
		Version:       version(),
		SilenceErrors: true,
		SilenceUsage:  true,

		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			if err := bind(c, s); err != nil {
				return err
			}
			if err := expandHomes(c); err != nil {
				return err
			}
			if err := trimLists(c); err != nil {
				return err
			}
			if err := idleEverywhere(c); err != nil {
				return usageError{err}
			}
			if c.Name() == askCommand { // which has settings that give way, and asks then
				return nil
			}
			return checkOut(s, c)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(c, args)
			}
			return c.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetFlagErrorFunc(badFlag)
	showHelp(root, s)
	root.SetVersionTemplate("mcllava {{.Version}}\n")
	root.AddCommand(newAsk(s, nil), newLook(s, nil), newSweep(s, nil), newEval(s, nil), newScenes(s, nil), newCrops(s, nil), newTokenize(s, nil), newInfo(s, nil), newPull(s, nil), newModels(s, nil), newConvert(s, nil), newMerge(s, nil), newReport(s, nil), newBench(s, nil), newCache(s), newLicenses(s), newVersion(s), newMan(s))
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "help":
			refuseUnknownTopics(c)
		case "completion":
			refuseUnknownShells(c)
		}
	}
	completeValues(root)
	return root
}

// refuseUnknownTopics has help fail where Cobra would show the help of the program.
func refuseUnknownTopics(help *cobra.Command) {
	show := help.Run
	help.RunE = func(c *cobra.Command, args []string) error {
		if _, rest, err := c.Root().Find(args); err != nil || len(rest) > 0 {
			return noHelp(c.Root(), args)
		}
		show(c, args)
		return nil
	}
}

// refuseUnknownShells has completion fail where Cobra would show its help.
func refuseUnknownShells(completion *cobra.Command) {
	completion.Args = cobra.ArbitraryArgs
	completion.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError{fmt.Errorf("completion of %q, expected bash, zsh, fish or powershell", args[0])}
		}
		return c.Help()
	}
}
