package cmd

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAddressSpace has weights of 20 GB and a limit of 4.
func TestAddressSpace(t *testing.T) {
	t.Parallel()
	program, folder := builtProgram(t), copied(t, "../testdata/mini")
	if err := os.Truncate(filepath.Join(folder, "model.safetensors"), 20e9); err != nil {
		t.Skip(err)
	}
	var message bytes.Buffer
	c := exec.Command("sh", "-c", `ulimit -v 4000000 && exec "$@"`, "sh", program, "info", "--model", folder)
	c.Stderr = &message
	_ = c.Run()
	text := message.String()
	if code := c.ProcessState.ExitCode(); code != exitFailed || strings.Count(text, "\n") != 1 || !strings.Contains(text, folder+": needs about 2") || !strings.Contains(text, "GB of address space, and the limit is 4.1 GB (ulimit -v)") {
		t.Errorf("exit code %d, %q", code, text)
	}
}
