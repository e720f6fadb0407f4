package cmd

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/terminal"
)

// watch is what a terminal shows of a run: progress, notes, and an answer as it comes.
type watch struct {
	run.Silent
	streams Streams
	options askOptions
	bar     *bar
	stream  bool // answers are shown piece by piece, and not written as records
	pairs   int  // of the whole input; 0 where that is not known
	cells   int  // of each pair in a sweep; 0 elsewhere

	questions int // about each picture; 0 where that differs

	stage    mcllava.Stage
	start    time.Time
	first    int // number of the pair that the run began with
	now      int
	started  bool
	pictures int
	cut      int // answers that ended at --max-new-tokens
}

func newWatch(s Streams, o askOptions, pairs int) *watch {
	return &watch{
		streams: s, options: o, bar: newBar(s, o.Quiet, o.Progress), stream: o.streams(s), pairs: pairs, start: time.Now(),
	}
}

// Resumed says what the output holds already.
func (w *watch) Resumed(found records.Found) {
	if !w.options.Quiet {
		text := fmt.Sprintf("%s has %d answers", w.options.Output.Path, found.Answered)
		if found.Failed > 0 {
			text += fmt.Sprintf("; retrying %d that failed", found.Failed)
		}
		w.Note(text)
	}
}

// First says how long the run will take, if that is long.
func (w *watch) First(ctx context.Context, m *mcllava.Model, p *mcllava.Picture, plan mcllava.Plan) {
	if w.cells > 0 {
		return // which is not known from the first cell
	}
	announce(ctx, w, m, p, plan)
}

// Picture notes that the run has come to a picture, whose first pair has a number.
func (w *watch) Picture(pair int) {
	if !w.started {
		w.started, w.first, w.start = true, pair, time.Now()
	}
	w.now = pair
	w.pictures++
	w.bar.clear()
}

// Pair notes which pair the run has come to.
func (w *watch) Pair(number int) { w.now = number }

// overall is how far the run has come: "pair 37 of 600, 11.5 pictures/min, 14m left; ".
func (w *watch) overall() string {
	what := "pair"
	switch {
	case w.cells > 0:
		what = "cell"
	case w.options.single():
		return ""
	}
	text := fmt.Sprintf("%s %d", what, w.now+1)
	if w.pairs > 0 {
		text += fmt.Sprintf(" of %d", w.pairs)
	}
	took := time.Since(w.start)
	if done := w.pictures - 1; done > 0 {
		text += fmt.Sprintf(", %.1f pictures/min", float64(done)/took.Minutes())
	}
	if done := w.now - w.first; done > 0 && w.pairs > w.now {
		left := time.Duration(float64(took) / float64(done) * float64(w.pairs-w.now))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text + "; "
}

// Progress shows how far a part of the answer has come.
func (w *watch) Progress(stage mcllava.Stage, done, total int) {
	if stage == mcllava.StageTokens && w.stream {
		return // the answer itself shows it
	}
	if w.stage != stage {
		w.bar.clear()
		w.stage = stage
	}
	w.bar.report(w.overall()+string(stage), string(stage), int64(done), int64(total), false)
}

// Piece shows a piece of the answer.
func (w *watch) Piece(text string) {
	if w.stream {
		w.bar.clear()
		_, _ = io.WriteString(w.streams.Out, text)
	}
}

// Note prints a note, unless the user wants none.
func (w *watch) Note(text string) {
	w.bar.clear()
	if !w.options.Quiet {
		note(w.streams, "%s", text)
	}
}

// Failed says why a pair has no answer.
func (w *watch) Failed(err error) {
	w.bar.clear()
	if w.options.Sourced != nil {
		err = w.options.Sourced(err)
	}
	fmt.Fprintln(w.streams.Err, "mcllava:", terminal.OneLine(err))
}

// Answered ends an answer that was shown piece by piece, and notes one that is not whole.
func (w *watch) Answered(r records.Record) {
	w.bar.clear()
	if w.stream {
		if len(r.Probabilities) > 0 {
			_, _ = io.WriteString(w.streams.Out, r.Answer)
		}
		_, _ = fmt.Fprintln(w.streams.Out, r.Sureness())
	}
	if r.Finish == mcllava.FinishLength {
		w.cut++
	}
}

// done says what the answers alone do not show.
func (w *watch) done() {
	if w.cut == 0 || !w.options.plain() {
		return
	}
	text := fmt.Sprintf("%d of the answers were cut", w.cut)
	if w.cells == 0 && w.options.single() {
		text = "the answer was cut"
	}
	k := &w.options.Knobs
	w.Note(fmt.Sprintf("%s at --%s %d", text, mcllava.KnobName(k.All(), &k.MaxNewTokens), k.MaxNewTokens))
}
