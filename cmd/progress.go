package cmd

import (
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/mcllava/mcllava"
)

// progress shows on standard error how far a question has come: crops encoded, then tokens decoded.
type progress struct {
	out    io.Writer // nil for no progress
	tokens bool      // also count tokens: the answer does not show them as they come
	stage  mcllava.Stage
	bar    *progressbar.ProgressBar
}

func newProgress(s Streams, o askOptions) *progress {
	p := &progress{tokens: o.JSON || !s.OutTerminal}
	if !o.Quiet && (s.ErrTerminal || o.Progress) {
		p.out = s.Err
	}
	return p
}

func (p *progress) report(stage mcllava.Stage, done, total int) {
	if p.out == nil || stage == mcllava.StageTokens && !p.tokens {
		return
	}
	if p.stage != stage || p.bar == nil {
		p.clear()
		p.stage = stage
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(string(stage)), progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(30), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionEnableColorCodes(os.Getenv("NO_COLOR") == ""), progressbar.OptionSetPredictTime(true))
	}
	_ = p.bar.Set(done)
}

// clear takes the bar off the screen.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
