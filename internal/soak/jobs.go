package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// job is some work of the program.
type job struct {
	name     string
	commands []func(folder string) []string // arguments of the program, one call after another
	begin    func(folder string) error      // what is there before, if not nil
	outputs  []string                       // files of records that grow while the program runs
	hashed   []string                       // folders of which only the number of files is compared: their names are random

	kills          int // that are to be
	killed, rounds int
	faults
}

func fixed(args ...string) func(string) []string { return func(string) []string { return args } }

// jobs are all that the program can do that writes files, or the one of a name.
func (s *soaker) jobs(ctx context.Context, only string) ([]*job, error) {
	seen := filepath.Join(s.folder, "pictures")
	ask := func(more ...string) []string {
		return append([]string{"ask", "--threads", "1", "--max-crops", "4", seen, "-q", "is it day or night?", "-q", "what colour is the awning?"}, more...)
	}
	shard := func(number string) []string {
		return ask("--cache", "off", "--resume", "--shard", number+"/2", "-o", number+".jsonl")
	}
	cached := func(output string) func(string) []string {
		return fixed(ask("--cache", "cache", "--cache-prompt", "--resume", "-o", output)...)
	}
	former := []byte("{\"image\":\"former\"}\n")
	all := []*job{
		{name: "json", outputs: []string{"out.jsonl"}, commands: calls(ask("--cache", "off", "--resume", "-o", "out.jsonl"))},
		{name: "csv", outputs: []string{"out.csv"}, commands: calls(ask("--cache", "off", "--resume", "-o", "out.csv"))},
		{
			name: "overwrite", outputs: []string{"out.jsonl"},
			begin: func(folder string) error { return os.WriteFile(filepath.Join(folder, "out.jsonl"), former, 0o600) },
			commands: []func(string) []string{func(folder string) []string {
				text, _ := os.ReadFile(filepath.Join(folder, "out.jsonl"))
				if bytes.Equal(text, former) {
					return ask("--cache", "off", "--overwrite", "-o", "out.jsonl")
				}
				return ask("--cache", "off", "--resume", "-o", "out.jsonl")
			}},
		},
		{name: "shards", outputs: []string{"1.jsonl", "2.jsonl"}, commands: calls(shard("1"), shard("2"), []string{"merge", "1.jsonl", "2.jsonl", "--overwrite", "-o", "all.jsonl"})},
		{name: "convert", commands: calls([]string{"convert", "--threads", "1", "demo", "converted"})},
		{name: "pull", hashed: []string{"user"}, commands: calls([]string{"pull", "owner/tiny"})},
		{
			name: "cache", outputs: []string{"out.csv"}, hashed: []string{"cache"},
			commands: []func(string) []string{cached("out.csv"), cached("again.csv"), fixed("cache", "verify", "--cache", "cache")},
		},
	}
	if help, err := exec.CommandContext(ctx, s.program, "ask", "--help").Output(); err != nil {
		return nil, err
	} else if bytes.Contains(help, []byte("--sidecar")) {
		all = append(all, s.sidecar(ask))
	}
	if only == "" {
		return all, nil
	}
	i := slices.IndexFunc(all, func(j *job) bool { return j.name == only })
	if i < 0 {
		return nil, fmt.Errorf("no job is called %q", only)
	}
	return all[i : i+1], nil
}

// sidecar asks about pictures in the job's own folder, beside which it writes.
func (s *soaker) sidecar(ask func(...string) []string) *job {
	args := ask("--cache", "off", "--json", "--sidecar", "{{.Name}}.jsonl")
	at := slices.Index(args, filepath.Join(s.folder, "pictures"))
	args[at] = "own"
	return &job{
		name: "sidecar", commands: calls(args),
		begin: func(folder string) error {
			return os.CopyFS(filepath.Join(folder, "own"), os.DirFS(filepath.Join(s.folder, "pictures")))
		},
	}
}

func calls(all ...[]string) (commands []func(string) []string) {
	for _, args := range all {
		commands = append(commands, fixed(args...))
	}
	return commands
}
