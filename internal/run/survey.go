package run

import (
	"context"
	"crypto/sha256"
	"os"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/estimate"
	"github.com/mcllava/mcllava/internal/records"
	"github.com/mcllava/mcllava/internal/terminal"
)

// Survey is what a run would do, as the headers of its pictures say.
type Survey struct {
	Pictures   int     // to be asked about, those that cannot be read included
	Pairs      int     // to be asked
	Done       int     // pairs of this run's share that have an answer or whose picture has a sidecar
	Unreadable []Fault // pictures and broken lines that will fail
	Cached     int     // pictures all of whose crops the cache has, or will have by then
	Crops      int     // of all readable pictures, overviews included
	ToEncode   int     // of them, those that the cache will not have
	Stored     int64   // bytes that the cache would take, were there no limit
	Output     int64   // bytes of the answers, about
}

// Fault is why a picture will fail.
type Fault struct {
	Image string `json:"image"`
	Error string `json:"error"`
}

// Sight is a picture that a Survey comes to.
type Sight struct {
	Plan      mcllava.Plan
	Cached    []bool // of each crop
	Questions int
}

// surveyor is a survey under way.
type surveyor struct {
	run     *Run
	headers *mcllava.Headers
	each    func(Sight)
	found   Survey
	seen    map[[sha256.Size]byte]bool // pictures that will have been encoded by then
}

// Survey goes through the input as Do would: the same share, and the same pairs left out. It decodes no picture, loads no weights, and
// changes neither the output nor the cache. Each is called with every picture that can be read and has questions to answer. An error is
// one that Do would end with before the first question, or the context's.
func (r *Run) Survey(ctx context.Context, h *mcllava.Headers, each func(Sight)) (found Survey, err error) {
	if n, known := r.pairs.Count(); known {
		r.total = n * r.cells()
	}
	if err := r.prepareOutput(); err != nil {
		return found, err
	}
	if err := r.identify(h); err != nil {
		return found, err
	}
	if o := r.options.Output; o.Path != "" {
		if r.file, err = records.Peek(o.Path, o.Format, records.CreateOptions{
			Resume: o.Resume, Overwrite: o.Overwrite, Many: o.Many, Settings: r.settings,
		}); err != nil {
			return found, err
		}
		defer func() { _ = r.file.Close() }()
		r.settings = r.file.Settings()
	}
	s := &surveyor{run: r, headers: h, each: each, seen: map[[sha256.Size]byte]bool{}}
	var pairs []pair
	number := 0
	for p, err := range r.pairs.All() {
		switch {
		case ctx.Err() != nil:
			return s.found, ctx.Err()
		case err != nil:
			return s.found, err
		case len(pairs) > 0 && pairs[0].Source != p.Source:
			s.picture(pairs)
			pairs = pairs[:0]
		}
		pairs = append(pairs, pair{Pair: p, number: number})
		number++
	}
	if len(pairs) > 0 {
		s.picture(pairs)
	}
	return s.found, ctx.Err()
}

// picture looks at one picture, which all pairs are about.
func (s *surveyor) picture(pairs []pair) {
	source := pairs[0].Source
	data, err := source.Open()
	hash := sha256.Sum256(data)
	asked := 0
	for _, p := range pairs {
		switch {
		case !s.run.options.Shard.Takes(hash, err, p.Source.Path):
		case !s.run.wanted(hash, err, p):
			s.found.Done++
		default:
			asked++
			s.found.Output += s.answerBytes(hash, p)
		}
	}
	if asked == 0 {
		return
	}
	s.found.Pictures++
	s.found.Pairs += asked
	var plan mcllava.Plan
	var picture *mcllava.Picture
	if err == nil {
		picture, err = s.run.openPicture(data)
	}
	if err == nil {
		if o := s.run.options; o.Search {
			plan, err = s.headers.SearchPlan(picture, o.Knobs)
		} else {
			plan, err = s.headers.Plan(picture, o.ViewKnobs)
		}
	}
	if err != nil {
		s.found.Unreadable = append(s.found.Unreadable, Fault{source.Path, terminal.OneLine(named(source.Path, err))})
		return
	}
	cached := s.headers.Cached(picture, plan)
	if s.seen[hash] && s.headers.Caches() {
		for i := range cached {
			cached[i] = true
		}
	}
	s.seen[hash] = true
	missing := 0
	for _, have := range cached {
		if !have {
			missing++
		}
	}
	if missing == 0 {
		s.found.Cached++
	}
	s.found.Crops += len(cached)
	s.found.ToEncode += missing
	s.found.Stored += s.headers.StoredBytes(plan, cached)
	s.each(Sight{plan, cached, asked})
}

// answerBytes is about the size of a pair's record.
func (s *surveyor) answerBytes(hash [sha256.Size]byte, p pair) int64 {
	const letters, token = 4, 10_000 // of a token, and one of usual length
	n := min(estimate.AnswerTokens, max(1, s.run.options.MaxNewTokens))
	a := &mcllava.Answer{Text: strings.Repeat("x", letters*n), Finish: mcllava.FinishStop}
	for range n {
		a.Tokens = append(a.Tokens, token)
	}
	o := s.run.options.Output
	size, err := o.Format.Size(s.run.complete(task{hash: hash, image: p.Image}, p, a), o.Many)
	if err != nil {
		return 0
	}
	return int64(size)
}

// prepareOutput refuses an output that would take the place of an input.
func (r *Run) prepareOutput() error {
	if err := r.spareInputs(); err != nil {
		return err
	}
	if err := r.spareDrawings(); err != nil {
		return err
	}
	if g := r.options.Gaze; g != nil && g.Folder != "" {
		if err := os.MkdirAll(g.Folder, 0o777); err != nil {
			return err
		}
	}
	if r.options.Output.Sidecars == nil {
		return nil
	}
	r.sidecars = newSidecars(r.options, r.pairs.Questions() == 0)
	if _, known := r.pairs.Count(); !known {
		return nil
	}
	return r.sidecars.check(r.pairs)
}
