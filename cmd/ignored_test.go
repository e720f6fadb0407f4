package cmd

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asked are the options that a command line of ask or look comes to, without anything being asked.
func asked(t *testing.T, args ...string) (o askOptions, err error) {
	t.Helper()
	s := Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}
	root := newRoot(s)
	for _, c := range root.Commands() {
		if c.Name() == "ask" || c.Name() == lookCommand {
			root.RemoveCommand(c)
		}
	}
	keep := func(_ context.Context, _ Streams, got askOptions) error { o = got; return nil }
	root.AddCommand(newAsk(s, keep), newLook(s, keep))
	root.SetArgs(args)
	return o, root.ExecuteContext(t.Context())
}

// said is how the program fails, in process, and its exit code.
func said(args ...string) (code int, message string) {
	var out, err bytes.Buffer
	code = Main(args, Streams{In: strings.NewReader(""), Out: &out, Err: &err})
	return code, strings.TrimSuffix(strings.TrimPrefix(err.String(), "mcllava: "), "\n")
}

// unset leaves the program without settings, and gives the folder of its config file.
func unset(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", folder)
	t.Setenv("HOME", folder)
	config, err := os.UserConfigDir()
	if err == nil {
		err = os.MkdirAll(filepath.Join(config, "mcllava"), 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(config, "mcllava")
}

// TestIdleFlags refuses flags that would do nothing, and names what they are about.
func TestIdleFlags(t *testing.T) {
	unset(t)
	for call, want := range map[string]string{
		"ask --coarse 5 a.png q":                                     "--coarse does nothing without --search",
		"ask --sure 0.5 a.png q":                                     "--sure does nothing without --search",
		"ask --search-crops 5 a.png q":                               "--search-crops does nothing without --search",
		"ask --abstentions x a.png q":                                "--abstentions does nothing without --search",
		"look --coarse 5 a.png q":                                    "--coarse does nothing without --search",
		"eval --coarse 5 vstar bench":                                "--coarse does nothing without --search",
		"eval --predictions x --sure 0.5 vstar bench":                "--sure does nothing without --search",
		"ask --search --max-crops 5 a.png q":                         "--max-crops is of one look; how many crops a --search looks at, --search-crops says",
		"eval --search --max-crops 5 vstar bench":                    "--max-crops is of one look; how many crops a --search looks at, --search-crops says",
		"ask --seed 5 a.png q":                                       "--seed does nothing without a --temperature above 0",
		"ask --top-p 0.5 a.png q":                                    "--top-p does nothing without a --temperature above 0",
		"look --seed 5 a.png q":                                      "--seed does nothing without a --temperature above 0",
		"sweep --seed 5 a.png q":                                     "--seed does nothing without a --temperature above 0",
		"eval --seed 5 vstar bench":                                  "--seed does nothing without a --temperature above 0",
		"ask --yes-no --temperature 1 a.png q":                       "--temperature does nothing with --yes-no, of which the likeliest is the answer",
		"ask --choices a,b --max-new-tokens 9 a.png q":               "--max-new-tokens does nothing with --choices, of which the likeliest is the answer",
		"sweep --choices a,b --seed 9 a.png q":                       "--seed does nothing with --choices, of which the likeliest is the answer",
		"ask --cache off --cache-prompt a.png q":                     "--cache-prompt does nothing with --cache off",
		"ask --cache off --cache-rows kept a.png q":                  "--cache-rows does nothing with --cache off",
		"eval --cache off --cache-size 4G vstar bench":               "--cache-size does nothing with --cache off",
		"ask --clamp a.png q":                                        "--clamp does nothing without --num-tokens",
		"eval --clamp vstar bench":                                   "--clamp does nothing without --num-tokens",
		"crops --clamp a.png":                                        "--clamp does nothing without --num-tokens",
		"ask --search --num-tokens 99 --clamp a.png q":               "--clamp does nothing with --search, which always takes the nearest number",
		"ask --quiet --progress a.png q":                             "both --quiet and --progress are given, expected one",
		"convert --quiet --progress demo other":                      "both --quiet and --progress are given, expected one",
		"ask --search --abstentions , a.png q":                       "abstentions: a phrase is empty, expected words of an answer",
		"ask --config= a.png q":                                      "--config is empty, expected FILE",
		"ask --output= a.png q":                                      "--output is empty, expected FILE",
		"ask --sidecar= a.png q":                                     "--sidecar is empty, expected TEMPLATE",
		"crops --save= a.png":                                        "--save is empty, expected FOLDER",
		"ask --csv --columns image,search a.png q":                   "--columns: search is empty without --search",
		"ask --csv --columns image,choice a.png q":                   "--columns: choice is empty without --choices or --yes-no",
		"ask --csv --columns dataset a.png q":                        "--columns: dataset is empty without mcllava eval, whose --output has it",
		"ask --csv --columns imag a.png q":                           `--columns: there is no column "imag"; did you mean image, image_tokens or image_sha256?`,
		"ask --csv --columns shop a.png q":                           `--columns: there is no column "shop"; they have the names of the fields of --json, such as image, question, answer and error`,
		"ask --csv --columns image, a.png q":                         "--columns: a column is empty, expected names such as image,answer",
		"ask --csv --columns image,image a.png q":                    `--columns: column "image" is given twice`,
		"ask --choices a,@a a.png q":                                 `choices: a choice is given twice, "a"`,
		"eval --predictions x --model demo vstar bench":              "--model does nothing with --predictions, which asks nothing",
		"eval --predictions x --system s vstar bench":                "--system does nothing with --predictions, which asks nothing",
		"ask --attention-word x a.png q":                             "--attention-word and --attention-layers are about --attention, --attention-dir or --show, expected one of them",
		"ask --attention-layers 1,2 a.png q":                         "--attention-word and --attention-layers are about --attention, --attention-dir or --show, expected one of them",
		"crops --overwrite a.png":                                    "--overwrite is about -o, --sheet or --save, expected one of them",
		"merge --overwrite a.jsonl":                                  "--overwrite is about an --output, which is missing",
		"merge --overwrite -o - a.jsonl":                             "--overwrite is about an --output, which is missing",
		"eval --overwrite vstar bench":                               "--overwrite is about an --output or another file, which is missing",
		"ask --template {{.Choice}} a.png q":                         "--template: .Choice needs --choices or --yes-no; {{if .Choice}} asks whether it is there",
		"ask --template {{json@.Probabilities}} a.png q":             "--template: .Probabilities needs --choices or --yes-no; {{if .Probabilities}} asks whether it is there",
		"ask --template {{.Attention.Peak}} a.png q":                 "--template, line 1: at {{.Attention.Peak}}: .Attention is there only where it is asked for and nothing failed; put {{with .Attention}} and {{end}} around it; see mcllava ask --help for what a template has",
		"ask --template {{.Attention}} a.png q":                      "--template: .Attention needs --attention, --attention-dir or --show; {{if .Attention}} asks whether it is there",
		"ask --template {{.Search.Stop}} a.png q":                    "--template, line 1: at {{.Search.Stop}}: .Search is there only where it is asked for and nothing failed; put {{with .Search}} and {{end}} around it; see mcllava ask --help for what a template has",
		"ask --template {{json@.Search}} a.png q":                    "--template: .Search needs --search; {{if .Search}} asks whether it is there",
		"ask --template {{.Correct}} a.png q":                        "--template: .Correct needs mcllava sweep --expect; {{if .Correct}} asks whether it is there",
		"sweep --template {{.Correct}} a.png q":                      "--template: .Correct needs mcllava sweep --expect; {{if .Correct}} asks whether it is there",
		"ask --template {{.Mark}} a.png q":                           "--template: .Mark needs mcllava sweep; {{if .Mark}} asks whether it is there",
		"ask --template {{.Score}} a.png q":                          "--template: .Score needs mcllava eval, whose --output has it; {{if .Score}} asks whether it is there",
		"ask --logprobs=false --columns image,logprob --csv a.png q": "the confidence is to be printed, and needs --logprobs",
	} {
		words := strings.Fields(call)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "@", " ")
		}
		if code, got := said(words...); code != exitUsage || got != want {
			t.Errorf("%s: exit code %d, %q, want %q", call, code, got, want)
		}
	}
}

// TestZeros refuses numbers for which the default would be taken.
func TestZeros(t *testing.T) {
	unset(t)
	for flag, want := range map[string]string{
		"--sure 0":         "sure is 0, expected more than 0 and at most 1",
		"--sure 2":         "sure is 2, expected more than 0 and at most 1",
		"--sure -1":        "sure is -1, expected more than 0 and at most 1",
		"--sure NaN":       "sure is NaN, expected more than 0 and at most 1",
		"--coarse 0":       "coarse is 0, expected 1 or more",
		"--coarse -3":      "coarse is -3, expected 1 or more",
		"--search-crops 0": "search-crops is 0, expected 1 or more",
		"--num-tokens 0":   "num-tokens is 0, expected 1 or more",
		"--num-tokens -1":  "num-tokens is -1, expected 1 or more",
		"--max-pixels 0":   "max-pixels is 0, expected 1 or more",
		"--max-pixels -5":  "max-pixels is -5, expected 1 or more",
	} {
		for _, call := range []string{"ask --search a.png q", "look --search a.png q", "eval --search vstar bench", "crops a.png", "sweep a.png q"} {
			words := strings.Fields(call + " " + flag)
			of, seeing := words[0], strings.HasPrefix(flag, "--s") || strings.HasPrefix(flag, "--coarse")
			if (of == "crops" || of == "sweep") && seeing || (of == "eval" || of == "sweep") && strings.HasPrefix(flag, "--num") {
				continue
			}
			if code, got := said(words...); code != exitUsage || got != want {
				t.Errorf("%s %s: exit code %d, %q, want %q", call, flag, code, got, want)
			}
		}
	}
	t.Setenv("MCLLAVA_QUIET", "1")
	if o, err := asked(t, "ask", "--progress", "a.png", "q"); err != nil || o.Quiet || !o.Progress {
		t.Errorf("--progress with a setting quiet: %v, quiet %v, progress %v", err, o.Quiet, o.Progress)
	}
	for _, call := range []string{
		"ask --search --sure 1 --coarse 1 --search-crops 1 --temperature 1 --seed 0 --top-p 0.5 a.png q", "ask --clamp --num-tokens 9 a.png q",
		"sweep --clamp a.png q", "ask --temperature 0 --yes-no a.png q", "ask --cache off --cache-prompt=false --clamp=false a.png q",
		"ask --csv --columns image,search --search a.png q", "ask --csv --columns image,@answer a.png q", "ask --search --abstentions no@sign,@unclear a.png q", "ask --csv --columns id,choice --jobs jobs.jsonl",
	} {
		words := strings.Fields(call)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "@", " ")
		}
		if _, err := asked(t, words...); err != nil && !strings.HasPrefix(call, "sweep") {
			t.Errorf("%s: %v", call, err)
		} else if code, got := said(words...); code != exitFailed || strings.Contains(got, "nothing") {
			t.Errorf("%s: exit code %d, %q", call, code, got)
		}
	}
}

// TestOnlyUTF8 refuses texts for the model that are none.
func TestOnlyUTF8(t *testing.T) {
	unset(t)
	for want, args := range map[string][]string{
		`question is "is \xff", expected text in UTF-8`: {"ask", "a.png", "is \xff"},
		`system is "\xff", expected text in UTF-8`:      {"ask", "a.png", "q", "--system", "\xff"},
		`choices is "\xc3", expected text in UTF-8`:     {"ask", "a.png", "q", "--choices", "\xc3,b"},
		`prompt is "\xffb", expected text in UTF-8`:     {"eval", "vstar", "bench", "--prompt", "\xffb"},
		`question is "\xff", expected text in UTF-8`:    {"sweep", "a.png", "-q", "\xff"},
	} {
		if code, got := said(args...); code != exitUsage || got != want {
			t.Errorf("%q: exit code %d, %q, want %q", args, code, got, want)
		}
	}
}

// TestIdleSettings takes from the config file and the environment what does nothing in this call.
func TestIdleSettings(t *testing.T) {
	folder := unset(t)
	config := "coarse: 9\nsure: 0.5\nattention-layers: [1, 2]\nmax-crops: 7\n"
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MCLLAVA_SEARCH_CROPS", "3")
	for _, call := range []string{"ask a.png q", "ask --search a.png q", "look a.png q"} {
		o, err := asked(t, strings.Fields(call)...)
		if err != nil || o.Knobs.Coarse != 9 || o.Knobs.SearchCrops != 3 || o.Knobs.MaxCrops != 7 {
			t.Errorf("%s: %v, %+v", call, err, o.Knobs)
		}
	}
}

// TestConfidenceIsPrinted has the confidence wherever it is to be printed.
func TestConfidenceIsPrinted(t *testing.T) {
	unset(t)
	for call, want := range map[string]bool{
		"ask a.png q --template {{.Confidence}}":                          true,
		"ask a.png q --template {{.LogProb}}":                             true,
		"look a.png q --template {{.LogProb}}":                            true,
		"ask a.png q --template {{with@.Confidence}}{{.}}{{end}}":         true,
		"ask a.png q --template {{if@.LogProb}}x{{end}}":                  true,
		"ask a.png q --logprobs=false --template {{if@.LogProb}}x{{end}}": false,
		"ask a.png q --template {{.PMin}}":                                false, // which every answer has
		"ask a.png q --yes-no --template {{.Confidence}}":                 false, // which a choice has
		"ask a.png q --csv --columns image,confidence":                    true,
		"ask a.png q --csv":                                               false,
		"ask a.png q --template {{.Answer}}":                              false,
		"ask a.png q --yes-no --template {{.Choice}}":                     false,
		"ask --jobs jobs.jsonl --template {{.Choice}}":                    false,
		"ask a.png q --search --template {{json@.Search}}":                false,
		"look a.png q --template {{json@.Attention}}":                     false,
		"ask a.png q --template {{with@.Attention}}{{.Peak}}{{end}}":      false,
	} {
		words := strings.Fields(call)
		for i := range words {
			words[i] = strings.ReplaceAll(words[i], "@", " ")
		}
		if o, err := asked(t, words...); err != nil || o.Knobs.LogProbs != want {
			t.Errorf("%s: log-probabilities %v, %v", call, o.Knobs.LogProbs, err)
		}
	}
	o, err := asked(t, "look", "a.png", "q", "--attention-word", "red", "--attention-layers", "1,2")
	if err != nil || o.Gaze == nil || o.Gaze.Word != "red" || o.Gaze.Layers != [2]int{1, 2} {
		t.Errorf("look at a word: %v, %+v", err, o.Gaze)
	}
}

// TestNoSettings refuses in the config file what is of one call, whichever command runs, so that nothing is passed over or written.
func TestNoSettings(t *testing.T) {
	folder := unset(t)
	for _, key := range []string{"output", "overwrite", "save", "sheet", "size", "report", "sidecar", "question", "pairs", "html", "plot", "dump", "attention"} {
		file := filepath.Join(folder, "config.yaml")
		if err := os.WriteFile(file, []byte(key+": x.png\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"ask a.png q", "crops a.png", "sweep a.png q", "eval vstar bench", "info"} {
			code, got := said(strings.Fields(call)...)
			if want := "config file " + file + ", line 1: " + key + " is no setting, since it is of one call; give --" + key + " on the command line"; code != exitUsage || got != want {
				t.Errorf("%s in the config file of %s: exit code %d, %q, want %q", key, call, code, got, want)
			}
		}
	}
}
