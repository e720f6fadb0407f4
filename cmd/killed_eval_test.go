package cmd

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/scenes"
)

// TestKilledEvaluations kills evaluations at random moments and resumes them: the figures are those of an evaluation that nobody stopped,
// and those of two shards that are joined.
func TestKilledEvaluations(t *testing.T) {
	t.Parallel()
	pictures, kills := 4, *manyKills
	if testing.Short() {
		kills = 2
	}
	folder := filepath.Join(t.TempDir(), "scenes")
	if err := scenes.Write(t.Context(), folder, scenes.Options{N: pictures, Seed: 7}, scenes.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	run := func(more ...string) *longRun {
		args := []string{"eval", "scenes", folder, "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "4", "--resume"}
		return &longRun{format: "json", output: filepath.Join(t.TempDir(), "out.jsonl"), args: slices.Concat(args, more)}
	}
	figures := func(r *longRun) []byte {
		t.Helper()
		out, err := exec.Command("mcllava", "eval", "scenes", folder, "--predictions", r.output, "--json").Output()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	end := func(r *longRun) {
		t.Helper()
		if message, err := r.command().CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, message)
		}
	}
	unbroken := run()
	end(unbroken)
	want, records := figures(unbroken), unbroken.records(t)
	if !bytes.Contains(want, []byte(`"overall":`)) || len(records) < 2*pictures {
		t.Fatalf("%d records, and the figures %s", len(records), want)
	}
	killed := run()
	killed.kill(t, kills, len(records))
	end(killed)
	same(t, killed.records(t), records)
	if got := figures(killed); !bytes.Equal(got, want) {
		t.Errorf("the figures are %s, those of an unbroken run %s", got, want)
	}
	merged := &longRun{output: filepath.Join(t.TempDir(), "merged.jsonl")}
	merge := []string{"merge", "-o", merged.output}
	for _, shard := range []string{"1/2", "2/2"} {
		r := run("--shard", shard)
		end(r)
		merge = append(merge, r.output)
	}
	if message, err := exec.Command("mcllava", merge...).CombinedOutput(); err != nil {
		t.Fatalf("merge: %v: %s", err, message)
	}
	if got := figures(merged); !bytes.Equal(got, want) {
		t.Errorf("the figures of two shards are %s, those of one run %s", got, want)
	}
}
