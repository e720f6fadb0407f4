package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/mcllava/mcllava"
)

// do answers the questions about one picture. The error is one that ends the run.
func (r *Run) do(ctx context.Context, t task) error {
	r.observer.Picture(t.number())
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case len(t.pairs) == 0:
		return t.err
	case t.err != nil:
		return r.fail(t, t.pairs, t.err)
	}
	r.noteFrames(t)
	seen := scene{run: r, task: t}
	if r.sidecars != nil {
		again, err := r.sidecars.begin(t.image)
		if again {
			return nil
		}
		if seen.failed = err; err != nil {
			if err := r.fail(t, nil, err); err != nil {
				return err
			}
		}
	}
	for p := range t.questions(ctx) {
		r.observer.Pair(p.number)
		seen.turn(p.cell)
		if c := seen.cell; c != nil && c.mark != "" {
			if err := r.marked(r.blank(t, p, c)); err != nil {
				return err
			}
			continue
		}
		if seen.failed != nil {
			if err := r.miss(t, p, seen.failed); err != nil {
				return err
			}
			continue
		}
		a, err := seen.ask(ctx, p)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, mcllava.ErrChanged):
			return err // and so would be every other question
		case err != nil:
			err = r.fail(t, []pair{p}, err)
		default:
			if err = r.answered(r.complete(t, p, a)); err == nil {
				err = r.show(ctx, t, p, a)
			}
		}
		if err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.finish(t)
}

// noteFrames says, once a run, that of a file of several pictures one is seen.
func (r *Run) noteFrames(t task) {
	if t.picture.Frames < 2 || r.framesNoted {
		return
	}
	r.framesNoted = true
	parts := "frames, of which the first"
	switch t.picture.Format {
	case "TIFF":
		parts = "pages, of which the first"
	case "HEIC", "AVIF":
		parts = "pictures or frames, of which the primary one"
	}
	r.observer.Note(fmt.Sprintf("%s: has %d %s is seen", t.image, t.picture.Frames, parts))
}

// scene is a picture that questions are asked about.
type scene struct {
	run    *Run
	task   task
	view   *mcllava.View // nil until the first question that fits
	failed error         // why there will be none

	cells  []cell          // of the picture; nil for a run without
	cell   *cell           // that view and failed are of
	sights *mcllava.Sights // nil until the first of the cells is looked at

	searcher *mcllava.Searcher // nil until a question is searched
}

// ask answers one question, within the timeout.
func (s *scene) ask(ctx context.Context, p pair) (*mcllava.Answer, error) {
	r := s.run
	if err := r.spareAhead(p); err != nil {
		return nil, err
	}
	if r.options.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.options.Timeout)
		defer cancel()
	}
	h := mcllava.Hooks{Progress: r.observer.Progress, Note: r.observer.Note, Piece: r.observer.Piece}
	if r.options.Dump != "" {
		h.Dump = &mcllava.Dump{}
	}
	if r.options.Gaze != nil {
		h.Attention = &r.options.Gaze.AttentionOptions
	}
	knobs := r.knobs(p)
	if knobs.Search {
		return s.search(ctx, p, knobs, h)
	}
	if err := s.look(ctx, p, knobs, h); err != nil {
		return nil, r.timeout(err)
	}
	a, err := r.model.Answer(ctx, s.view, p.Question, knobs.AnswerKnobs, h)
	if err != nil {
		return nil, r.timeout(err)
	}
	if h.Dump != nil {
		if err := h.Dump.WriteFile(r.options.Dump); err != nil {
			return nil, writeError{r.options.Dump, err}
		}
	}
	return a, r.timeout(r.draw(ctx, s.task, p, a))
}

// search looks for the answer to one question.
func (s *scene) search(ctx context.Context, p pair, k mcllava.Knobs, h mcllava.Hooks) (*mcllava.Answer, error) {
	if s.searcher == nil {
		s.searcher = s.run.model.NewSearcher(s.task.picture)
	}
	a, err := s.searcher.Ask(ctx, p.Question, k, h)
	if err != nil {
		return nil, s.run.timeout(err)
	}
	return a, s.run.timeout(s.run.draw(ctx, s.task, p, a))
}

// look looks at the picture unless that was done for a question before. A question that cannot be answered is refused first.
func (s *scene) look(ctx context.Context, p pair, k mcllava.Knobs, h mcllava.Hooks) error {
	if s.view != nil {
		return nil
	}
	r := s.run
	plan, err := r.model.Check(s.task.picture, p.Question, k)
	if err != nil {
		return err
	}
	plan.Maps = r.options.Gaze != nil
	if r.summary.Answered+r.summary.Failed == 0 {
		r.observer.First(ctx, r.model, s.task.picture, plan)
	}
	if s.view, err = s.see(ctx, plan, h); err != nil {
		s.view, s.failed = nil, r.timeout(err)
	}
	return err
}

// writeError is a fault of a file that is written beside the answers, under another name at first, and not of the picture.
type writeError struct {
	path string
	err  error
}

func (e writeError) Error() string {
	var file *fs.PathError
	if errors.As(e.err, &file) {
		return e.path + ": " + file.Err.Error()
	}
	return e.err.Error()
}

func (r *Run) timeout(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within the timeout of %v", r.options.Timeout)
	}
	return err
}
