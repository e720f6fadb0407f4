// Command soak kills the program again and again, at random moments of all that it writes, has it go on, and counts what differs from
// a run that nobody stopped.
//
//	go run ./internal/soak -kills 1000
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	streets "github.com/mcllava/mcllava/internal/demo/draw"
	"github.com/mcllava/mcllava/internal/hub/hubtest"
)

func main() {
	kills := flag.Int("kills", 1000, "how often the program is killed")
	short := flag.Bool("short", false, "kill it 30 times")
	workers := flag.Int("workers", runtime.NumCPU(), "runs at the same time")
	program := flag.String("program", "", "the program; built from here if empty")
	hub := flag.String("hub", "testdata/mini-f16-sharded", "folder of the checkpoint that is pulled")
	only := flag.String("only", "", "the one job to run")
	flag.Parse()
	if *short {
		*kills = 30
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	sound, err := soak(ctx, *program, *hub, *only, *kills, *workers)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if err != nil || !sound {
		stop()
		os.Exit(1)
	}
}

// pictures is how many pictures are asked about.
const pictures = 4

func soak(ctx context.Context, program, hub, only string, kills, workers int) (sound bool, err error) {
	folder, err := os.MkdirTemp("", "mcllava-soak-")
	if err != nil {
		return false, err
	}
	defer func() {
		if sound || err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if program == "" {
		program = filepath.Join(folder, "mcllava")
		if message, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/mcllava").CombinedOutput(); err != nil {
			return false, fmt.Errorf("%w: %s", err, message)
		}
	}
	server, err := hubtest.New("owner/tiny", os.DirFS(hub))
	if err != nil {
		return false, err
	}
	defer server.Close()
	s := &soaker{program: program, folder: folder, hub: server.Endpoint()}
	if err := draw(filepath.Join(folder, "pictures")); err != nil {
		return false, err
	}
	jobs, err := s.jobs(ctx, only)
	if err != nil {
		return false, err
	}
	for i, j := range jobs {
		rest, parts := kills, len(jobs)-i
		for _, before := range jobs[:i] {
			rest -= before.kills
		}
		j.kills = rest / parts
		if err := s.runAll(ctx, j, workers); err != nil {
			return false, fmt.Errorf("%s: %w", j.name, err)
		}
	}
	return table(os.Stdout, jobs), nil
}

func draw(folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for number := 1; number <= pictures; number++ {
		picture, err := streets.Small(number)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", number)), picture, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func table(w io.Writer, jobs []*job) (sound bool) {
	var all job
	const line = "%-10s %6v %7v %6v %8v %6v %6v %6v %8v\n"
	fmt.Fprintf(w, line, "", "kills", "rounds", "lost", "doubled", "torn", "wrong", "left", "refused")
	row := func(j *job) {
		fmt.Fprintf(w, line, j.name, j.killed, j.rounds, j.lost, j.doubled, j.torn, j.wrong, j.left, j.refused)
	}
	for _, j := range jobs {
		row(j)
		all.killed += j.killed
		all.rounds += j.rounds
		all.faults.add(j.faults)
	}
	all.name = "all"
	row(&all)
	return all.faults == faults{}
}

// soaker runs the program.
type soaker struct {
	program, folder, hub string
	log                  sync.Mutex
}

// mostKills is how often the work in one folder is killed before it is let to its end.
const mostKills = 4

// runAll does rounds of a job until it has been killed as often as it is to be.
func (s *soaker) runAll(ctx context.Context, j *job, workers int) error {
	want := filepath.Join(s.folder, j.name+"-unbroken")
	start := time.Now()
	if err := s.finish(ctx, j, want); err != nil {
		return err
	}
	length := time.Since(start)
	var group sync.WaitGroup
	var lock sync.Mutex
	var failed error
	claimed := 0
	for range workers {
		group.Go(func() {
			for {
				lock.Lock()
				most := min(mostKills, j.kills-claimed)
				claimed += most
				number := j.rounds
				j.rounds++
				done := most <= 0 || failed != nil
				if done {
					j.rounds--
				}
				lock.Unlock()
				if done {
					return
				}
				killed, found, err := s.round(ctx, j, filepath.Join(s.folder, fmt.Sprint(j.name, number)), want, most, length)
				lock.Lock()
				claimed -= most - killed
				j.killed += killed
				j.faults.add(found)
				failed = errors.Join(failed, err)
				lock.Unlock()
			}
		})
	}
	group.Wait()
	return failed
}

// round kills the work in a new folder until it was killed often enough or came to its end, lets it come to its end, and compares the
// folder with one that nobody killed. The folder stays if they differ.
func (s *soaker) round(ctx context.Context, j *job, folder, want string, most int, length time.Duration) (killed int, found faults, err error) {
	if err := s.begin(j, folder); err != nil {
		return 0, found, err
	}
	before := map[string]int{}
	for killed < most {
		moment, cancel := context.WithTimeout(ctx, rand.N(length))
		err := s.work(moment, j, folder)
		cut := moment.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return killed, found, ctx.Err()
		}
		if !cut {
			found.refusal(s, j, err)
			break
		}
		killed++
		for _, output := range j.outputs {
			found.add(halfway(folder, want, output, before))
		}
	}
	if err := s.work(ctx, j, folder); err != nil {
		if ctx.Err() != nil {
			return killed, found, ctx.Err()
		}
		found.refusal(s, j, err)
	}
	end, err := compare(j, folder, want)
	found.add(end)
	if err != nil || found != (faults{}) {
		s.note("%s: %+v in %s", j.name, found, folder)
		return killed, found, err
	}
	return killed, found, os.RemoveAll(folder)
}

func (s *soaker) begin(j *job, folder string) error {
	if err := os.Mkdir(folder, 0o755); err != nil || j.begin == nil {
		return err
	}
	return j.begin(folder)
}

// finish does the work in a new folder, without a kill.
func (s *soaker) finish(ctx context.Context, j *job, folder string) error {
	if err := s.begin(j, folder); err != nil {
		return err
	}
	return s.work(ctx, j, folder)
}

// work runs a job's commands one after another. Whichever runs when the context ends is killed.
func (s *soaker) work(ctx context.Context, j *job, folder string) error {
	for i := range j.commands {
		c := exec.CommandContext(ctx, s.program, j.commands[i](folder)...)
		c.Dir = folder
		c.Env = append(os.Environ(), "MCLLAVA_QUIET=true", "HF_ENDPOINT="+s.hub, "HF_HOME="+filepath.Join(folder, "hub"),
			"XDG_CACHE_HOME="+filepath.Join(folder, "user"), "XDG_CONFIG_HOME="+filepath.Join(folder, "config"))
		message, err := c.CombinedOutput()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("%w: %s", err, message)
		}
	}
	return nil
}

func (s *soaker) note(format string, args ...any) {
	s.log.Lock()
	defer s.log.Unlock()
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
