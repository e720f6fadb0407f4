package cmd

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
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

func (r *run) prepare(p *mcllava.Picture) error {
	if m := r.opened.Load(); m != nil {
		return m.Prepare(p, r.options.Ask)
	}
	return p.Decode()
}

// record is what is known of a pair before it is asked.
func (r *run) record(hash [sha256.Size]byte, p pair) records.Record {
	return records.Record{
		ID: p.ID, Image: p.Image, Question: p.Question, N: p.number, Of: r.pairs,
		Key: records.Key(hash, p.Question, r.settings.Knobs, r.settings.Checkpoint),
	}
}

// do answers the questions about one picture. The error is one that ends the run.
func (r *run) do(ctx context.Context, t task) error {
	r.bar.picture(t.number())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(t.pairs) == 0:
		return t.err
	case t.err != nil:
		return r.fail(t, t.pairs, t.err)
	}
	var view *mcllava.View
	var unseen error // why there is no view
	for p := range t.questions(ctx) {
		r.bar.pair(p.number)
		if unseen != nil {
			if err := r.miss(t, p, unseen); err != nil {
				return err
			}
			continue
		}
		var a *mcllava.Answer
		err := r.check(t, p, view)
		if err == nil {
			a, err = r.answer(ctx, t, p, &view)
			if view == nil {
				unseen = err
			}
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			err = r.fail(t, []pair{p}, err)
		default:
			if err = r.write(r.complete(t, p, a)); err == nil {
				r.answered, r.said = r.answered+1, ""
			}
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// check refuses a question that cannot be answered before the picture is looked at for it.
func (r *run) check(t task, p pair, view *mcllava.View) error {
	if view != nil {
		return nil
	}
	return r.model.Check(t.picture, p.Question, r.options.Ask)
}

// answer answers one question, and looks at the picture first unless that was done for a question before.
func (r *run) answer(ctx context.Context, t task, p pair, view **mcllava.View) (a *mcllava.Answer, err error) {
	if r.options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
	}
	o := r.options.Ask
	o.Progress = r.bar.report
	if r.options.Dump != "" {
		o.Stages = &mcllava.Stages{}
	}
	streams := r.streams.OutTerminal && r.file == nil && r.options.single() && r.options.Format.String() == records.Plain.String()
	if streams {
		o.Piece = func(text string) {
			r.bar.clear()
			_, _ = io.WriteString(r.streams.Out, text)
		}
	}
	if *view == nil {
		if r.answered+r.failed == 0 {
			announce(ctx, r.streams, r.model, r.options, t.picture)
		}
		if *view, err = r.model.See(ctx, t.picture, o); err != nil {
			*view = nil
			return nil, r.timeout(err)
		}
	}
	if a, err = r.model.Answer(ctx, *view, p.Question, o); err != nil {
		return nil, r.timeout(err)
	}
	r.bar.clear()
	if streams && o.Choices == nil {
		r.out = endOfLine{r.streams.Out}
	}
	if r.options.Dump != "" {
		if err := o.Stages.WriteFile(r.options.Dump); err != nil {
			return nil, dumpError{r.options.Dump, err}
		}
	}
	return a, nil
}

// dumpError is a fault of the dump, which is written under another name at first, and not of the picture.
type dumpError struct {
	path string
	err  error
}

func (e dumpError) Error() string {
	var file *fs.PathError
	if errors.As(e.err, &file) {
		return e.path + ": " + file.Err.Error()
	}
	return e.err.Error()
}

// endOfLine ends an answer that was shown piece by piece.
type endOfLine struct{ out io.Writer }

func (e endOfLine) Write(records.Record) error {
	_, err := fmt.Fprintln(e.out)
	return err
}

func (r *run) timeout(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within the timeout of %v", r.options.Timeout)
	}
	return err
}

// complete is the record of an answer.
func (r *run) complete(t task, p pair, a *mcllava.Answer) records.Record {
	record := r.record(t.hash, p)
	r.settings.Stamp(&record)
	record.Answer, record.Tokens, record.Finish, record.Seconds = a.Text, a.Tokens, a.Finish, a.Seconds
	record.Crops, record.ImageTokens, record.PromptTokens, record.NumTokens = a.Crops, a.ImageTokens, a.PromptTokens, a.NumTokens
	record.ImageSHA256 = fmt.Sprintf("%x", t.hash)
	if n := len(a.LogProbs); n > 0 {
		mean := 0.0
		for _, l := range a.LogProbs {
			mean += l / float64(n)
		}
		confidence := math.Exp(mean)
		record.LogProb, record.Confidence = &mean, &confidence
	}
	if len(a.Choices) > 0 {
		record.Choice, record.Probabilities = a.Text, map[string]float64{}
		for _, c := range a.Choices {
			record.Probabilities[c.Text] = c.Probability
			if c.Text == a.Text {
				record.LogProb, record.Confidence = &c.LogProb, &c.Probability
			}
		}
	}
	return record
}

// fail records why some pairs of a picture have no answer, and says so, but not of one failure after another that is the same. The
// error is one that ends the run.
func (r *run) fail(t task, pairs []pair, reason error) error {
	for _, p := range pairs {
		if err := r.miss(t, p, reason); err != nil {
			return err
		}
	}
	reason = named(t.image, reason)
	if r.options.single() || r.options.FailFast {
		return reason
	}
	if line := oneLine(reason); line != r.said {
		r.note("mcllava: " + line)
		r.said = line
	}
	return nil
}

// miss records why a pair has no answer.
func (r *run) miss(t task, p pair, reason error) error {
	r.failed++
	record := r.record(t.hash, p)
	record.Error = oneLine(named(t.image, reason))
	return r.write(record)
}

// named is an error that begins with the image it is about.
func named(image string, err error) error {
	var file *fs.PathError
	if errors.As(err, &file) && file.Path == image {
		err = file.Err
	}
	var dump dumpError
	if image == "" || errors.As(err, &dump) || strings.Contains(err.Error(), image) {
		return err
	}
	return fmt.Errorf("%s: %w", image, err)
}

func (r *run) write(record records.Record) error {
	r.bar.clear()
	r.lock.Lock()
	defer r.lock.Unlock()
	return r.out.Write(record)
}

// end says how the run went.
func (r *run) end(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		hint := ""
		kept := r.options.Output.Overwrite && r.answered == 0 // the file is as it was
		if r.file != nil && !kept && r.options.Format.CheckResume() == nil {
			hint = fmt.Sprintf(" after %d answers; the same command with --resume goes on", r.answered)
		}
		return interrupted{hint}
	case err != nil:
		return err
	case r.failed > 0:
		return fmt.Errorf("%d of %d questions have no answer", r.failed, r.failed+r.answered)
	}
	return nil
}

// converse answers what is typed about one picture.
func (r *run) converse(ctx context.Context) error {
	in, ok := r.streams.In.(*os.File)
	if !ok {
		return usageError{errors.New("there is no terminal to ask questions at")}
	}
	if n, known := r.jobs.Count(); known && n > 1 {
		return usageError{fmt.Errorf("%s: %d pictures and no QUESTION; a prompt is about one picture", r.options.Jobs.Images[0], n)}
	}
	var t task
	for t = range lookAhead(ctx, r.jobs, r.wanted, r) {
		break
	}
	if t.err != nil {
		return named(t.image, t.err)
	}
	if err := r.open(); err != nil {
		return err
	}
	defer r.model.Close()
	r.bar = newProgress(r.streams, r.options, 1)
	defer r.bar.clear()
	announce(ctx, r.streams, r.model, r.options, t.picture)
	o := r.options.Ask
	o.Progress = r.bar.report
	view, err := r.model.See(ctx, t.picture, o)
	if err != nil {
		return named(t.image, err)
	}
	r.bar.clear()
	o.Piece = func(text string) { _, _ = io.WriteString(r.streams.Out, text) }
	return converse(ctx, r.streams, newTerminalLines(in, r.streams.Err, "> "), func(ctx context.Context, question string) error {
		a, err := r.model.Answer(ctx, view, question, o)
		if err == nil && o.Choices != nil {
			_, err = io.WriteString(r.streams.Out, a.Text)
		}
		fmt.Fprintln(r.streams.Out)
		return err
	})
}
