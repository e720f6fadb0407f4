package cmd

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWrittenTwice refuses what a library that reads settings passes over, and names keys and lines.
func TestWrittenTwice(t *testing.T) {
	unset(t)
	folder := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"a.json", "{\n\"threads\": 1,\n\"quiet\": true,\n\"threads\": 2}", ", line 4: threads is set already, in line 2"},
		{"b.json", "{\"threads\": 1, \"Threads\": 2}", ", line 1: threads is set already, in line 1"},
		{"c.yaml", "threads: 1\nThreads: 2\n", ", line 2: threads is set already, in line 1"},
		{"d.json", "{\"quiet\": true,\n\"temperature\": 1e400}", ", line 2: temperature is 1e400, which is too large or too small"},
		{"e.json", "{\"choices\": [1e999]}", ", line 1: choices is 1e999, which is too large or too small"},
		{"f.yaml", "# one\n---\nquiet: true\n---\nthreads: 1\n", ", line 4: a second document begins, expected one"},
		{"g.yaml", "quiet: true\n---\nthreads: [\n", ", line 2: a second document begins, expected one"},
		{"h.yaml", "quiet: true\nmax-crop: 5\n", ", line 2: unknown setting max-crop; did you mean max-crops?"},
		{"i.json", "{\n\n\"max_crops\": 5}", ", line 3: unknown setting max_crops; did you mean max-crops?"},
		{"j.toml", "quiet = true\nthread = 5\n", ", line 2: unknown setting thread; did you mean threads?"},
		{"k.toml", "quiet = true\n[more]\nthreads = 5\n", ": unknown setting more.threads; see mcllava ask --help"},
		{"l.yaml", "model:\n  name: a\n", ", line 1: model has settings of its own, expected one value"},
		{"m.yaml", "zzz: 1\naaa: 2\n", ", line 1: unknown setting zzz; see mcllava ask --help"},
		{"n.yaml", "max-crops: 99999999999999999999\n", `: max-crops is "99999999999999999999", which is too large or too small`},
		{"o.json", `{"max-crops": 99999999999999999999}`, `: max-crops is "99999999999999999999", which is too large or too small`},
		{"p.toml", "max-crops = 99999999999999999999\n", `, line 1: "max-crops = 99999999999999999999" has a number that is too large or too small`},
		{"q.yaml", "temperature: 1e400\n", `: temperature is "1e400", which is too large or too small`},
		{"r.yaml", "attention-layers: [1, 99999999999999999999]\n", ": attention-layers has 99999999999999999999, which is too large or too small"},
		{"s.yaml", "attention-layers: [1, two]\n", `: attention-layers has "two", expected a whole number`},
		{"t.json", `{"max-crops": 1.5}`, `: max-crops is "1.5", expected a whole number`},
	} {
		file := filepath.Join(folder, c.name)
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := "config file " + file + c.want
		if code, got := said("ask", "--config", file, "a.png", "q"); code == 0 || got != want {
			t.Errorf("%s: exit code %d, %q, want %q", c.name, code, got, want)
		}
	}
	for name, text := range map[string]string{
		"seed.json": `{"seed": 12345678901234567891, "temperature": 1e0}`, "seed.yaml": "seed: 12345678901234567891\ntemperature: 1\n---\n", "seed.toml": "temperature = 1.0\nseed = 1_234\n",
	} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		want := uint64(12345678901234567891)
		if name == "seed.toml" {
			want = 1234
		}
		if o, err := asked(t, "ask", "--config", file, "a.png", "q"); err != nil || o.Knobs.Seed != want || o.Knobs.Temperature != 1 {
			t.Errorf("%s: %v, seed %d", name, err, o.Knobs.Seed)
		}
	}
}

// TestVariablesPassedOver says of a variable that has the name of a flag and is no setting that it does nothing.
func TestVariablesPassedOver(t *testing.T) {
	unset(t)
	t.Setenv("MCLLAVA_OUTPUT", "a.jsonl")
	t.Setenv("MCLLAVA_SHARDS", "2")
	t.Setenv("MCLLAVA_TEST_THIS", "2")
	t.Setenv("MCLLAVA_MAX_CROP", "9")
	misspelt := "MCLLAVA_MAX_CROP is passed over, since there is no such setting; did you mean MCLLAVA_MAX_CROPS?"
	want := "MCLLAVA_OUTPUT is passed over: --output is of one call, and stands on the command line alone"
	for call, count := range map[string]int{"ask a.png q": 1, "ask a.png q --quiet": 0, "ask a.png q -o b.jsonl": 0, "crops a.png": 1, "info": 0} {
		_, got := said(strings.Fields(call)...)
		if strings.Count(got, want) != count {
			t.Errorf("%s: %q, want %d times %q", call, got, count, want)
		}
		if quiet := strings.HasSuffix(call, "--quiet"); strings.Contains(got, misspelt) == quiet || strings.Count(got, "is passed over") > count+1 {
			t.Errorf("%s: %q, want %q unless it is quiet", call, got, misspelt)
		}
	}
}

// TestIdleBesideSettings names the setting beside which a flag does nothing.
func TestIdleBesideSettings(t *testing.T) {
	config := filepath.Join(unset(t), "config.yaml")
	if err := os.WriteFile(config, []byte("cache: off\nyes-no: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"ask --cache-prompt a.png q":  "--cache-prompt does nothing with config file " + config + ": cache off",
		"ask --temperature 1 a.png q": "--temperature does nothing with config file " + config + ": yes-no, of which the likeliest is the answer",
	} {
		if code, got := said(strings.Fields(call)...); code != exitUsage || got != want {
			t.Errorf("%s: exit code %d, %q, want %q", call, code, got, want)
		}
	}
}

// TestClosedAmongSettings refuses answers that nobody gets, also where a setting that this call passes over would print otherwise.
func TestClosedAmongSettings(t *testing.T) {
	unset(t)
	t.Setenv("MCLLAVA_FILES_WITH_MATCHES", "1")
	for call, refused := range map[string]bool{
		"ask a.png q": true, "ask --json a.png q": true, "ask --yes-no a.png q": false, "ask --yes-no --json a.png q": true, "ask a.png q -o a.jsonl": false, "info": true,
	} {
		var text bytes.Buffer
		code := Main(strings.Fields(call), Streams{In: strings.NewReader(""), Out: io.Discard, OutClosed: true, Err: &text})
		if code != exitFailed || strings.Contains(text.String(), errClosed.Error()) != refused {
			t.Errorf("%s: exit code %d, %q", call, code, text.String())
		}
	}
}

// TestSettingsAreNamed has each message about a setting say where it is: in the config file under its name, or in a variable.
func TestSettingsAreNamed(t *testing.T) {
	for setting, want := range map[string]string{
		"threads: 5000":           "{threads} is 5000, expected at most 1024",
		"threads: -1":             "{threads} is -1, expected 0 or more",
		"threads: two":            `{threads} is "two", expected a whole number`,
		"show: paint":             `{show} is "paint", expected auto, kitty, iterm, sixel, blocks or off`,
		"precision: q9":           `{precision}: unknown precision "q9", expected f32, f16, bf16, q8 or q4`,
		"temperature: 500":        "{temperature} is 500, expected 0 to 100",
		"top-p: 0":                "{top-p} is 0, expected more than 0 and at most 1",
		"max-new-tokens: 0":       "{max-new-tokens} is 0, expected 1 or more",
		"num-tokens: 0":           "{num-tokens} is 0, expected 1 or more",
		"max-pixels: 0":           "{max-pixels} is 0, expected 1 or more",
		"sure: 3":                 "{sure} is 3, expected more than 0 and at most 1",
		"coarse: 0":               "{coarse} is 0, expected 1 or more",
		"prompt: hello":           "{prompt} has no {question}",
		"choices: 'a,a'":          `{choices}: a choice is given twice, "a"`,
		"choices: 'a,'":           "{choices}: a choice is empty",
		"min-confidence: 2":       "{min-confidence} is 2, expected 0 to 1",
		"timeout: -5s":            "{timeout} is -5s, expected 0 or more",
		"shard: 5/2":              `{shard} is "5/2", expected I/N with I from 1 to N, or auto`,
		"region: 5":               `{region} is "5", expected `,
		"cache-size: many":        `{cache-size} is "many", expected bytes such as 500M, 4G or 4GiB`,
		"icc: maybe":              `{icc} is "maybe", expected on or off`,
		"template: '{{.Anser}}'":  "{template}, line 1: there is no field .Anser",
		"template: '{{.Choice}}'": "{template}: .Choice needs --choices or --yes-no",
		"seed: -1":                `{seed} is "-1", expected a whole number from 0`,
		"vision: q9":              `{vision}: unknown precision "q9", expected f32, f16, bf16, q8 or q4`,
		"num-tokens: 99999":       "../testdata/images/a.png: {num-tokens} is 99999, but ",
		"region: 0,0,9000,9000":   "../testdata/images/a.png: {region} 0,0,9000,9000 is not within the picture's ",
		"max-pixels: 10":          "../testdata/images/a.png: PNG header claims 386×383 = 0.147838 megapixels, the limit is 0.00001 ({max-pixels})",
		"model: nosuch/folder":    "{model}: nosuch/folder: ",
	} {
		name, value, _ := strings.Cut(setting, ": ")
		config := filepath.Join(unset(t), "config.yaml")
		want = strings.ReplaceAll(want, "{question}", "<question>")
		at := func(origin string) string {
			return strings.ReplaceAll(strings.Replace(want, "{"+name+"}", origin, 1), "<question>", "{question}")
		}
		call := []string{"ask", "../testdata/images/a.png", "q", "--quiet"}
		if err := os.WriteFile(config, []byte(setting+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, got := said(call...); code == 0 || !strings.HasPrefix(got, at("config file "+config+": "+name)) {
			t.Errorf("%s: exit code %d, %q, want %q", setting, code, got, at("config file "+config+": "+name))
		}
		if err := os.Remove(config); err != nil {
			t.Fatal(err)
		}
		t.Setenv(variable(name), strings.Trim(value, "'"))
		if code, got := said(call...); code == 0 || !strings.HasPrefix(got, at(variable(name))) {
			t.Errorf("%s: exit code %d, %q, want %q", variable(name), code, got, at(variable(name)))
		}
		t.Setenv(variable(name), "")
	}
}
