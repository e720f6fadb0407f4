package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
)

// check refuses options that make no sense together.
func (o askOptions) check(yesNo bool) error {
	formatted := o.Format.String() != records.Plain.String()
	switch {
	case o.Timeout < 0:
		return fmt.Errorf("timeout is %v, expected 0 or more", o.Timeout)
	case threadsFault(o.Threads) != nil:
		return threadsFault(o.Threads)
	case o.Converse && o.Output.Path != "":
		return errors.New("--output is given and no QUESTION; a prompt answers on the terminal alone")
	case o.Converse && formatted:
		return errors.New("--json, --csv and --template need a QUESTION; a prompt answers on the terminal alone")
	case o.Converse && o.DryRun:
		return errors.New("--dry-run needs a QUESTION")
	case o.Output.Report != "" && o.Output.Path == "":
		return errors.New("--report is about an --output, which is missing")
	case o.Output.Report != "" && o.Format.CheckResume() != nil:
		return errors.New("--report needs an --output in JSON lines, or in CSV with a header and all columns")
	case o.Output.Sidecar != nil:
		return o.checkSidecar()
	case o.Output.WithName && formatted:
		return errors.New("--with-filename is about plain answers, expected no other format")
	case o.Output.Path == "" && (o.Output.Resume || o.Output.Overwrite && !o.draws() && !o.drawsMany() && !o.Looks && o.Dump == ""):
		return errors.New("--resume and --overwrite are about an --output, which is missing")
	case o.Output.Resume && o.Output.Overwrite:
		return errors.New("both --resume and --overwrite are given, expected one")
	case !(o.Output.MinConfidence >= 0 && o.Output.MinConfidence <= 1):
		return fmt.Errorf("min-confidence is %v, expected 0 to 1", o.Output.MinConfidence)
	case o.Output.OnlyYes && !yesNo:
		return errors.New("-l prints the images whose answer is Yes, and needs --yes-no")
	case o.Output.OnlyYes && o.Output.Resume:
		return errors.New("-l prints names alone, expected no --resume")
	case o.Output.MinConfidence > 0 && o.Output.Resume:
		return errors.New("--min-confidence leaves answers out, so that --resume would ask for them again")
	case o.Output.Resume:
		return o.Format.CheckResume()
	case o.Dump != "" && (o.Converse || !o.single()):
		return errors.New("--dump is about one image and one question")
	}
	return nil
}

// checkSidecar refuses what makes no sense together with --sidecar.
func (o askOptions) checkSidecar() error {
	switch {
	case o.Output.Path != "":
		return errors.New("both --output and --sidecar are given, expected one")
	case o.Converse:
		return errors.New("--sidecar needs a QUESTION; a prompt answers on the terminal alone")
	case o.Output.Resume:
		return errors.New("--resume is about an --output; the pictures that have a --sidecar are skipped anyway")
	case o.Output.OnlyYes:
		return errors.New("both -l and --sidecar are given, expected one")
	case slices.Contains(o.Inputs.Images, inputs.Stdin):
		return errors.New("--sidecar writes beside a picture's file, expected none from standard input")
	case o.Inputs.Jobs == inputs.Stdin:
		return errors.New("--sidecar needs all lines of the --jobs ahead, expected a file of them")
	case o.Dump != "" && !o.single():
		return errors.New("--dump is about one image and one question")
	case !(o.Output.MinConfidence >= 0 && o.Output.MinConfidence <= 1):
		return fmt.Errorf("min-confidence is %v, expected 0 to 1", o.Output.MinConfidence)
	case o.Output.WithName && o.Format.String() != records.Plain.String():
		return errors.New("--with-filename is about plain answers, expected no other format")
	}
	return nil
}

// draws says whether a drawing goes to a file that the user names.
func (o askOptions) draws() bool { return o.Gaze != nil && o.Gaze.File != "" }

// drawsMany says whether drawings go to a folder that the user names.
func (o askOptions) drawsMany() bool { return o.Gaze != nil && o.Gaze.Folder != "" }

// sparesBeside refuses, before any work, to take the place of files with those that are written beside the answers.
func (o askOptions) sparesBeside() error {
	var paths []string
	if o.draws() {
		paths = append(paths, o.Gaze.File)
	}
	if o.Dump != "" {
		paths = append(paths, o.Dump)
	}
	for _, path := range paths {
		if err := run.Spare(path, o.Inputs.Images...); err != nil {
			return err
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 && !o.Output.Overwrite {
			return fmt.Errorf("%s: exists and is not empty; --overwrite replaces it", path)
		}
	}
	return nil
}
