//go:build unix

package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCheckpointCutShort takes the weights away from a run that has begun to answer.
func TestCheckpointCutShort(t *testing.T) {
	t.Parallel()
	program, folder, out := builtProgram(t), copied(t, "../internal/demo/checkpoint"), filepath.Join(t.TempDir(), "out.jsonl")
	args := []string{"ask", "--quiet", "--cache", "off", "--max-crops", "4", "--model", folder, "--json", "-o", out, "../internal/demo/scenes"}
	for range 40 {
		args = append(args, "-q", "what shop is this?"+strings.Repeat("?", len(args)))
	}
	var message bytes.Buffer
	c := exec.Command(program, args...)
	c.Stderr = &message
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(out); err == nil && info.Size() > 0 {
			break
		}
	}
	weights := filepath.Join(folder, "model.safetensors")
	if err := os.Truncate(weights, 4096); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	if code := c.ProcessState.ExitCode(); code != exitFailed || message.String() != "mcllava: "+weights+": was changed while it was read (truncated?)\n" {
		t.Errorf("exit code %d, %q", code, message.String())
	}
	answers, err := os.ReadFile(out)
	if err != nil || len(answers) == 0 || answers[len(answers)-1] != '\n' {
		t.Errorf("%v, answers %q", err, answers)
	}
}
