package cmd

import (
	"fmt"
	"unicode/utf8"

	"github.com/mcllava/mcllava/internal/terminal"
)

// checkUTF8 refuses texts for the model that are no UTF-8, as files of questions are refused.
func (o *askOptions) checkUTF8() error {
	texts := map[string][]string{"question": o.Inputs.Questions}
	for knob := range o.Knobs.All() {
		switch v := knob.Value.(type) {
		case *string:
			texts[knob.Name] = []string{*v}
		case *[]string:
			texts[knob.Name] = *v
		}
	}
	for name, all := range texts {
		for _, text := range all {
			if !utf8.ValidString(text) {
				const most = 60
				return fmt.Errorf("%s is \"%s\", expected text in UTF-8", name, terminal.Shorten(terminal.Escape(text), most))
			}
		}
	}
	return nil
}
