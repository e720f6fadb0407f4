package cmd

import (
	"testing"
	"time"

	"github.com/mcllava/mcllava"
)

// TestDescription checks that the description of a bar leaves room for the bar on a narrow terminal.
func TestDescription(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]string{
		0:  "picture 1, pair 1 of 6; crops",
		80: "picture 1, pair 1 of 6; crops",
		40: "crops",
	} {
		p := progress{width: width, many: true, seen: 1, pairs: 6, stage: mcllava.StageCrops, start: time.Now()}
		if got := p.description(); got != want {
			t.Errorf("%d columns: %q, expected %q", width, got, want)
		}
	}
}
