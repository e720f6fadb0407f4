package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/run"
	"github.com/mcllava/mcllava/internal/terminal"
)

// forecast is what --dry-run prints of a run.
type forecast struct {
	Pictures   int         `json:"pictures"`
	Pairs      int         `json:"pairs"`
	Done       int         `json:"done"`
	Unreadable []run.Fault `json:"unreadable"`
	Cached     int         `json:"pictures_cached"`
	Crops      int         `json:"crops"`
	ToEncode   int         `json:"crops_to_encode"`
	Stored     int64       `json:"cache_bytes"`
	Output     int64       `json:"output_bytes"`
	Precision  string      `json:"precision"`
	Seconds    *float64    `json:"seconds,omitempty"` // nil where the speed is not known
}

// dryRun says what a run would do, and does nothing of it.
func dryRun(ctx context.Context, s Streams, o askOptions, all *inputs.Pairs) error {
	h, err := mcllava.OpenHeaders(o.Model, o.Precision)
	if err != nil {
		return err
	}
	defer h.Close()
	if err := o.Cache.use(h); err != nil {
		return err
	}
	pace, err := newPace(ctx, s, o, h)
	if err != nil {
		return err
	}
	r := run.New(all, nil, o.run(s), run.Silent{})
	found, err := r.Survey(ctx, h, pace.add)
	if err != nil {
		return err
	}
	f := forecast{
		Pictures: found.Pictures, Pairs: found.Pairs, Done: found.Done, Unreadable: found.Unreadable, Cached: found.Cached, Crops: found.Crops,
		ToEncode: found.ToEncode, Stored: min(found.Stored, int64(o.Cache.Limit)), Output: found.Output, Precision: h.Precision(),
	}
	if pace.speed != nil {
		f.Seconds = &pace.seconds
	}
	if o.DryJSON {
		if f.Unreadable == nil {
			f.Unreadable = []run.Fault{}
		}
		return printJSON(s, f)
	}
	_, err = io.WriteString(s.Out, f.table(o, s.foldColumns()))
	return err
}

// table is a forecast for people.
func (f forecast) table(o askOptions, columns int) string {
	var t table
	t.line("pictures", "%d, of which %d cannot be read and %d are in the cache", f.Pictures, len(f.Unreadable), f.Cached)
	for _, u := range f.Unreadable {
		t.line("", "%s", terminal.Escape(u.Error))
	}
	done := ""
	if f.Done > 0 {
		done = fmt.Sprintf("; %d are answered", f.Done)
	}
	t.line("questions", "%d to ask%s", f.Pairs, done)
	t.line("crops", "%d, of which %d are to be encoded", f.Crops, f.ToEncode)
	if o.Knobs.Search {
		t.line("", "a search looks at these first, and then at some more of each picture")
	}
	if f.Seconds == nil {
		t.line("time", "not known; mcllava crops --estimate always measures the speed in %s", f.Precision)
	} else {
		t.line("time", "about %s here in %s, once the model is open", duration(*f.Seconds), f.Precision)
	}
	t.line("cache", "takes about %s more, of at most %s", size(f.Stored), size(int64(o.Cache.Limit)))
	t.line("output", "about %s", size(f.Output))
	return t.text(columns)
}

// pace adds up how long pictures take.
type pace struct {
	*speed
	most    int // tokens of an answer
	seconds float64
}

// newPace takes the speed as crops --estimate does: that which is kept or, on a terminal, one measured now.
func newPace(ctx context.Context, s Streams, o askOptions, h *mcllava.Headers) (*pace, error) {
	p := &pace{most: max(1, o.Knobs.MaxNewTokens)}
	precision, err := mcllava.ReadPrecision(o.Model, o.Precision)
	if err != nil {
		return nil, err
	}
	p.speed, err = newSpeed(ctx, h.Config(), precision, o.Threads, s.OutTerminal)
	return p, err
}

// add adds a picture and its questions, which share the prompt up to the picture's end.
func (p *pace) add(seen run.Sight) {
	if p.speed == nil {
		return
	}
	q := questionOf(seen.Plan)
	q.Answer = min(q.Answer, p.most)
	whole := p.of(q)
	p.seconds += whole.Prefill + float64(seen.Questions)*whole.Decode
	missing := q
	missing.Boxes, missing.Keep = nil, nil
	for i, have := range seen.Cached {
		if !have {
			missing.Boxes, missing.Keep = append(missing.Boxes, q.Boxes[i]), append(missing.Keep, q.Keep[i])
		}
	}
	if len(missing.Boxes) > 0 {
		part := p.of(missing)
		p.seconds += part.Preprocess + part.Encode
	}
}
