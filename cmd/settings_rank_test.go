package cmd

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mcllava/mcllava/internal/inputs"
)

// settingCase is a call among settings, and what comes of it.
type settingCase struct {
	env, file string // NAME=VALUE with spaces between them, and lines of the config file
	call      string
	want      func(askOptions) bool
}

// settingsOf puts a case's settings in force, and gives the words of its call, in which @ is a space.
func (c settingCase) settingsOf(t *testing.T) []string {
	t.Helper()
	file := filepath.Join(unset(t), "config.yaml")
	if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, one := range strings.Fields(c.env) {
		name, value, _ := strings.Cut(one, "=")
		t.Setenv("MCLLAVA_"+name, value)
	}
	words := strings.Fields(c.call)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "@", " ")
	}
	return words
}

func formatted(name string) func(askOptions) bool {
	return func(o askOptions) bool { return o.Format.String() == name }
}

func choosing(choices ...string) func(askOptions) bool {
	return func(o askOptions) bool { return slices.Equal(o.Knobs.Choices, choices) }
}

func one(o askOptions) bool { return !o.Knobs.Search && o.Knobs.MaxCrops == 9 }

// TestSettingsPassedOver passes over settings that are about a format or a way to answer that this call does not have.
func TestSettingsPassedOver(t *testing.T) {
	plain := func(o askOptions) bool { return o.plain() && !o.Output.OnlyYes }
	for _, c := range []settingCase{
		{"CSV_SAFE=1", "", "ask a.png q", plain},
		{"NO_HEADER=1", "", "ask a.png q", plain},
		{"COLUMNS=image", "", "ask a.png q", plain},
		{"COLUMNS=image,answer CSV_SAFE=1", "", "look a.png q", plain},
		{"", "csv-safe: true\ncolumns: image\nno-header: true\n", "ask a.png q", plain},
		{"", "columns: [image, answer]\n", "ask a.png q --json", formatted("jsonl")},
		{"COLUMNS=image", "", "ask a.png q -o a.jsonl", formatted("jsonl")},
		{"COLUMNS=image", "", "ask a.png q -o a.csv --template {{.Answer}}", formatted("template")},
		{"WITH_FILENAME=1", "", "ask a.png q --json", func(o askOptions) bool { return !o.Output.WithName && o.Format.String() == "jsonl" }},
		{"WITH_FILENAME=1", "", "ask a.png q -o a.csv", formatted("csv")},
		{"WITH_FILENAME=1", "", "ask a.png q --sidecar {{.Name}}.json --json", formatted("jsonl")},
		{"WITH_FILENAME=1", "json: true\n", "ask a.png q", formatted("jsonl")},
		{"FILES_WITH_MATCHES=1", "", "ask a.png q", plain},
		{"", "files-with-matches: true\n", "ask a.png q --choices a,b", plain},
		{"FILES_WITH_MATCHES=1", "", "ask a.png q --csv", formatted("csv")},
	} {
		t.Run(c.env+" "+c.file+c.call, func(t *testing.T) {
			o, err := asked(t, c.settingsOf(t)...)
			if err != nil || !c.want(o) {
				t.Errorf("%v, format %s, %+v", err, o.Format, o.Output)
			}
		})
	}
}

// TestSettingsKept leaves settings alone that do something.
func TestSettingsKept(t *testing.T) {
	for _, c := range []settingCase{
		{"CSV=1 COLUMNS=image,answer NO_HEADER=1", "", "ask a.png q", func(o askOptions) bool { return o.Format.String() == "csv" && o.Format.CheckResume() != nil }},
		{"NO_HEADER=1", "", "ask a.png q -o a.csv", func(o askOptions) bool { return o.Format.String() == "csv" && o.Format.CheckResume() != nil }},
		{"WITH_FILENAME=1", "", "ask a.png q", func(o askOptions) bool { return o.Output.WithName }},
		{"FILES_WITH_MATCHES=1", "", "ask a.png q --yes-no", func(o askOptions) bool { return o.Output.OnlyYes }},
		{"JSON=1", "", "ask a.png q --csv=false", formatted("jsonl")},
		{"JSON=1", "", "ask a.png q -o a.jsonl --dry-run", func(o askOptions) bool { return o.DryJSON }},
		{"CHOICES=a,b", "", "ask a.png q --yes-no=false", choosing("a", "b")},
		{"SEARCH=1 MAX_CROPS=9", "", "ask a.png q", func(o askOptions) bool { return o.Knobs.Search }},
		{"SEARCH=1", "", "ask a.png q --search-crops 5", func(o askOptions) bool { return o.Knobs.Search && o.Knobs.SearchCrops == 5 }},
		{"MIN_CONFIDENCE=0.5", "", "ask a.png q", func(o askOptions) bool { return o.Output.MinConfidence == 0.5 }},
	} {
		t.Run(c.env+" "+c.file+c.call, func(t *testing.T) {
			o, err := asked(t, c.settingsOf(t)...)
			if err != nil || !c.want(o) {
				t.Errorf("%v, format %s, %+v", err, o.Format, o)
			}
		})
	}
}

// TestFlagsOverrideSettings has a flag override the environment, and this the config file, also where they have different names and do not
// go together.
func TestFlagsOverrideSettings(t *testing.T) {
	names := func(o askOptions) bool { return o.Output.OnlyYes && o.Format.String() == "template" }
	for _, c := range []settingCase{
		{"JSON=1", "", "ask a.png q --csv", formatted("csv")},
		{"", "json: true\n", "ask a.png q --csv", formatted("csv")},
		{"JSON=1", "", "ask a.png q --template {{.Answer}}", formatted("template")},
		{"", "json: true\n", "look a.png q --template {{.Answer}}", formatted("template")},
		{"TEMPLATE={{.Answer}}", "", "ask a.png q --json", formatted("jsonl")},
		{"", "template: '{{.Answer}}'\n", "ask a.png q -l --yes-no", names},
		{"JSON=1", "", "ask a.png q -o a.csv", formatted("csv")},
		{"CSV=1", "", "ask a.png q -o a.jsonl", formatted("jsonl")},
		{"TEMPLATE={{.Answer}}", "", "ask a.png q -o a.csv", formatted("csv")},
		{"FILES_WITH_MATCHES=1", "", "ask a.png q --yes-no --json", func(o askOptions) bool { return !o.Output.OnlyYes && o.Format.String() == "jsonl" }},
		{"FILES_WITH_MATCHES=1 YES_NO=1", "", "ask a.png q --choices a,b", func(o askOptions) bool { return !o.Output.OnlyYes && len(o.Knobs.Choices) == 2 }},
		{"FILES_WITH_MATCHES=1", "", "ask a.png q --yes-no -o a.csv --resume", formatted("csv")},
		{"MIN_CONFIDENCE=0.5", "", "ask a.png q -o a.csv --resume", func(o askOptions) bool { return o.Output.MinConfidence == 0 }},
		{"NO_HEADER=1", "columns: image,answer\n", "ask a.png q -o a.csv --resume", func(o askOptions) bool { return o.Format.CheckResume() == nil }},
		{"JSON=1", "", "ask a.png q -H", func(o askOptions) bool { return o.plain() && o.Output.WithName }},
		{"CSV=1", "json: true\n", "ask a.png q", formatted("csv")},
		{"JSON=1", "csv: true\ncolumns: image\n", "ask a.png q", formatted("jsonl")},
		{"CHOICES=a,b", "", "ask a.png q --yes-no", choosing(yes, no)},
		{"", "choices: [a, b]\n", "ask a.png q --yes-no", choosing(yes, no)},
		{"YES_NO=1", "", "ask a.png q --choices a,b", choosing("a", "b")},
		{"YES_NO=1", "choices: a,b\n", "ask a.png q", choosing(yes, no)},
		{"SEARCH=1", "", "ask a.png q --max-crops 9", one},
		{"", "search: true\nsearch-crops: 5\n", "look a.png q --max-crops 9", one},
		{"SEARCH=1", "", "ask a.png q --max-crops 100", func(o askOptions) bool { return !o.Knobs.Search }},
		{"LOGPROBS=false", "", "ask a.png q --csv --columns image,confidence", func(o askOptions) bool { return o.Knobs.LogProbs }},
	} {
		t.Run(c.env+" "+c.file+c.call, func(t *testing.T) {
			o, err := asked(t, c.settingsOf(t)...)
			if err != nil || !c.want(o) {
				t.Errorf("%v, format %s, %+v", err, o.Format, o)
			}
		})
	}
}

// TestTypedTogether still refuses on the command line what does not go together, whatever the settings are.
func TestTypedTogether(t *testing.T) {
	for want, c := range map[string]settingCase{
		"both --csv and --template are given, expected one":                                   {env: "JSON=1", call: "ask a.png q --csv --template x"},
		"both --choices and --yes-no are given, expected one":                                 {env: "YES_NO=1", call: "ask a.png q --choices a,b --yes-no"},
		"--columns, --no-header and --csv-safe are about --csv":                               {env: "CSV_SAFE=1 JSON=1", call: "ask a.png q --columns image"},
		"--max-crops is of one look; how many crops a --search looks at, --search-crops says": {file: "search: true\n", call: "ask a.png q --search --max-crops 9"},
		"-l prints the images whose answer is Yes, and needs --yes-no":                        {file: "files-with-matches: true\n", call: "ask a.png q -l"},
		"--with-filename is about plain answers, expected no other format":                    {env: "WITH_FILENAME=1", call: "ask a.png q -H --json"},
		"the output's name ends with .csv, but the format asked for is jsonl":                 {env: "CSV=1", call: "ask a.png q --json -o a.csv"},
		"--predictions scores answers that are there, and asks nothing":                       {call: "eval vstar bench --predictions x --search"},
		"a search has no cells, expected one number of crops and one of image tokens":         {call: "eval vstar bench --search --num-tokens 364,728"},
		"--min-confidence leaves answers out, so that --resume would ask for them again":      {call: "ask a.png q -o a.csv --resume --min-confidence 0.5"},
		"the confidence is to be printed, and needs --logprobs":                               {env: "LOGPROBS=1", call: "ask a.png q --logprobs=false --columns image,logprob --csv"},
	} {
		t.Run(c.call, func(t *testing.T) {
			if code, got := said(c.settingsOf(t)...); code != exitUsage || got != want {
				t.Errorf("exit code %d, %q, want %q", code, got, want)
			}
		})
	}
}

// TestEvalSettings has settings give way to what an evaluation is asked for on the command line.
func TestEvalSettings(t *testing.T) {
	for _, c := range []struct {
		settingCase
		search, sharded bool
	}{
		{settingCase{env: "SEARCH=1", call: "vstar bench"}, true, false},
		{settingCase{env: "SEARCH=1 SHARD=1/2", call: "vstar bench --json"}, true, true},
		{settingCase{env: "SEARCH=1", call: "vstar bench --max-crops 9"}, false, false},
		{settingCase{file: "search: true\n", call: "vstar bench --max-crops 0,9"}, false, false},
		{settingCase{env: "SEARCH=1", call: "vstar bench --num-tokens 364,728"}, false, false},
		{settingCase{env: "SEARCH=1", call: "vstar bench --num-tokens 364"}, true, false},
		{settingCase{env: "SEARCH=1 SHARD=1/2", call: "vstar bench --predictions x"}, false, false},
	} {
		t.Run(c.env+" "+c.file+c.call, func(t *testing.T) {
			words := c.settingsOf(t)
			var o evalOptions
			s := Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
			root := newRoot(s)
			for _, one := range root.Commands() {
				if one.Name() == "eval" {
					root.RemoveCommand(one)
				}
			}
			root.AddCommand(newEval(s, func(_ context.Context, _ Streams, got evalOptions) error { o = got; return nil }))
			root.SetArgs(append([]string{"eval"}, words...))
			err := root.ExecuteContext(t.Context())
			recorded := slices.ContainsFunc(o.Command, func(word string) bool { return strings.HasPrefix(word, "--search=") })
			if err != nil || o.Knobs.Search != c.search || recorded != c.search || (o.Shard != inputs.Sharding{}) != c.sharded {
				t.Errorf("%v, search %v, shard %v, command %q", err, o.Knobs.Search, o.Shard, o.Command)
			}
		})
	}
}

// TestSettingsAtPrompt passes over formats of the settings where answers are on the terminal alone, and refuses those of the command line.
func TestSettingsAtPrompt(t *testing.T) {
	for _, c := range []settingCase{
		{env: "JSON=1", call: "ask a.png"},
		{env: "CSV=1 COLUMNS=image NO_HEADER=1", call: "ask a.png"},
		{file: "template: x\n", call: "ask a.png"},
		{env: "FILES_WITH_MATCHES=1 YES_NO=1", call: "ask a.png"},
	} {
		t.Run(c.env+c.file, func(t *testing.T) {
			words := c.settingsOf(t)
			var o askOptions
			s := Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard, InTerminal: true, ErrTerminal: true}
			root := newRoot(s)
			for _, one := range root.Commands() {
				if one.Name() == "ask" {
					root.RemoveCommand(one)
				}
			}
			root.AddCommand(newAsk(s, func(_ context.Context, _ Streams, got askOptions) error { o = got; return nil }))
			root.SetArgs(words)
			if err := root.ExecuteContext(t.Context()); err != nil || !o.Converse || !o.plain() || o.Output.OnlyYes {
				t.Errorf("%v, %+v", err, o.Output)
			}
			root.SetArgs(append(words, "--json"))
			if err := root.ExecuteContext(t.Context()); err == nil {
				t.Error("--json at a prompt is not refused")
			}
		})
	}
}
