package mcllava

import (
	"context"
	"errors"
	"image"

	"gonum.org/v1/gonum/blas/blas32"

	"github.com/mcllava/mcllava/encoder"
)

// Sights is a picture that is seen by several plans. A box that more than one of them has is encoded once. Of each box as many rows stay
// in memory as the plan that gives it the most image tokens needs, until the Sights are let go.
type Sights struct {
	model   *Model
	picture *Picture
	keep    map[image.Rectangle]int            // K, the most rows of a box that a plan needs
	rows    map[image.Rectangle]blas32.General // [K, Dv] of the boxes that were seen
}

// Sights gets ready to see a picture by some plans. It does no work.
func (m *Model) Sights(p *Picture, plans ...Plan) *Sights {
	s := &Sights{m, p, map[image.Rectangle]int{}, map[image.Rectangle]blas32.General{}}
	for _, plan := range plans {
		for i, b := range plan.Boxes {
			s.keep[b] = max(s.keep[b], plan.TokensPerCrop[i])
		}
	}
	return s
}

// errOtherPlan says that a plan was given which Sights was not told of.
var errOtherPlan = errors.New("the plan is none of those that the picture was to be seen by")

// See is Model.See by one of the plans. What an earlier See has encoded is not encoded again, also where that one ended with an error.
func (s *Sights) See(ctx context.Context, plan Plan, h Hooks) (*View, error) {
	wide := plan
	wide.TokensPerCrop = make([]int, len(plan.Boxes))
	for i, b := range plan.Boxes {
		if wide.TokensPerCrop[i] = s.keep[b]; s.keep[b] < plan.TokensPerCrop[i] {
			return nil, errOtherPlan
		}
	}
	if err := s.model.begin(); err != nil {
		return nil, err
	}
	defer s.model.busy.Unlock()
	v := &View{model: s.model, picture: s.picture}
	found, encoded, err := v.find(ctx, wide, s.seen, h)
	for i, b := range plan.Boxes {
		if found[i].Rows > 0 {
			s.rows[b] = found[i]
		}
	}
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i] = encoder.LastRows(found[i], plan.TokensPerCrop[i])
	}
	v.hold(plan, found, encoded)
	return v, nil
}

// seen is the last k rows of a box, if it was seen.
func (s *Sights) seen(box image.Rectangle, k int) (blas32.General, bool) {
	rows, ok := s.rows[box]
	if !ok {
		return rows, false
	}
	return encoder.LastRows(rows, k), true
}
