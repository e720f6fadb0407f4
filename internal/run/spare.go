package run

import (
	"fmt"
	"os"
)

// Spare refuses an output file that is one of the inputs, which would be lost.
func Spare(output string, inputs ...string) error {
	info, err := os.Stat(output)
	if known := err == nil && info.Mode().IsRegular(); !known {
		return nil
	}
	for _, name := range inputs {
		if input, err := os.Stat(name); err == nil && os.SameFile(info, input) {
			return UsageError{fmt.Errorf("%s: is both an input and the output, expected another output file", output)}
		}
	}
	return nil
}

// spareInputs refuses an output, a dump or a drawing that is one of the inputs.
func (r *Run) spareInputs() error {
	o := r.options
	names := r.pairs.Lists()
	if o.Output.Overwrite || o.Dump != "" || o.Gaze != nil {
		if _, again := r.pairs.Count(); again {
			for pair, err := range r.pairs.All() {
				if err == nil {
					names = append(names, pair.Source.Path)
				}
			}
		}
	}
	if err := Spare(o.Output.Path, names...); err != nil {
		return err
	}
	if o.Gaze != nil {
		if err := Spare(o.Gaze.File, names...); err != nil {
			return err
		}
	}
	return Spare(o.Dump, names...)
}
