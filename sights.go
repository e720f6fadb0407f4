package mcllava

import (
	"context"
	"errors"
	"image"
	"slices"

	"github.com/mcllava/mcllava/encoder"
)

// Sights is a picture that is seen by several plans. A box that more than one of them has is encoded once. Of each box as many rows stay
// in memory as the plan that gives it the most image tokens needs, until the Sights are let go.
type Sights struct {
	model   *Model
	picture *Picture
	keep    map[image.Rectangle]int  // K, the most rows of a box that a plan needs
	all     int                      // rows to keep of every box, of any plan; 0 for what the plans need
	held    map[image.Rectangle]seen // K rows of the boxes that were seen

	decoding float64                     // seconds that the picture took, and
	took     map[image.Rectangle]Seconds // each box that was encoded
}

// Sights gets ready to see a picture by some plans. It does no work.
func (m *Model) Sights(p *Picture, plans ...Plan) *Sights {
	s := &Sights{
		model: m, picture: p, keep: map[image.Rectangle]int{}, held: map[image.Rectangle]seen{}, took: map[image.Rectangle]Seconds{},
	}
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
// The view's first answer counts the seconds of all its boxes all the same, as if the picture had been seen by this plan alone.
func (s *Sights) See(ctx context.Context, plan Plan, h Hooks) (*View, error) {
	wide := plan
	wide.TokensPerCrop = make([]int, len(plan.Boxes))
	for i, b := range plan.Boxes {
		if wide.TokensPerCrop[i] = max(s.keep[b], s.all); wide.TokensPerCrop[i] < plan.TokensPerCrop[i] {
			return nil, errOtherPlan
		}
	}
	if err := s.model.begin(); err != nil {
		return nil, err
	}
	defer s.model.busy.Unlock()
	v := &View{model: s.model, picture: s.picture}
	found, left, err := v.find(ctx, wide, s.seen, h)
	s.count(v, plan, found, left)
	for i, b := range plan.Boxes {
		if found[i].rows.Rows > 0 {
			s.held[b] = found[i]
		}
	}
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].rows = encoder.LastRows(found[i].rows, plan.TokensPerCrop[i])
	}
	v.hold(plan, found, len(left))
	v.seconds = s.seconds(plan)
	return v, nil
}

// count notes what the boxes took that a view has encoded, each of them the same.
func (s *Sights) count(v *View, plan Plan, found []seen, left []int) {
	s.decoding += v.decoding
	left = slices.DeleteFunc(left, func(i int) bool { return found[i].rows.Rows == 0 })
	for _, i := range left {
		n := float64(len(left))
		s.took[plan.Boxes[i]] = Seconds{Preprocess: (v.seconds.Preprocess - v.decoding) / n, Encode: v.seconds.Encode / n}
	}
}

// seconds is what the boxes of a plan took.
func (s *Sights) seconds(plan Plan) (all Seconds) {
	encoded := false
	for _, b := range plan.Boxes {
		took, ok := s.took[b]
		all.Preprocess += took.Preprocess
		all.Encode += took.Encode
		encoded = encoded || ok
	}
	if encoded {
		all.Preprocess += s.decoding
	}
	return all
}

// seen is the last k rows of a box, if it was seen, and its map.
func (s *Sights) seen(box image.Rectangle, k int) seen {
	old, ok := s.held[box]
	if !ok {
		return old
	}
	old.rows = encoder.LastRows(old.rows, k)
	return old
}
