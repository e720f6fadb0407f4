package cmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/jobs"
	"github.com/mcllava/mcllava/internal/records"
)

// run is one call of ask: questions about pictures, answered in the order of the input.
type run struct {
	streams Streams
	options askOptions
	jobs    *jobs.Jobs
	pairs   int // of the whole input; 0 where that is not known

	model    *mcllava.Model
	opened   atomic.Pointer[mcllava.Model] // the same, for the look ahead
	settings records.Settings
	bar      *progress

	lock sync.Mutex // of the file, which the look ahead asks what is done
	file *records.File
	out  interface{ Write(records.Record) error }

	answered, failed int
	said             string // of the last failure
}

// interrupted is how a run ends that the user stopped.
type interrupted struct{ hint string }

func (e interrupted) Error() string { return "interrupted" + e.hint }

func (interrupted) Unwrap() error { return context.Canceled }

// answerAll answers every question about every picture.
func (r *run) answerAll(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if n, known := r.jobs.Count(); known {
		r.pairs = n
	}
	if err := r.spareInputs(); err != nil {
		return err
	}
	// A run without an output file has nothing to look up before it begins, so that its first picture is decoded while the
	// checkpoint is opened.
	var tasks <-chan task
	if r.options.Output.Path == "" {
		tasks = lookAhead(ctx, r.jobs, r.wanted, r)
	}
	if err := r.open(); err != nil {
		return err
	}
	defer r.model.Close()
	if err := r.create(); err != nil {
		return err
	}
	defer func() {
		cancel()
		r.lock.Lock()
		defer r.lock.Unlock()
		if r.file != nil {
			err = errors.Join(err, r.file.Close())
		}
	}()
	if tasks == nil {
		tasks = lookAhead(ctx, r.jobs, r.wanted, r)
	}
	r.bar = newProgress(r.streams, r.options, r.pairs)
	defer r.bar.clear()
	for t := range until(ctx, tasks) {
		err := r.do(ctx, t)
		t.release()
		if err != nil {
			return r.end(ctx, err)
		}
	}
	if r.file != nil && ctx.Err() == nil {
		if err := r.file.Begin(); err != nil {
			return err
		}
	}
	return r.end(ctx, ctx.Err())
}

// open opens the checkpoint and notes what all answers have in common.
func (r *run) open() (err error) {
	if !r.options.Quiet {
		r.options.Ask.Note = func(text string) { r.note("mcllava: " + text) }
	}
	if r.model, err = openModel(r.streams, r.options); err != nil {
		return err
	}
	r.opened.Store(r.model)
	identity, err := r.model.Identity()
	if err != nil {
		r.model.Close()
		return err
	}
	o := r.options.Ask
	r.settings = records.Settings{
		Knobs: records.Knobs{
			MaxCrops: o.MaxCrops, NumTokens: o.NumTokens, MaxNewTokens: o.MaxNewTokens, Temperature: o.Temperature, TopP: o.TopP, Seed: o.Seed,
			System: o.System, Prompt: o.Prompt, Choices: o.Choices, Confidence: o.LogProbs, Precision: r.model.Precision(),
		},
		Checkpoint: identity, Model: r.model.Name(),
	}
	return nil
}

func (r *run) note(line string) {
	r.bar.clear()
	fmt.Fprintln(r.streams.Err, line)
}

// create begins the output, or goes on with it.
func (r *run) create() (err error) {
	o := r.options.Output
	if o.Path == "" {
		r.out = records.New(r.streams.Out, r.options.Format, r.options.many())
		return nil
	}
	r.file, err = records.Create(o.Path, r.options.Format, records.CreateOptions{
		Resume: o.Resume, Overwrite: o.Overwrite, Many: r.options.many(), Settings: r.settings,
	})
	if err != nil {
		return err
	}
	r.out = r.file
	if found := r.file.Found(); o.Resume && !r.options.Quiet {
		fmt.Fprintf(r.streams.Err, "mcllava: %s has %d answers; %d that failed are asked again\n", o.Path, found.Answered, found.Failed)
	}
	return nil
}

// wanted says whether a pair is this run's to answer: in its share, and not answered yet.
func (r *run) wanted(hash [sha256.Size]byte, read error, p pair) bool {
	if !r.options.Shard.Takes(hash, read, p.Source.Path) {
		return false
	}
	if r.file == nil || read != nil {
		return true
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	return !r.file.Done(r.record(hash, p))
}

// room is that of a picture, which is but decoded while the checkpoint is still being opened.
func (r *run) room(p *mcllava.Picture) int64 {
	if m := r.opened.Load(); m != nil {
		return m.PrepareBytes(p, r.options.Ask)
	}
	return p.Bytes()
}

func (r *run) prepare(ctx context.Context, p *mcllava.Picture) error {
	if m := r.opened.Load(); m != nil {
		return m.Prepare(ctx, p, r.options.Ask)
	}
	return p.Decode(ctx)
}

// end says how the run went.
func (r *run) end(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		hint := ""
		kept := r.options.Output.Overwrite && r.answered == 0 // the file is as it was
		if r.file != nil && !kept && r.options.Format.CheckResume() == nil {
			with := "--resume"
			if r.options.Output.Overwrite {
				with = "--resume in place of --overwrite"
			}
			hint = fmt.Sprintf(" after %d answers; the same command with %s goes on", r.answered, with)
		}
		return interrupted{hint}
	case err != nil:
		return err
	case r.failed > 0:
		return fmt.Errorf("%d of %d questions have no answer", r.failed, r.failed+r.answered)
	}
	return nil
}
