package cmd

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/bench"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/weights"
)

// When to say how long a run would take.
const (
	estimateAuto   = "auto"
	estimateAlways = "always"
	estimateNever  = "never"
)

func addEstimate(c *cobra.Command, when *string) {
	c.Flags().StringVar(when, "estimate", estimateAuto, "how long a question would take here: `WHEN` is always, never, or auto for what has been measured before, or on a terminal is now, in about three seconds")
}

func checkEstimate(when string) error {
	if when != estimateAuto && when != estimateAlways && when != estimateNever {
		return usageError{fmt.Errorf("estimate is %q, expected auto, always or never", when)}
	}
	return nil
}

// timing is how long a question would take once the model is open.
type timing struct {
	Precision string `json:"precision"`
	Threads   int    `json:"threads"`
	Crops     int    `json:"crops"` // the overview included
	Tokens    int    `json:"tokens"`
	estimate.Seconds
	Total float64 `json:"total"`
}

// speed is how fast a model runs here.
type speed struct {
	shape   estimate.Shape
	forms   weights.Forms
	threads int
	estimate.Speed
}

// of is how long a question takes.
func (s *speed) of(q estimate.Question) estimate.Seconds {
	return q.Seconds(s.shape, s.forms, s.Speed)
}

// newSpeed takes the speed of a model in a full precision from the user's cache or, if it is not there and measure is set,
// measures it and keeps it. It is nil if there is none. The error is the context's.
func newSpeed(ctx context.Context, c mcllava.Config, p mcllava.Precision, threads int, measure bool) (*speed, error) {
	forms, err := formsOf(p)
	if err != nil {
		return nil, err
	}
	shape := shapeOf(c)
	key, cache := estimate.NewKey(shape, forms, threads), estimate.OpenSpeeds()
	known, ok := cache.Speed(key)
	switch {
	case !ok && !measure:
		return nil, nil
	case !ok:
		if known, err = bench.Speed(ctx, shape, forms, threads); err != nil {
			return nil, err
		}
		_ = cache.Keep(key, known)
	}
	return &speed{shape, forms, key.Threads, known}, nil
}

// newTiming is how long a question takes by newSpeed.
func newTiming(ctx context.Context, c mcllava.Config, p mcllava.Precision, q estimate.Question, threads int, measure bool) (*timing, error) {
	v, err := newSpeed(ctx, c, p, threads, measure)
	if v == nil {
		return nil, err
	}
	s := v.of(q)
	return &timing{v.forms.String(), v.threads, len(q.Boxes), q.Answer, s, s.Total()}, nil
}

// duration is a time to the precision that an estimate has.
func duration(seconds float64) string {
	switch {
	case seconds < 9.5:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 300:
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%.0f min", seconds/60)
}

func (t *timing) String() string {
	return fmt.Sprintf("about %s here for %s in %s: %s for the crops, %s for the prompt, %s for an answer of %d tokens",
		duration(t.Total), number(t.Crops, "crop"), t.Precision, duration(t.Preprocess+t.Encode), duration(t.Prefill), duration(t.Decode), t.Tokens)
}

// long is the time from which on a run is announced, in seconds.
const long = 60

// announce says on a terminal how long a run will take, if that is long. What keeps it from knowing will be an error of the run itself.
func announce(ctx context.Context, w *watch, m *mcllava.Model, p *mcllava.Picture, plan mcllava.Plan) {
	o := w.options
	if !w.streams.ErrTerminal || o.Quiet {
		return
	}
	precision, err := mcllava.ReadPrecision(o.Model, o.Precision)
	if err != nil {
		return
	}
	q := questionOf(plan)
	q.Answer = min(q.Answer, max(1, o.Knobs.MaxNewTokens))
	t, err := newTiming(ctx, m.Config(), precision, q, o.Threads, true)
	if err != nil || t == nil {
		return
	}
	share := 1 - float64(m.Cached(p, plan))/float64(len(plan.Boxes))
	one := t.Seconds
	one.Preprocess, one.Encode = share*one.Preprocess, share*one.Encode
	pairs := float64(max(1, w.pairs))
	pictures := pairs / float64(max(1, w.questions))
	total := pictures*(one.Preprocess+one.Encode+one.Prefill) + pairs*one.Decode
	switch {
	case total <= long:
	case w.pairs <= 1:
		t.Total, t.Seconds = total, one
		w.Note("this takes " + t.String())
	default:
		w.Note(fmt.Sprintf("this takes about %s here: %.0f pictures like the first, %.0f questions, in %s; what the cache has of other pictures is not taken off",
			duration(total), pictures, pairs, t.Precision))
	}
}
