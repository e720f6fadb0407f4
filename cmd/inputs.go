package cmd

import (
	"fmt"
	"os"
)

// spare refuses an output file that is one of the inputs, which would be lost.
func spare(output string, inputs ...string) error {
	info, err := os.Stat(output)
	if known := err == nil && info.Mode().IsRegular(); !known {
		return nil
	}
	for _, name := range inputs {
		if input, err := os.Stat(name); err == nil && os.SameFile(info, input) {
			return usageError{fmt.Errorf("%s: is to be read and written, expected another output file", output)}
		}
	}
	return nil
}

// spareInputs refuses an output or a dump that is one of the inputs.
func (r *run) spareInputs() error {
	o := r.options
	inputs := []string{o.Jobs.From, o.Jobs.Jobs, o.Jobs.QuestionsFile}
	if o.Output.Overwrite || o.Dump != "" {
		if _, again := r.jobs.Count(); again {
			for job, err := range r.jobs.All() {
				if err == nil {
					inputs = append(inputs, job.Source.Path)
				}
			}
		}
	}
	if err := spare(o.Output.Path, inputs...); err != nil {
		return err
	}
	return spare(o.Dump, inputs...)
}
