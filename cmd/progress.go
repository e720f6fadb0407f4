package cmd

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// progress shows on standard error how far a run has come: crops encoded, then tokens decoded, and how many of all pairs are done.
type progress struct {
	out    io.Writer // nil for no progress
	width  int       // of the terminal; 0 where there is none
	tokens bool      // also count tokens: the answer does not show them as they come
	pairs  int       // of the whole input; 0 where that is not known
	many   bool
	stage  mcllava.Stage
	bar    *progressbar.ProgressBar

	start   time.Time
	first   int // number of the pair that the run began with
	now     int
	started bool
	seen    int // pictures
}

func newProgress(s Streams, o askOptions, pairs int) *progress {
	p := &progress{tokens: o.Format.String() != records.Plain.String() || !s.OutTerminal, pairs: pairs, many: !o.single(), start: time.Now()}
	if !o.Quiet && (s.ErrTerminal || o.Progress) {
		p.out, p.width = s.Err, s.errWidth()
	}
	return p
}

// picture says that the run has come to a picture, whose first pair has a number.
func (p *progress) picture(pair int) {
	if !p.started {
		p.started, p.first = true, pair
	}
	p.now = pair
	p.seen++
	p.clear()
}

// pair says which pair the run has come to.
func (p *progress) pair(number int) { p.now = number }

// overall is how far the run has come: "picture 12, pair 37 of 600, 11.5 pictures/min, 14m left; ".
func (p *progress) overall() string {
	if !p.many {
		return ""
	}
	text := fmt.Sprintf("picture %d", p.seen)
	if p.pairs > 0 {
		text += fmt.Sprintf(", pair %d of %d", p.now+1, p.pairs)
	}
	took := time.Since(p.start)
	if done := p.seen - 1; done > 0 {
		text += fmt.Sprintf(", %.1f pictures/min", float64(done)/took.Minutes())
	}
	if done := p.now - p.first; done > 0 && p.pairs > p.now {
		left := time.Duration(float64(took) / float64(done) * float64(p.pairs-p.now))
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return text + "; "
}

// barText is the room for what stands beside the description: the share and the count of up to 999.
const barText = len(" 100% || (999/999) ")

// description is overall and the stage, or the stage alone where a line of the terminal has no room for more.
func (p *progress) description() string {
	overall := p.overall() + string(p.stage)
	if p.width > 0 && len(overall)+barText > p.width {
		return string(p.stage)
	}
	return overall
}

func (p *progress) report(stage mcllava.Stage, done, total int) {
	if p.out == nil || stage == mcllava.StageTokens && !p.tokens {
		return
	}
	if p.stage != stage || p.bar == nil {
		p.clear()
		p.stage = stage
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(p.description()), progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""), progressbar.OptionSetPredictTime(!p.many))
	}
	_ = p.bar.Set(done)
}

// clear takes the bar off the screen.
func (p *progress) clear() {
	if p != nil && p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
