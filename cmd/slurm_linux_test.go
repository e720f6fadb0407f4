package cmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// noSlurm is the exit code of slurm.sh where Slurm cannot run.
const noSlurm = 77

// TestSlurm submits an array of three jobs, each with the share that Slurm gave it, to a Slurm of its own.
func TestSlurm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starting Slurm takes seconds")
	}
	folder := smallStreets(t, 12)
	work := t.TempDir()
	whole := newLongRun(t, folder, "json")
	whole.finish(t)
	shard := newLongRun(t, folder, "json", "--shard", "auto")
	shard.output = filepath.Join(work, "$SLURM_ARRAY_TASK_ID.jsonl")
	job := "#!/bin/sh\nexec"
	for _, arg := range shard.command().Args {
		job += fmt.Sprintf(" %q", arg)
	}
	path := filepath.Join(work, "job.sh")
	if err := os.WriteFile(path, []byte(job+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("sh", filepath.Join("testdata", "slurm.sh"), filepath.Join(work, "slurm"),
		"sbatch", "--quiet", "--wait", "--array=4-8:2", "--output="+filepath.Join(work, "%a.log"), path)
	message, err := c.CombinedOutput()
	switch {
	case c.ProcessState.ExitCode() == noSlurm:
		t.Skip(strings.TrimSpace(string(message)))
	case err != nil || len(message) > 0:
		t.Fatalf("%v: %s", err, message)
	}
	merged := longRun{format: "json", output: filepath.Join(work, "merged.jsonl")}
	args := []string{"merge", "-o", merged.output}
	for _, task := range []string{"4", "6", "8"} {
		args = append(args, filepath.Join(work, task+".jsonl"))
		if log, err := os.ReadFile(filepath.Join(work, task+".log")); err != nil || len(log) > 0 {
			t.Errorf("task %s says %q, %v", task, log, err)
		}
	}
	if message, err := exec.Command("mcllava", args...).CombinedOutput(); err != nil {
		t.Fatalf("merge: %v: %s", err, message)
	}
	same(t, merged.records(t), whole.records(t))
}
