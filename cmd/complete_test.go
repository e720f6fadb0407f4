package cmd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/tensor"
)

// completed is what the shell is told about the last of some arguments, with the directive after a colon.
func completed(args ...string) string {
	var out bytes.Buffer
	Main(append([]string{cobra.ShellCompNoDescRequestCmd}, args...), Streams{In: strings.NewReader(""), Out: &out, Err: io.Discard})
	return strings.Join(strings.Fields(out.String()), " ")
}

// TestComplete asks for what a shell would ask for. The directives are Cobra's: 0 for files, 4 for no files, 2 for no space.
func TestComplete(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HF_HOME", home)
	t.Setenv("HF_HUB_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", home)
	snapshot := filepath.Join(home, "hub", "models--owner--tiny", "snapshots", strings.Repeat("1", 40))
	converted := filepath.Join(home, "mcllava", "small-q8")
	folder := filepath.Join(home, "work")
	for _, path := range []string{snapshot, converted, filepath.Join(folder, "checkpoint"), filepath.Join(folder, "child"), filepath.Join(folder, ".hidden")} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{snapshot, converted, filepath.Join(folder, "checkpoint")} {
		if err := os.WriteFile(filepath.Join(path, "config.json"), []byte(`{"model_type":"mc-llava"}`), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "chart.png"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	for _, c := range []struct {
		args string
		want string
	}{
		{"ask --precision ", "f32 f16 bf16 q8 q4 :4"},
		{"ask --precision=b", "bf16 :4"},
		{"convert --vision q", "q8 q4 :4"},
		{"info --text f", "f32 f16 :4"},
		{"pull --convert q8", "q8 :4"},
		{"bench --precision q8,", "q8,f32 q8,f16 q8,bf16 q8,q4 :38"},
		{"ask --icc ", "on off :4"},
		{"ask --cache-rows k", "kept :4"},
		{"ask --columns image,answer", "image,answer image,answer_type :38"},
		{"ask --columns answer,answ", "answer,answer_type :38"},
		{"crops --estimate ", "auto always never :4"},
		{"ask --shard ", ":4"},
		{"ask --seed ", ":4"},
		{"ask --questions ", ":0"},
		{"ask -o ", ":0"},
		{"ask --config ", "yaml yml toml json :8"},
		{"ask --cache o", "off :4"},
		{"ask --cache ch", "checkpoint child/ :6"},
		{"ask --model o", "owner/tiny :4"},
		{"ask --model " + home + "/mcl", converted[:len(home)] + "/mcllava/small-q8 " + home + "/mcllava/ :6"},
		{"ask --model ch", "checkpoint child/ :6"},
		{"ask --model ./ch", "./checkpoint ./child/ :6"},
		{"ask --model .", ".hidden/ :6"},
		{"ask ", ":0"},
		{"ask chart.png ", ":0"},
		{"crops ", ":0"},
		{"sweep ", ":0"},
		{"sweep chart.png ", ":0"},
		{"sweep --plot ", "png svg pdf :8"},
		{"sweep --num-tokens ", ":4"},
		{"sweep --precision b", "bf16 :4"},
		{"crops chart.png ", ":4"},
		{"convert d", "demo :4"},
		{"convert demo ch", "checkpoint child/ :6"},
		{"convert demo to ", ":4"},
		{"merge ", ":0"},
		{"scenes ch", "checkpoint child/ :6"},
		{"scenes child ", ":4"},
		{"scenes --n ", ":4"},
		{"models ", "rm :4"},
		{"models rm ", "owner/tiny small-q8 :4"},
		{"models rm small-q8 ", "owner/tiny :4"},
		{"pull ", "owner/tiny visheratin/MC-LLaVA-3b :4"},
		{"info ", ":4"},
		{"cache ", "clear verify :4"},
		{"m", "merge models :4"},
		{"nonsense ", ":4"},
	} {
		if got := completed(strings.Split(c.args, " ")...); got != c.want {
			t.Errorf("%q: %s, want %s", c.args, got, c.want)
		}
	}
}

// TestCompletedValues compares what is offered with what is taken.
func TestCompletedValues(t *testing.T) {
	t.Parallel()
	for _, name := range forms {
		if _, err := tensor.ParseForm(name); err != nil {
			t.Error(err)
		}
	}
	if got := completed("ask", "--columns", ""); got != strings.Join(records.ColumnNames(), " ")+" :38" {
		t.Errorf("columns: %s", got)
	}
	var rows rowsFlag
	var icc iccFlag
	for flag, value := range map[string]pflag.Value{"--cache-rows": &rows, "--icc": &icc} {
		offered := strings.Fields(completed("ask", flag, ""))
		for _, text := range offered[:len(offered)-1] {
			if err := value.Set(text); err != nil {
				t.Errorf("%s: %v", flag, err)
			}
		}
	}
}

// TestEveryCompletion has every flag with a value, and the arguments of every command, say what completes them.
func TestEveryCompletion(t *testing.T) {
	t.Parallel()
	eachCommand(func(c *cobra.Command) {
		_, path, _ := strings.Cut(c.CommandPath(), " ")
		if _, ok := arguments[path]; !ok && !strings.HasPrefix(path, "completion") && path != "help" {
			t.Errorf("%s has no completion of its arguments", c.CommandPath())
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if complete, ok := c.GetFlagCompletionFunc(f.Name); f.NoOptDefVal == "" && (!ok || complete == nil) {
				t.Errorf("%s: --%s has no completion", c.CommandPath(), f.Name)
			}
		})
	})
}
