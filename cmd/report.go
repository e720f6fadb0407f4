package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/report"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/terminal"
)

type reportOptions struct {
	Runs      []string
	Output    string // "" for standard output
	Overwrite bool
	Title     string
	Link      bool
	MaxSize   byteSize
	Pictures  mcllava.PictureOptions
	JSON      bool // the numbers alone
	Quiet     bool
	Command   []string
	Figures   []report.Figure
	Overall   *float64
	Others    []report.Other
	Open      func(name string) (data []byte, known bool, err error) // as report.Options has it
}

func newReport(s Streams, run func(context.Context, Streams, reportOptions) error) *cobra.Command {
	if run == nil {
		run = writeReport
	}
	o := reportOptions{MaxSize: report.DefaultBytes}
	c := &cobra.Command{
		Use:   "report RUN...",
		Short: "Make a page of answers with their pictures",
		Long: `Make one HTML page of the outputs of ask (RUN, in JSON lines or CSV): numbers, all items with their pictures, and of each
its crops, tokens, record, and the command that asks it again. The page works from the disk, without a server, and fetches nothing.

Of several RUNs, and of one with several knobs, it compares each two over the questions that both have. Where records have a
score (0 to 1), expected and category, as those of evaluations do, it has scores with 95 % intervals, and puts first what is sure and wrong.

Pictures are looked for under the names that the records have, and then beside the RUN. One that is missing, or is not the one
that was asked about, is left out, and its row says so.`,
		Example: `  mcllava report answers.jsonl -o report.html
  mcllava report coarse.jsonl fine.jsonl -o compared.html
  mcllava report answers.jsonl --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("report takes the RUNs to show, got none; see %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			o.Runs = args
			if o.Output == "-" {
				o.Output = ""
			}
			if err := o.check(s); err != nil {
				return usageError{err}
			}
			return run(c.Context(), s, o)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVarP(&o.Output, "output", "o", "", "write the page to this `FILE`, all of it or nothing (default: standard output)")
	f.BoolVar(&o.Overwrite, "overwrite", false, "overwrite the --output file if it is a page of results")
	f.StringVar(&o.Title, "title", "", "`TITLE` of the page; by default the names of the RUNs")
	f.BoolVar(&o.Link, "link", false, "show the picture files themselves in large, which the page then needs, and have only small ones in it")
	f.Var(&o.MaxSize, "max-size", "largest page, a `SIZE` such as 30M; pictures are left out beyond that, texts never")
	addPictures(c, &o.Pictures)
	f.BoolVar(&o.JSON, "json", false, "print the numbers of the page as JSON, and write no page unless there is an --output")
	f.BoolVar(&o.Quiet, "quiet", false, "no note of what was written")
	onlyHere(c, "output", "overwrite", "title")
	return c
}

func (o reportOptions) check(s Streams) error {
	switch {
	case o.Output == "" && o.Overwrite:
		return errors.New("--overwrite is about an --output, which is missing")
	case o.Output == "" && o.Link:
		return errors.New("--link needs an --output, from whose folder pictures are found")
	case o.Output == "" && !o.JSON && s.OutTerminal:
		return errors.New("a page is no text for a terminal, expected --output FILE or --json")
	}
	return nil
}

func writeReport(ctx context.Context, s Streams, o reportOptions) error {
	if o.Output != "" {
		if err := run.Spare(o.Output, o.Runs...); err != nil {
			return err
		}
		if err := report.Spare(o.Output, o.Overwrite); err != nil {
			return err
		}
	}
	runs, err := report.ReadAll(ctx, o.Runs)
	if err != nil {
		return err
	}
	var summary report.Summary
	switch {
	case o.Output != "":
		if summary, err = report.WriteFile(ctx, o.Output, o.Overwrite, runs, o.page()); err != nil {
			return err
		}
		if !o.Quiet {
			noteReport(s, o.Output, summary)
		}
	case o.JSON:
		summary.Numbers = report.Count(runs)
	default:
		var page bytes.Buffer
		if _, err := report.Write(ctx, &page, runs, o.page()); err != nil {
			return err
		}
		_, err := page.WriteTo(s.Out)
		return err
	}
	if o.JSON {
		return printJSON(s, summary.Numbers)
	}
	return nil
}

func (o reportOptions) page() report.Options {
	return report.Options{
		Title: o.Title, Version: version(), MaxBytes: int(max(1, o.MaxSize)), Link: o.Link, Folder: filepath.Dir(o.Output), Pictures: o.Pictures, Open: o.Open, Command: o.Command,
		Figures: o.Figures, Overall: o.Overall, Others: o.Others,
	}
}

// noteReport says what a page has, and what it lacks.
func noteReport(s Streams, path string, r report.Summary) {
	fmt.Fprintf(s.Err, "mcllava: wrote %s: %s, %s\n", terminal.Escape(path), number(r.Items, "item"), number(r.Pictures, "picture"))
	if r.Unseen > 0 {
		note(s, "%s of the page could not be read; the first: %s", number(r.Unseen, "picture"), r.FirstNote)
	}
	if r.LeftOut > 0 {
		note(s, "%s had no room in the page; --max-size gives it more, and --link leaves more of it to the small ones", number(r.LeftOut, "picture"))
	}
}

// spareReport refuses a --report that would take the place of something else, before the run.
func (o askOptions) spareReport() error {
	path := o.Output.Report
	if path == "" {
		return nil
	}
	if filepath.Clean(path) == filepath.Clean(o.Output.Path) {
		return usageError{fmt.Errorf("%s: is both the --output and the --report, expected two files", path)}
	}
	if err := run.Spare(path, o.Output.Path); err != nil {
		return err
	}
	return report.Spare(path, o.Output.Overwrite || o.Output.Resume)
}

// report writes the page of a run that has ended.
func (o askOptions) report(ctx context.Context, s Streams) error {
	r := reportOptions{Runs: []string{o.Output.Path}, Output: o.Output.Report, Overwrite: o.Output.Overwrite || o.Output.Resume, MaxSize: report.DefaultBytes, Pictures: o.Pictures, Quiet: o.Quiet}
	return writeReport(ctx, s, r)
}
