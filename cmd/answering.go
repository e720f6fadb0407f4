package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

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
		case errors.Is(err, mcllava.ErrChanged):
			return err // and so would be every other question
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
