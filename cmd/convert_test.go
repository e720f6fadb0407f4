package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDamagedConvertedCheckpoints has the program refuse converted checkpoints by name.
func TestDamagedConvertedCheckpoints(t *testing.T) {
	t.Parallel()
	const mini, picture = "../testdata/mini", "../testdata/images/a.png"
	whole := filepath.Join(t.TempDir(), "whole")
	if code, out, message := inProcess("convert", "--quiet", mini, whole); code != 0 || out != "" || message != "" {
		t.Fatal(code, out, message)
	}
	edit := func(old, new string) func(string) error {
		return func(file string) error { return replaceIn(file, old, new) }
	}
	for name, c := range map[string]struct {
		damage func(file string) error
		say    string
	}{
		"cut short":               {func(f string) error { return os.Truncate(f, 300000) }, "cut short"},
		"cut short in the header": {func(f string) error { return os.Truncate(f, 1000) }, "cut short in the header"},
		"longer": {func(f string) error {
			data, err := os.ReadFile(f)
			if err != nil {
				return err
			}
			return os.WriteFile(f, append(data, 0), 0o600)
		}, "1 left over"},
		"another layout": {edit(`"layout":"1"`, `"layout":"2"`), `packed in layout version "2", expected "1"; convert the published checkpoint again`},
		"another form":   {edit(`"text":"q8"`, `"text":"q4"`), "is in q8, expected q4"},
		"another shape":  {edit(`lm_head.weight":"q8 [512`, `lm_head.weight":"q8 [513`), "lm_head.weight has 43008 bytes, expected 45696 for a matrix [513 80] in q8"},
		"missing tensor": {edit(`"vision_model.coord_embed.2.weight":{`, `"vision_model.coord_embed.3.weight":{`), "vision_model.coord_embed.3.weight"},
		"fewer layers": {func(f string) error {
			return replaceIn(filepath.Join(filepath.Dir(f), "config.json"), `"num_hidden_layers": 3`, `"num_hidden_layers": 2`)
		}, "is not used by the model"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := copied(t, whole)
			file := filepath.Join(folder, "model.safetensors")
			if err := c.damage(file); err != nil {
				t.Fatal(err)
			}
			says := []string{c.say, file}
			refuses(t, says, "--model", folder, picture, "what")
			if code, out, message := inProcess("info", "--model", folder); code != exitFailed || out != "" || strings.Count(message, "\n") != 1 || !containsAll(message, says) {
				t.Errorf("info: exit code %d, %q, %q; want 1, nothing and %q", code, out, message, says)
			}
		})
	}
}

// TestKilledConvert kills a conversion again and again, a little later after it has begun to write each time, and lets the next one
// go on.
func TestKilledConvert(t *testing.T) {
	t.Parallel()
	program := builtProgram(t)
	whole := filepath.Join(t.TempDir(), "whole")
	if message, err := exec.Command(program, "convert", "--precision", "q4", "demo", whole).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, message)
	}
	want, err := os.ReadFile(filepath.Join(whole, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	unfinished := 0
	const rounds, later = 5, 3 * time.Millisecond
	for n := range rounds {
		folder := filepath.Join(t.TempDir(), fmt.Sprint(n))
		for range 2 {
			c := exec.Command(program, "convert", "--precision", "q4", "--threads", "1", "demo", folder)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(time.Minute); !begun(folder) && time.Now().Before(deadline); {
				time.Sleep(100 * time.Microsecond)
			}
			time.Sleep(time.Duration(n) * later)
			_ = c.Process.Kill()
			_ = c.Wait()
		}
		if _, err := os.Stat(filepath.Join(folder, "model.safetensors.partial")); err == nil {
			unfinished++
		}
		if message, err := exec.Command(program, "convert", "--precision", "q4", "demo", folder).CombinedOutput(); err != nil {
			t.Fatalf("after %v: %v: %s", time.Duration(n)*later, err, message)
		}
		got, err := os.ReadFile(filepath.Join(folder, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("killed after %v, other bytes than unbroken", time.Duration(n)*later)
		}
	}
	t.Logf("%d of %d killed halfway", unfinished, rounds)
	if unfinished == 0 {
		t.Error("no conversion was killed halfway")
	}
}

// begun says whether a folder has weights, whole or in part.
func begun(folder string) bool {
	found, _ := filepath.Glob(filepath.Join(folder, "model.safetensors*"))
	return slices.ContainsFunc(found, func(path string) bool { return !strings.HasSuffix(path, ".lock") })
}

func TestInterruptedConvert(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var message bytes.Buffer
	err := convert(ctx, Streams{Err: &message}, convertOptions{From: "../testdata/mini", To: filepath.Join(t.TempDir(), "to")})
	if err == nil || !errors.Is(err, context.Canceled) || err.Error() != "interrupted; run the same command again to continue" || message.Len() > 0 {
		t.Errorf("%v, %q", err, message.String())
	}
}
