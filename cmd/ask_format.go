package cmd

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/records"
)

// format is the format that flags ask for or, without one, that of the output's name.
func (f *askFlags) format(o askOptions) (records.Format, error) {
	var names, flags []string
	for _, one := range []struct {
		flag  string
		asked bool
	}{{"json", f.json}, {"csv", f.csv}, {"template", f.template != ""}, {"files-with-matches", o.Output.OnlyYes}} {
		if one.asked {
			names, flags = append(names, formatFlags[one.flag]), append(flags, one.flag)
		}
	}
	if len(names) > 1 {
		return records.Format{}, fmt.Errorf("both --%s and --%s are given, expected one", flags[0], flags[1])
	}
	named := formatOf(o.Output.Path)
	switch {
	case len(names) == 0 && named != "":
		names = []string{named}
	case len(names) == 0:
		names = []string{""}
	case named != "" && names[0] != named && names[0] != "template":
		return records.Format{}, fmt.Errorf("the output's name ends with %s, but the format asked for is %s", strings.ToLower(filepath.Ext(o.Output.Path)), names[0])
	}
	ofCSV := f.columns != nil || f.noHeader || f.csvSafe
	switch {
	case ofCSV && names[0] != csvFormat:
		return records.Format{}, errors.New("--columns, --no-header and --csv-safe are about --csv")
	case names[0] == csvFormat:
		if err := checkColumns(f.columns); err != nil {
			return records.Format{}, err
		}
		format, err := records.NewCSV(records.CSVOptions{Columns: f.columns, NoHeader: f.noHeader, Safe: f.csvSafe})
		if err != nil {
			err = fmt.Errorf("--columns: %w", err)
		}
		return format, err
	case names[0] == "names":
		return records.ParseFormat("template", "{{.Image}}")
	}
	return records.ParseFormat(names[0], f.template)
}

// checkColumns refuses a column that there is not, with those that may be meant.
func checkColumns(columns []string) error {
	all := records.ColumnNames()
	for _, name := range columns {
		switch near := like(name, all); {
		case name == "":
			return errors.New("--columns: a column is empty, expected names such as image,answer")
		case slices.Contains(all, name):
		case near != nil:
			return fmt.Errorf("--columns: there is no column %q; did you mean %s?", name, listed(near[:min(len(near), mostSuggestions)], "or"))
		default:
			return fmt.Errorf("--columns: there is no column %q; they have the names of the fields of --json, such as image, question, answer and error", name)
		}
	}
	return nil
}

// plain says whether answers stand alone, without their records.
func (o askOptions) plain() bool { return o.Format.String() == records.Plain.String() }

// streams says whether the answer is shown as it comes.
func (o askOptions) streams(s Streams) bool {
	return s.OutTerminal && o.Output.Path == "" && o.Output.Sidecar == nil && !o.Output.WithName && o.single() && o.plain() && o.Output.MinConfidence == 0
}

// wanted says which answers are printed; nil for all.
func (o askOptions) wanted() func(records.Record) bool {
	if !o.Output.OnlyYes && o.Output.MinConfidence == 0 {
		return nil
	}
	return func(r records.Record) bool {
		return (!o.Output.OnlyYes || r.Answer == yes) && (r.Confidence == nil || *r.Confidence >= o.Output.MinConfidence)
	}
}
