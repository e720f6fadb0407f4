package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/records"
)

// cells is how often each pair is asked.
func (r *Run) cells() int { return max(1, len(r.options.Cells)) }

// identify notes what the answers have in common: in a run with cells, those of each cell.
func (r *Run) identify(m Identified) error {
	settings, err := SettingsOf(m, r.options.Knobs)
	if err != nil {
		return err
	}
	r.settings = []records.Settings{settings}
	if r.options.Cells == nil {
		return nil
	}
	r.settings, settings.Former = nil, ""
	for _, k := range r.options.Cells {
		settings.Knobs.ViewKnobs = k
		r.settings = append(r.settings, settings)
	}
	r.sweep = records.SweepID(r.settings)
	return nil
}

// cell is how a picture is seen with one of the run's Cells.
type cell struct {
	plan mcllava.Plan
	mark string // why that is not asked, where the picture cannot be seen so or is seen so in a cell before; "" if it is
	same bool   // as a cell before
	err  error  // of the plan
}

// cellsOf finds out how a picture is seen with each of some knobs. Whether the image tokens are too many or too few for the crops, it
// takes from what Clamp makes of them.
func cellsOf(m *mcllava.Model, p *mcllava.Picture, all []mcllava.ViewKnobs) []cell {
	cells := make([]cell, len(all))
	for i, k := range all {
		c := &cells[i]
		nearest := k
		nearest.Clamp = true
		if c.plan, c.err = m.Plan(p, nearest); c.err != nil {
			continue
		}
		switch n := c.plan.NumTokens; {
		case k.Clamp || k.NumTokens == 0:
		case n < k.NumTokens:
			c.mark = fmt.Sprintf("%d of %d tokens at most", n, k.NumTokens)
			continue
		case n > k.NumTokens:
			c.mark = fmt.Sprintf("%d tokens at least", n)
			continue
		}
		if c.plan, c.err = m.Plan(p, k); c.err != nil {
			continue
		}
		for j, before := range cells[:i] {
			if before.err == nil && before.mark == "" && slices.Equal(before.plan.Boxes, c.plan.Boxes) && slices.Equal(before.plan.TokensPerCrop, c.plan.TokensPerCrop) {
				c.mark, c.same = sameAs(all[j], k), true
			}
		}
	}
	return cells
}

// sameAs says with which knobs a picture is seen as with others.
func sameAs(first, again mcllava.ViewKnobs) string {
	switch {
	case first.NumTokens == again.NumTokens:
		return fmt.Sprintf("same as %d", first.MaxCrops)
	case first.MaxCrops == again.MaxCrops:
		return fmt.Sprintf("same as %d tokens", first.NumTokens)
	}
	return fmt.Sprintf("same as %d, %d tokens", first.MaxCrops, first.NumTokens)
}

// decodes says whether anything of a picture is left to encode, in any cell.
func (r *Run) decodes(m *mcllava.Model, p *mcllava.Picture) bool {
	return slices.ContainsFunc(cellsOf(m, p, r.options.Cells), func(c cell) bool {
		return c.err == nil && c.mark == "" && m.PrepareBytes(p, c.plan) > 0
	})
}

// turn goes on to a cell, which is looked at anew.
func (s *scene) turn(to int) {
	all := s.run.options.Cells
	if all == nil {
		return
	}
	if s.cells == nil {
		s.cells = cellsOf(s.run.model, s.task.picture, all)
	}
	if c := &s.cells[to]; c != s.cell {
		s.cell, s.view, s.failed = c, nil, nil
	}
}

// see looks at the picture by a plan, and what the cells have in common once.
func (s *scene) see(ctx context.Context, plan mcllava.Plan, h mcllava.Hooks) (*mcllava.View, error) {
	if s.cell == nil {
		return s.run.model.See(ctx, s.task.picture, plan, h)
	}
	if s.sights == nil {
		s.sights = s.run.model.Sights(s.task.picture, s.plans()...)
	}
	return s.sights.See(ctx, plan, h)
}

// plans are those of the cells that the picture's questions are asked in: of all where more questions may come.
func (s *scene) plans() (plans []mcllava.Plan) {
	for i, c := range s.cells {
		asked := s.task.more != nil || slices.ContainsFunc(s.task.pairs, func(p pair) bool { return p.cell == i })
		if asked && c.mark == "" && c.err == nil {
			plans = append(plans, c.plan)
		}
	}
	return plans
}

// blank is the record of a cell that is not asked. One that is the same as another has that one's crops and image tokens.
func (r *Run) blank(t task, p pair, c *cell) records.Record {
	record := r.stamped(t, p)
	record.Mark, record.Crops = c.mark, len(c.plan.Boxes)
	if c.same {
		record.ImageTokens, record.NumTokens = c.plan.ImageTokens, c.plan.NumTokens
	}
	return record
}

// marked records a cell that is not asked.
func (r *Run) marked(record records.Record) error {
	r.summary.Marked++
	r.observer.Answered(record)
	return r.write(record)
}
