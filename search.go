package mcllava

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mcllava/mcllava/internal/gaze"
)

// The defaults of a search.
const (
	DefaultSearchCrops = 24
	DefaultCoarse      = 16
	DefaultSure        = 0.97
)

// Found is how a search went.
type Found struct {
	Crops   int          `json:"crops"`   // boxes that were looked at, the overview included
	Answers int          `json:"answers"` // that were made
	Stop    Stop         `json:"stop"`
	Steps   []SearchStep `json:"steps"`
}

// Stop is why a search ended.
type Stop string

// A search ends where an answer is sure, or about the picture as a whole; where no crop is left to look at, nothing stands out any
// more, or the picture is too small to be cut.
const (
	StopSure     Stop = "sure"
	StopOverview Stop = "overview"
	StopBudget   Stop = "budget"
	StopFlat     Stop = "flat"
	StopPlain    Stop = "plain"
)

// SearchStep is an answer that a search made, of the overview and some boxes.
type SearchStep struct {
	Boxes   []image.Rectangle // but the overview
	Answer  string
	PMin    float64
	Peak    image.Point
	Seconds float64
}

// stepJSON is a SearchStep in JSON.
type stepJSON struct {
	Boxes   [][4]int `json:"boxes"`
	Answer  string   `json:"answer"`
	PMin    float64  `json:"p_min"`
	Peak    [2]int   `json:"peak"`
	Seconds float64  `json:"seconds"`
}

// MarshalJSON writes boxes as [x0, y0, x1, y1] and the peak as [x, y].
func (s SearchStep) MarshalJSON() ([]byte, error) {
	j := stepJSON{[][4]int{}, s.Answer, s.PMin, [2]int{s.Peak.X, s.Peak.Y}, s.Seconds}
	for _, b := range s.Boxes {
		j.Boxes = append(j.Boxes, corners(b))
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *SearchStep) UnmarshalJSON(text []byte) error {
	var j stepJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*s = SearchStep{nil, j.Answer, j.PMin, image.Pt(j.Peak[0], j.Peak[1]), j.Seconds}
	for _, b := range j.Boxes {
		s.Boxes = append(s.Boxes, Region(b).Rectangle())
	}
	return nil
}

// Searcher looks for the answers to questions about one picture: it sees the picture in a few coarse crops, and then closer where the
// answer looked, until an answer is sure. A box that several answers need is encoded once.
type Searcher struct {
	model   *Model
	picture *Picture
	sights  *Sights
}

// NewSearcher gets ready to search a picture. It does no work.
func (m *Model) NewSearcher(p *Picture) *Searcher {
	s := m.Sights(p)
	s.all = m.config.Encoder().Patches() - 1
	return &Searcher{m, p, s}
}

// search is one question's.
type search struct {
	*Searcher
	question string
	knobs    Knobs
	hooks    Hooks
	budget   int // most boxes
	looked   map[image.Rectangle]bool
	encoded  int
	seconds  Seconds
	found    Found
	best     *Answer
	closer   bool // best is of a step that went closer
}

// Ask searches the picture for the answer to a question: Answer.Found tells how. Of the knobs it takes all but MaxCrops.
func (s *Searcher) Ask(ctx context.Context, question string, k Knobs, h Hooks) (*Answer, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	coarse, err := s.model.SearchPlan(s.picture, k)
	if err != nil {
		return nil, err
	}
	quiet := h
	quiet.Piece, quiet.Dump = nil, nil
	quiet.Attention = &AttentionOptions{}
	if h.Attention != nil {
		quiet.Attention = h.Attention
	}
	c := &search{
		Searcher: s, question: question, knobs: k, hooks: quiet, looked: map[image.Rectangle]bool{},
		budget: orDefault(k.SearchCrops, DefaultSearchCrops),
	}
	if crops := len(coarse.Boxes) - 1; k.SearchCrops == 0 && crops > orDefault(k.Coarse, DefaultCoarse) {
		c.budget = max(c.budget, crops*3/2)
	}
	if c.found.Stop, err = c.run(ctx, coarse); err != nil {
		return nil, err
	}
	a := c.best
	a.Crops, a.Encoded, a.Seconds = len(c.looked), c.encoded, c.seconds
	a.Seconds.Load = s.model.load.Seconds()
	c.found.Crops, c.found.Answers = len(c.looked), len(c.found.Steps)
	a.Found = &c.found
	if c.closer {
		a.Attention.atPlace()
	}
	if h.Attention == nil {
		a.Attention = nil
	}
	if h.Piece != nil && k.Choices == nil {
		h.Piece(a.Text)
	}
	return a, nil
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// SearchPlan is the plan that a search of a picture begins with. Of a picture so large that DefaultCoarse crops show nothing any more,
// it has more of them, unless k.Coarse says how many, or k.SearchCrops leaves no room for them.
func (m *Model) SearchPlan(p *Picture, k Knobs) (Plan, error) {
	const (
		mostReduction = 8.5 // of a crop's side
		mostCrops     = 200
	)
	view := k.ViewKnobs
	view.MaxCrops, view.Clamp = orDefault(k.Coarse, DefaultCoarse), true
	most := mostCrops
	if k.Coarse > 0 {
		most = k.Coarse
	}
	if k.SearchCrops > 0 {
		most = min(most, k.SearchCrops-1)
		view.MaxCrops = min(view.MaxCrops, most)
	}
	for {
		plan, err := m.Plan(p, view)
		plan.Maps = true
		if err != nil || float64(plan.Size) <= mostReduction*float64(m.config.Vision.ImageSize) || view.MaxCrops >= most {
			return plan, err
		}
		view.MaxCrops = min(most, view.MaxCrops*5/4+1)
	}
}

// run looks at the picture as a whole, and then where the answer looked, until it has a reason to stop. An answer that looked at one
// place is looked at closer even where it is sure: of small print that is nearly legible a model may be sure of a guess.
func (c *search) run(ctx context.Context, coarse Plan) (Stop, error) {
	first, err := c.ask(ctx, coarse.Boxes)
	if err != nil {
		return "", err
	}
	closer := gaze.Search{Within: coarse.Boxes[0], Side: coarse.Size}
	switch at := first.Attention; {
	case len(coarse.Boxes) == 1:
		return StopPlain, nil
	case c.sure(first) && (at == nil || at.Overview || !closer.OnePlace(&at.Heat, at.Peak)):
		return StopSure, nil
	case at != nil && at.Overview && first.PMin >= 0.9 && !c.abstains(first):
		return StopOverview, nil
	case at == nil:
		return StopFlat, nil
	}
	stop, err := c.lookCloser(ctx, closer, first.Attention.Heat)
	if stop != StopSure && c.sure(first) {
		stop = StopSure
	}
	return stop, err
}

// lookCloser looks at the hottest place in several boxes, and then at each of the next ones in a box, until an answer is sure.
func (c *search) lookCloser(ctx context.Context, closer gaze.Search, heat Heat) (Stop, error) {
	heat.Values = slices.Clone(heat.Values)
	at, ok := heat.Next()
	if !ok {
		return StopFlat, nil
	}
	closer.Forget(&heat, at)
	boxes := append([]image.Rectangle{closer.Within}, closer.Closer(at)...)
	if !c.affords(boxes) {
		return StopBudget, nil
	}
	a, err := c.ask(ctx, boxes)
	if err != nil || c.settles(a) {
		return StopSure, err
	}
	if a.Attention != nil && !a.Attention.Overview && closer.Elsewhere(a.Attention.Peak, at) {
		if boxes = append(boxes, closer.Again(a.Attention.Peak)...); c.affords(boxes) {
			if a, err = c.ask(ctx, boxes); err != nil || c.settles(a) {
				return StopSure, err
			}
		}
	}
	for {
		boxes, ok = c.glances(closer, &heat)
		switch {
		case len(boxes) == 1 && !ok:
			return StopFlat, nil
		case len(boxes) == 1:
			return StopBudget, nil
		}
		if a, err = c.ask(ctx, boxes); err != nil || c.settles(a) {
			return StopSure, err
		}
	}
}

// glances are the overview and a box for each of the next places that stand out, as many as the budget has room for, which the heat
// forgets; and whether yet another stands out.
func (c *search) glances(closer gaze.Search, heat *Heat) (boxes []image.Rectangle, more bool) {
	boxes = []image.Rectangle{closer.Within}
	for {
		at, ok := heat.Next()
		if !ok {
			return boxes, false
		}
		next := append(slices.Clone(boxes), closer.Glance(at))
		if !c.affords(next) {
			return boxes, true
		}
		closer.Forget(heat, at)
		boxes = next
	}
}

// settles says whether an answer of a closer look is sure. It is the search's then, however sure another was from afar.
func (c *search) settles(a *Answer) bool {
	if !c.sure(a) {
		return false
	}
	c.best, c.closer = a, true
	return true
}

// affords says whether the budget has room for some boxes.
func (c *search) affords(boxes []image.Rectangle) bool {
	n := len(c.looked)
	for i, b := range boxes {
		if !c.looked[b] && !slices.Contains(boxes[:i], b) {
			n++
		}
	}
	return n <= c.budget
}

// ask answers the question about the overview and some boxes, and keeps the answer if none before is worthier.
func (c *search) ask(ctx context.Context, boxes []image.Rectangle) (*Answer, error) {
	start := time.Now()
	m, view := c.model, c.knobs.ViewKnobs
	view.Clamp = true
	boxes = distinct(boxes)
	plan, err := PlanOf(m.config, c.picture.Width, c.picture.Height, boxes, view)
	if err != nil {
		return nil, err
	}
	plan.Maps = true
	v, err := c.sights.See(ctx, plan, c.hooks)
	if err != nil {
		return nil, err
	}
	c.encoded += v.encoded
	a, err := m.Answer(ctx, v, c.question, c.knobs.AnswerKnobs, c.hooks)
	if err != nil {
		return nil, err
	}
	for _, b := range boxes {
		if !c.looked[b] {
			c.looked[b] = true
			took := c.sights.took[b]
			c.seconds.Preprocess += took.Preprocess
			c.seconds.Encode += took.Encode
			delete(c.sights.took, b) // another question does not pay for it again
		}
	}
	c.seconds.Preprocess += c.sights.decoding
	c.sights.decoding = 0
	c.seconds.Prefill += a.Seconds.Prefill
	c.seconds.Decode += a.Seconds.Decode
	step := SearchStep{Boxes: boxes[1:], Answer: a.Text, PMin: a.PMin, Seconds: time.Since(start).Seconds()}
	if a.Attention != nil {
		step.Peak = a.Attention.Peak
	}
	c.found.Steps = append(c.found.Steps, step)
	if c.best == nil || c.worth(a) > c.worth(c.best) {
		c.best, c.closer = a, len(c.found.Steps) > 1
	}
	return a, nil
}

// distinct leaves out of some boxes those that are there already.
func distinct(boxes []image.Rectangle) (all []image.Rectangle) {
	for _, b := range boxes {
		if !slices.Contains(all, b) {
			all = append(all, b)
		}
	}
	return all
}

// worth is how good an answer is: how sure it is of its least likely token, and any answer more than one that says that it cannot see.
func (c *search) worth(a *Answer) float64 {
	if c.abstains(a) {
		return a.PMin - 1
	}
	return a.PMin
}

func (c *search) sure(a *Answer) bool {
	return a.PMin >= orDefault(c.knobs.Sure, DefaultSure) && !c.abstains(a)
}

// abstains says whether an answer says that it cannot see what is asked, of which a model may be very sure.
func (c *search) abstains(a *Answer) bool {
	phrases := c.knobs.Abstentions
	if phrases == nil {
		phrases = c.model.config.Abstentions
	}
	if phrases == nil {
		phrases = abstentions
	}
	text := strings.ToLower(a.Text)
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, strings.ToLower(p)) })
}

// abstentions are phrases of answers that say that nothing could be seen, unless the checkpoint's config.json or the knobs have others.
var abstentions = []string{
	"too small", "too far", "too blurry", "cannot see", "can't see", "can not see", "cannot read", "can't read", "can not read", "unable to", "not visible",
	"not clear", "unclear", "illegible", "not legible", "no sign", "i can see no", "there is no", "unanswerable", "not possible to", "impossible to", "don't know",
}

// checkSearch returns an error that names the knob which no search can be made with.
func (k SearchKnobs) check() error {
	switch {
	case k.SearchCrops < 0:
		return refused(k.All(), &k.SearchCrops, "1 or more")
	case k.Coarse < 0:
		return refused(k.All(), &k.Coarse, "1 or more")
	case !(k.Sure >= 0 && k.Sure <= 1) || math.IsNaN(k.Sure):
		return refused(k.All(), &k.Sure, "more than 0 and at most 1")
	case slices.ContainsFunc(k.Abstentions, func(p string) bool { return strings.TrimSpace(p) == "" }):
		return fmt.Errorf("%s: a phrase is empty, expected words of an answer", KnobName(k.All(), &k.Abstentions))
	}
	return nil
}
