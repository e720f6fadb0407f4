package inputs

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
)

func TestParseSharding(t *testing.T) {
	type env map[string]string
	slurm := func(id, least, most, count string) env {
		return env{"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": least, "SLURM_ARRAY_TASK_MAX": most, "SLURM_ARRAY_TASK_COUNT": count}
	}
	step := func(e env, step string) env {
		e = maps.Clone(e)
		e["SLURM_ARRAY_TASK_STEP"] = step
		return e
	}
	kubernetes := env{"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "4"}
	for _, c := range []struct {
		text string
		env  env
		want Sharding
		err  string
	}{
		{"", nil, Sharding{}, ""},
		{"", kubernetes, Sharding{}, ""}, // nothing is skipped unasked
		{"1/1", nil, Sharding{1, 1}, ""},
		{"2/8", kubernetes, Sharding{2, 8}, ""},
		{"8/8", nil, Sharding{8, 8}, ""},
		{"9/8", nil, Sharding{}, `shard is "9/8", expected I/N with I from 1 to N`},
		{"0/8", nil, Sharding{}, `shard is "0/8"`},
		{"-1/8", nil, Sharding{}, `shard is "-1/8"`},
		{"3", nil, Sharding{}, `shard is "3"`},
		{"1/2/3", nil, Sharding{}, `shard is "1/2/3"`},
		{"1/0", nil, Sharding{}, `shard is "1/0"`},
		{"Auto", nil, Sharding{}, `shard is "Auto"`},
		{"auto", nil, Sharding{}, "none of JOB_COMPLETION_INDEX (Kubernetes), SLURM_ARRAY_TASK_ID (Slurm) and PARALLEL_SEQ"},
		{"auto", kubernetes, Sharding{1, 4}, ""},
		{"auto", env{"JOB_COMPLETION_INDEX": "3", "MCLLAVA_SHARDS": "4"}, Sharding{4, 4}, ""},
		{"auto", env{"JOB_COMPLETION_INDEX": "4", "MCLLAVA_SHARDS": "4"}, Sharding{}, "in a Kubernetes indexed Job: index 5 of 4 is out of range"},
		{"auto", env{"JOB_COMPLETION_INDEX": "3"}, Sharding{}, "JOB_COMPLETIONS or MCLLAVA_SHARDS is not set, expected the number of shards"},
		{"auto", env{"JOB_COMPLETION_INDEX": "x", "MCLLAVA_SHARDS": "4"}, Sharding{}, `JOB_COMPLETION_INDEX is "x", expected a number from 0`},
		{"auto", env{"JOB_COMPLETION_INDEX": "0", "MCLLAVA_SHARDS": "0"}, Sharding{}, "index 1 of 0 is out of range"},
		{"auto", slurm("0", "0", "7", "8"), Sharding{1, 8}, ""},
		{"auto", slurm("8", "1", "8", "8"), Sharding{8, 8}, ""},
		{"auto", slurm("8", "1", "8", ""), Sharding{8, 8}, ""},
		{"auto", step(slurm("4", "0", "8", "5"), "2"), Sharding{3, 5}, ""},
		{"auto", step(slurm("4", "0", "9", "5"), "2"), Sharding{3, 5}, ""},
		{"auto", slurm("3", "1", "7", "3"), Sharding{}, "array 1 to 7 by 1 has 3 tasks, expected 7 without gaps"},
		{"auto", slurm("9", "1", "8", "8"), Sharding{}, "task 9 is not in 1 to 8 by 1"},
		{"auto", step(slurm("1", "1", "8", "8"), "0"), Sharding{}, "task 1 is not in 1 to 8 by 0"},
		{"auto", env{"SLURM_ARRAY_TASK_ID": "1"}, Sharding{}, "SLURM_ARRAY_TASK_MIN is not set"},
		{"auto", env{"PARALLEL_SEQ": "3", "MCLLAVA_SHARDS": "3"}, Sharding{3, 3}, ""},
		{"auto", env{"PARALLEL_SEQ": "4", "MCLLAVA_SHARDS": "3"}, Sharding{}, "in GNU parallel: index 4 of 3 is out of range"},
		{"auto", env{"PARALLEL_SEQ": "0", "MCLLAVA_SHARDS": "3"}, Sharding{}, "index 0 of 3 is out of range"},
		{"auto", env{"PARALLEL_SEQ": "3"}, Sharding{}, "MCLLAVA_SHARDS is not set, expected the number of shards"},
		{"auto", env{"PARALLEL_JOBSLOT": "3"}, Sharding{}, "none of"},
		{"auto", env{"PARALLEL_SEQ": "3", "SLURM_ARRAY_TASK_ID": "3"}, Sharding{}, "both SLURM_ARRAY_TASK_ID and PARALLEL_SEQ are set, expected one"},
	} {
		got, err := ParseSharding(c.text, func(name string) string { return c.env[name] })
		if got != c.want || (c.err == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q in %v: %v, %v; expected %v, %q", c.text, c.env, got, err, c.want, c.err)
		}
		if again, err := ParseSharding(got.String(), nil); again != got || err != nil {
			t.Errorf("%v is written as %q", got, got.String())
		}
	}
}

// Every picture is of one share; shares are of about the same size, and stay when pictures are added.
func TestMine(t *testing.T) {
	const count, pictures = 7, 7000
	var sizes [count]int
	for i := range pictures {
		hash := sha256.Sum256(fmt.Append(nil, i))
		owners := 0
		for s := range count {
			if (Sharding{s + 1, count}).Mine(hash) {
				owners++
				sizes[s]++
			}
		}
		if owners != 1 || !(Sharding{}).Mine(hash) || !(Sharding{1, 1}).Mine(hash) {
			t.Fatalf("picture %d is in %d shares", i, owners)
		}
	}
	for s, n := range sizes {
		if n < pictures/count*8/10 || n > pictures/count*12/10 {
			t.Errorf("share %d has %d of %d", s+1, n, pictures)
		}
	}
	if hash := [sha256.Size]byte{7: 9}; !(Sharding{2, 8}).Mine(hash) { // the split is part of what users rely on
		t.Error("the assignment has changed")
	}
}

func TestShares(t *testing.T) {
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("p/%d.jpg", i))
	}
	pictures(t, names...)
	if err := os.WriteFile("p/copy.jpg", []byte("\xff\xd8\xff content of p/3.jpg"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := "gone.jpg\n" + strings.Repeat("x", maxName+9) + "\n"
	owner := func(extra ...string) map[string]int {
		owner := map[string]int{}
		for s := range 4 {
			j, err := New(Options{Images: append([]string{"p"}, extra...), From: "-", Stdin: strings.NewReader(text), Questions: []string{"one", "two"}})
			if err != nil {
				t.Fatal(err)
			}
			asked := map[string]int{}
			for job, err := range j.All() {
				if err != nil {
					t.Fatal(err)
				}
				if hash, err := job.Source.Hash(); !(Sharding{s + 1, 4}).Takes(hash, err, job.Source.Path) {
					continue
				}
				asked[job.Image]++
				if o, ok := owner[job.Image]; ok && o != s {
					t.Errorf("%s is in the shares %d and %d", job.Image, o, s)
				}
				owner[job.Image] = s
			}
			for name, n := range asked {
				if n%2 != 0 {
					t.Errorf("%s: %d questions", name, n)
				}
			}
		}
		return owner
	}
	before := owner()
	if len(before) != 63 || before["p/3.jpg"] != before["p/copy.jpg"] {
		t.Errorf("%d pictures have a share; a copy has %d, its original %d", len(before), before["p/copy.jpg"], before["p/3.jpg"])
	}
	if err := os.WriteFile("p/0000.jpg", []byte("\xff\xd8\xff new"), 0o600); err != nil {
		t.Fatal(err)
	}
	after := owner("p/7.jpg", "p/nowhere.jpg")
	for name, s := range before {
		if after[name] != s {
			t.Errorf("%s moved from share %d to %d", name, s, after[name])
		}
	}
	if len(after) != len(before)+2 {
		t.Errorf("%d pictures", len(after))
	}
}
