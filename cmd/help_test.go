package cmd

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava"
)

// eachCommand goes through the commands of the program.
func eachCommand(do func(c *cobra.Command)) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		do(c)
		for _, below := range c.Commands() {
			visit(below)
		}
	}
	visit(newRoot(Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}))
}

// TestHelp looks at the help of every command in terminals of several widths.
func TestHelp(t *testing.T) {
	t.Parallel()
	commands := 0
	eachCommand(func(c *cobra.Command) {
		commands++
		for _, columns := range []int{40, 80, 100} {
			text := helpText(c, columns)
			where := fmt.Sprintf("%s in %d columns", c.CommandPath(), columns)
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				words := strings.TrimSuffix(strings.TrimSpace(line), ` \`)
				if utf8.RuneCountInString(line) > columns && strings.Contains(words, " ") {
					t.Errorf("%s: a line has %d columns: %q", where, utf8.RuneCountInString(line), line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: a line ends with a space: %q", where, line)
				}
			}
			if strings.Contains(text, "`") {
				t.Errorf("%s: a back-quote in\n%s", where, text)
			}
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				shown := regexp.MustCompile(`(?m)^  (-\w, |    )?--`+f.Name+`( |\[=|$)`).FindAllString(text, -1)
				if want := map[bool]int{false: 1}[f.Hidden]; len(shown) != want {
					t.Errorf("%s: --%s is there %d times, want %d", where, f.Name, len(shown), want)
				}
			})
			plain := strings.Join(strings.Fields(text), " ")
			for _, part := range []string{c.Short, c.Long} {
				if !strings.Contains(plain, strings.Join(strings.Fields(part), " ")) && !strings.Contains(part, "\t") {
					t.Errorf("%s lacks %q", where, part)
				}
			}
			if example := strings.ReplaceAll(plain, ` \ `, " "); !strings.Contains(example, strings.Join(strings.Fields(c.Example), " ")) {
				t.Errorf("%s lacks the examples in\n%s", where, text)
			}
		}
	})
	if commands < 15 {
		t.Errorf("only %d commands", commands)
	}
}

// TestHelpOrder looks for the parts of the help of ask, one behind the other.
func TestHelpOrder(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := Main([]string{"ask", "--help"}, Streams{Out: &out, Err: io.Discard}); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	rest := out.String()
	for _, part := range []string{
		"\nUsage:\n  mcllava ask ", "\nExamples:\n  mcllava ask ", "\nInput:\n", "  -q, --question QUESTION", "\nKnobs:\n", "--max-crops NUMBER", "(default 100)\n",
		"\nAsking:\n", "--temperature NUMBER", "(default 0)", "--top-p NUMBER", "(default 1)", "\nOutput:\n", "  -o, --output FILE", "\nMachine:\n", "--cache-size SIZE", "(default 4G)",
		"\nFlags:\n  -h, --help ", "MCLLAVA_MAX_", "\nFormats:\n  plain     the answers", "\n  template  ",
	} {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q is not in its place in\n%s", part, &out)
		}
		rest = after
	}
	seed := regexp.MustCompile(`--seed NUMBER +seed of the randomness\n`)
	if !seed.MatchString(out.String()) {
		t.Errorf("--seed is not without a default in\n%s", &out)
	}
}

// TestColumns takes the width from COLUMNS, within limits.
func TestColumns(t *testing.T) {
	for columns, want := range map[string]int{"": 80, "many": 80, "0": 80, "-5": 80, "7": 20, "40": 40, "100": 100, "101": 100, "4000": 100} {
		t.Setenv("COLUMNS", columns)
		if got := (Streams{}).helpColumns(); got != want {
			t.Errorf("COLUMNS=%s: %d columns, want %d", columns, got, want)
		}
	}
}

// TestPage breaks texts between words, and commands outside quotes.
func TestPage(t *testing.T) {
	t.Parallel()
	p := page{columns: 26}
	p.command(`run --all "a text in quotes" --in "$(a command --with flags)" 'it "is" so'`, 2)
	p.long("Some words that\nare one paragraph.\n\n  name   its text\n         goes on\n  other  more")
	want := `  run --all \
    "a text in quotes" \
    --in "$(a command \
    --with flags)" \
    'it "is" so'
Some words that are one
paragraph.

  name
      its text goes on
  other
      more
`
	if p.String() != want {
		t.Errorf("got\n%s\nwant\n%s", p.String(), want)
	}
}

// TestFlagTexts looks at what help says of every flag.
func TestFlagTexts(t *testing.T) {
	t.Parallel()
	eachCommand(func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			value, help := valueName(f)
			first, size := utf8.DecodeRuneInString(help)
			begin, _, _ := strings.Cut(help, " ")
			named := begin == strings.TrimRight(value, ",") || size < len(help) && strings.ToUpper(begin) == begin
			switch {
			case strings.TrimSpace(help) == "":
				t.Errorf("%s: --%s has no help", c.CommandPath(), f.Name)
			case unicode.IsUpper(first) && !named:
				t.Errorf("%s: the help of --%s begins in upper case: %q", c.CommandPath(), f.Name, help)
			case strings.HasSuffix(help, "."):
				t.Errorf("%s: the help of --%s ends with a full stop: %q", c.CommandPath(), f.Name, help)
			case f.NoOptDefVal == "" && strings.IndexFunc(value, unicode.IsUpper) < 0 && f.Name != "icc":
				t.Errorf("%s: the value of --%s is called %q, expected capitals", c.CommandPath(), f.Name, value)
			}
		})
	})
}

// TestKnobFlags looks for a flag of ask for each knob, and for those of the view in crops, with the knob's help and default.
func TestKnobFlags(t *testing.T) {
	t.Parallel()
	defaults := mcllava.DefaultKnobs()
	for _, has := range []struct {
		*cobra.Command
		knobs iter.Seq[mcllava.Knob]
	}{{newAsk(Streams{}, nil), defaults.All()}, {newCrops(Streams{}, nil), defaults.ViewKnobs.All()}} {
		for knob := range has.knobs {
			f := has.Flags().Lookup(knob.Name)
			if f == nil {
				t.Errorf("%s has no --%s", has.Name(), knob.Name)
				continue
			}
			value := strings.Trim(fmt.Sprint(reflect.ValueOf(knob.Value).Elem()), "[]")
			if f.Usage != knob.Help || strings.Trim(f.DefValue, "[]") != value {
				t.Errorf("%s: --%s has the help %q and the default %q, want %q and %q", has.Name(), knob.Name, f.Usage, f.DefValue, knob.Help, value)
			}
		}
	}
}

// TestSuggestions misspells commands and flags.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	for call, want := range map[string]string{
		"aks":                    `unknown command "aks"; did you mean ask?`,
		"crop a.png":             `unknown command "crop"; did you mean crops?`,
		"mod":                    `unknown command "mod"; did you mean models?`,
		"nonsense":               `unknown command "nonsense"; see mcllava --help`,
		"../go.mod what":         `unknown command "../go.mod"; did you mean mcllava ask ../go.mod?`,
		"help aks":               `no help about "aks", expected a command; did you mean ask?`,
		"help cache clera":       `no help about "cache clera", expected a command; did you mean clear?`,
		"help frob":              `no help about "frob", expected a command; see mcllava --help`,
		"ask --max-crop 5 a q":   "unknown flag --max-crop; did you mean --max-crops?",
		"ask --max-crop=5 a q":   "unknown flag --max-crop; did you mean --max-crops?",
		"ask --maxcrops 5 a q":   "unknown flag --maxcrops; did you mean --max-crops?",
		"ask -max-crops 5 a q":   "unknown flag -max-crops; did you mean --max-crops?",
		"ask -max-crops=5 a q":   "unknown flag -max-crops; did you mean --max-crops?",
		"ask --tokens 5 a q":     "unknown flag --tokens; did you mean --num-tokens or --max-new-tokens?",
		"ask --temp 1 a q":       "unknown flag --temp; did you mean --temperature or --template?",
		"ask --something a q":    "unknown flag --something; see mcllava ask --help",
		"ask -x a q":             "unknown flag -x; see mcllava ask --help",
		"cache verify --cashe x": "unknown flag --cashe; did you mean --cache?",
	} {
		var out, message bytes.Buffer
		code := Main(strings.Fields(call), Streams{In: strings.NewReader(""), Out: &out, Err: &message})
		if got := message.String(); code != exitUsage || out.Len() > 0 || got != "mcllava: "+want+"\n" {
			t.Errorf("%s: exit code %d, %q, %q, want %q", call, code, &out, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for pair, want := range map[[2]string]int{{"", ""}: 0, {"", "ab"}: 2, {"ask", "aks"}: 1, {"kitten", "sitting"}: 3, {"flaw", "lawn"}: 2, {"same", "same"}: 0, {"abcd", "badc"}: 2} {
		if got, back := edits(pair[0], pair[1]), edits(pair[1], pair[0]); got != want || back != want {
			t.Errorf("%q and %q: %d and %d edits, want %d", pair[0], pair[1], got, back, want)
		}
	}
}
