// Package run answers many questions about many pictures with one model, in the order of the input. Pictures are read and prepared ahead
// of the model, and each answer is recorded before the next question. It prints nothing but answers: an Observer is told all else
// that a user may want to see.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/records"
)

// Options say how the pairs of a run are answered, and where the answers go.
type Options struct {
	mcllava.Knobs
	Cells    []mcllava.ViewKnobs // every pair is asked in each of these cells, in place of the ViewKnobs; nil for those alone
	Pictures mcllava.PictureOptions
	Shard    inputs.Sharding
	Timeout  time.Duration // for a question, in a cell; 0 for none
	FailFast bool          // the first failure ends the run
	Dump     string        // file for what passed between the parts of the only question; "" for none
	Gaze     *Gaze         // asks where answers looked; nil for not
	Output   Output

	// Judge adds to the record of an answer what is to be said about it; nil for nothing.
	Judge func(*records.Record)

	// Missed is told the record of each pair without an answer; nil for nobody.
	Missed func(records.Record)
}

// Output is where answers go.
type Output struct {
	Path              string    // of a file, or
	Writer            io.Writer // if there is no path; nil where the observer shows the answers
	Format            records.Format
	Many              bool // there may be several pictures, so that a plain answer needs its picture's name
	Single            bool // there is one question about one picture, whose failure is the run's
	Resume, Overwrite bool
	Sidecars          *Sidecars                 // in place of Path and Writer; nil for none
	Wanted            func(records.Record) bool // says which answers are printed; nil for all
}

// Observer is told how a run goes, in the order of its work and by one goroutine. Embed Silent to hear of some things only.
type Observer interface {
	Resumed(found records.Found)                                                        // the output was taken up again
	First(ctx context.Context, m *mcllava.Model, p *mcllava.Picture, plan mcllava.Plan) // the first picture is about to be looked at
	Picture(number int)                                                                 // the run has come to a picture, whose first pair has a number
	Pair(number int)                                                                    // and to a pair
	Progress(stage mcllava.Stage, done, total int)                                      // of the pair
	Piece(text string)                                                                  // of the answer
	Note(text string)                                                                   // for the user
	Failed(err error)                                                                   // a pair, or more with the same reason
	Answered(r records.Record)                                                          // before it is written
}

// Silent is an Observer that shows nothing.
type Silent struct{}

// Resumed does nothing, and so do all methods of Silent.
func (Silent) Resumed(records.Found)                                                 {}
func (Silent) First(context.Context, *mcllava.Model, *mcllava.Picture, mcllava.Plan) {}
func (Silent) Picture(int)                                                           {}
func (Silent) Pair(int)                                                              {}
func (Silent) Progress(mcllava.Stage, int, int)                                      {}
func (Silent) Piece(string)                                                          {}
func (Silent) Note(string)                                                           {}
func (Silent) Failed(error)                                                          {}
func (Silent) Answered(records.Record)                                               {}

// Summary is how a run went.
type Summary struct {
	Answered int
	Marked   int // cells that were not asked, since their pictures cannot be seen so
	Printed  int // of them, those that Output.Wanted let through
	Failed   int
	Kept     bool // the output file is as it was before
}

// Run is questions about pictures, answered in the order of the input.
type Run struct {
	pairs    *inputs.Pairs
	open     func() (*mcllava.Model, error)
	options  Options
	observer Observer

	total    int // pairs of the whole input; 0 where that is not known
	model    *mcllava.Model
	opened   atomic.Pointer[mcllava.Model] // the same, for the look ahead
	settings []records.Settings            // of each cell
	sweep    string                        // identifies them all; "" without cells

	lock sync.Mutex // of the file, which the look ahead asks what is done
	file *records.File
	out  interface{ Write(records.Record) error }

	sidecars *sidecars // nil for none

	summary     Summary
	said        string // of the last failure
	framesNoted bool
}

// New makes a run. open opens the checkpoint while the first picture is read; Do closes it.
func New(pairs *inputs.Pairs, open func() (*mcllava.Model, error), o Options, observer Observer) *Run {
	return &Run{pairs: pairs, open: open, options: o, observer: observer}
}

// UsageError is a mistake in how a run was asked for.
type UsageError struct{ error }

// Unwrap is the mistake.
func (e UsageError) Unwrap() error { return e.error }

// Do answers every question about every picture that is this run's to answer. A pair that fails is recorded, and the run goes on; the
// error then says how many have. Other errors end the run: the context's, and those of the checkpoint and of the output. What has been
// answered by then is recorded whole.
func (r *Run) Do(ctx context.Context) (summary Summary, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if n, known := r.pairs.Count(); known {
		r.total = n * r.cells()
	}
	if err := r.prepareOutput(); err != nil {
		return r.summary, err
	}
	// A run without an output file has nothing to look up before it begins, so that its first picture is decoded while the
	// checkpoint is opened.
	var tasks <-chan task
	if r.options.Output.Path == "" {
		tasks = lookAhead(ctx, r.pairs, r.cells(), r.wanted, r)
	}
	if err := r.begin(); err != nil {
		return r.summary, err
	}
	defer r.model.Close()
	if err := r.create(ctx); err != nil {
		return r.summary, err
	}
	defer func() {
		cancel()
		r.lock.Lock()
		defer r.lock.Unlock()
		if r.file != nil {
			err = errors.Join(err, r.file.Close())
		}
		summary = r.summary
		summary.Kept = r.options.Output.Overwrite && r.summary.Answered+r.summary.Marked == 0
	}()
	if tasks == nil {
		tasks = lookAhead(ctx, r.pairs, r.cells(), r.wanted, r)
	}
	for t := range until(ctx, tasks) {
		err := r.do(ctx, t)
		t.release()
		if err != nil {
			return r.summary, r.end(ctx, err)
		}
	}
	if r.sidecars != nil && ctx.Err() == nil {
		if n := r.sidecars.skipped.Load(); n > 0 {
			r.observer.Note(fmt.Sprintf("pictures that have a sidecar and were not asked about: %d", n))
		}
	}
	if r.file != nil && ctx.Err() == nil {
		if err := r.file.Begin(); err != nil {
			return r.summary, err
		}
	}
	return r.summary, r.end(ctx, nil)
}

// begin opens the checkpoint and notes what all answers have in common.
func (r *Run) begin() (err error) {
	if r.model, err = r.open(); err != nil {
		return err
	}
	r.opened.Store(r.model)
	if r.options.Gaze != nil {
		if err = r.model.CheckAttention(r.options.Gaze.AttentionOptions); err != nil {
			err = UsageError{err}
		}
	}
	if err == nil {
		err = r.identify(r.model)
	}
	if err != nil {
		r.model.Close()
	}
	return err
}

// Identified is a model, or the headers of one.
type Identified interface {
	Identity() (string, error)
	FormerIdentity() (string, error)
	Precision() string
	Name() string
}

// SettingsOf are those that the answers of a model have in common.
func SettingsOf(m Identified, k mcllava.Knobs) (records.Settings, error) {
	identity, err := m.Identity()
	if err != nil {
		return records.Settings{}, err
	}
	former, err := m.FormerIdentity()
	return records.Settings{Knobs: k, Precision: m.Precision(), Checkpoint: identity, Former: former, Model: m.Name()}, err
}

// create begins the output, or goes on with it.
func (r *Run) create(ctx context.Context) (err error) {
	switch o := r.options.Output; {
	case o.Path != "":
		r.file, err = records.Create(ctx, o.Path, o.Format, records.CreateOptions{
			Resume: o.Resume, Overwrite: o.Overwrite, Many: o.Many, Settings: r.settings, Sweep: r.options.Cells != nil,
		})
		if err != nil {
			return err
		}
		r.out, r.settings = r.file, r.file.Settings()
		if o.Resume {
			r.observer.Resumed(r.file.Found())
		}
	case r.sidecars != nil:
		r.out = r.sidecars
	case o.Writer != nil:
		r.out = records.New(o.Writer, o.Format, o.Many)
	default:
		r.out = shown{}
	}
	return nil
}

// shown is the output of a run whose answers its observer shows.
type shown struct{}

func (shown) Write(records.Record) error { return nil }

// wanted says whether a pair is this run's to answer: in its share, and not answered yet.
func (r *Run) wanted(hash [32]byte, read error, p pair) bool {
	if !r.options.Shard.Takes(hash, read, p.Source.Path) {
		return false
	}
	if r.sidecars != nil {
		return r.sidecars.wanted(p.Source, p.Image)
	}
	if r.file == nil || read != nil {
		return true
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	return !r.file.Done(r.record(hash, p))
}

func (r *Run) openPicture(data []byte) (*mcllava.Picture, error) {
	return mcllava.OpenPictureWith(data, r.options.Pictures)
}

// room is that of a picture, which is but decoded while the checkpoint is still being opened.
func (r *Run) room(p *mcllava.Picture) int64 {
	m := r.opened.Load()
	switch {
	case m != nil && r.options.Cells != nil:
		if r.decodes(m, p) {
			return p.Bytes()
		}
		return 0
	case m != nil:
		if plan, err := r.plan(m, p); err == nil {
			return m.PrepareBytes(p, plan)
		}
		return 0
	}
	return p.Bytes()
}

// plan is how a picture is seen, or seen at first by a search.
func (r *Run) plan(m *mcllava.Model, p *mcllava.Picture) (mcllava.Plan, error) {
	if r.options.Search {
		return m.SearchPlan(p, r.options.Knobs)
	}
	plan, err := m.Plan(p, r.options.ViewKnobs)
	plan.Maps = r.options.Gaze != nil
	return plan, err
}

// prepare decodes and cuts a picture, within the time that a question has.
func (r *Run) prepare(ctx context.Context, p *mcllava.Picture) error {
	if r.options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
	}
	m := r.opened.Load()
	if m == nil || r.options.Cells != nil {
		return r.timeout(p.Decode(ctx))
	}
	plan, err := r.plan(m, p)
	if err != nil {
		return nil // Check says it of each question
	}
	return r.timeout(m.Prepare(ctx, p, plan))
}

// end says how the run went.
func (r *Run) end(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case r.summary.Failed > 0:
		what := "questions"
		if r.options.Cells != nil {
			what = "cells"
		}
		return fmt.Errorf("%d of %d %s have no answer", r.summary.Failed, r.summary.Failed+r.summary.Answered+r.summary.Marked, what)
	}
	return nil
}
