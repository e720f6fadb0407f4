package cmd

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/run"
)

// promptHint is what a prompt says before its first question.
const promptHint = "mcllava: each line is a question; /help says more, /bye ends"

// promptHelp is what a prompt says of itself.
const promptHelp = `  Every line is a question.
  /look [FILE]         shows where the last answer looked (or draws FILE, a PNG)
  /zoom                sees only the part around it from now on
  /zoom out            goes back
  /region X0,Y0,X1,Y1  sees only this part, in pixels
  /region              sees the whole picture
  Arrow keys find questions asked before.
  Ctrl-C ends an answer; at the prompt it clears the line, and ends all on an empty one.
  Ctrl-D, /bye, exit and quit end it too.`

// session is one picture that questions are asked about.
type session struct {
	streams Streams
	options askOptions
	model   *mcllava.Model
	picture *mcllava.Picture
	image   string // its name
	watch   *watch
	screen  *pictureStream // nil until a picture is to be shown

	maxCrops int // of the whole picture

	view   *mcllava.View
	maps   bool // the view says where each crop looks
	before []mcllava.Region

	drawn    []string        // files that this session has drawn
	question string          // the last one that was answered about the view
	answer   *mcllava.Answer // to it; nil for none
}

// see looks at the picture, or at a part of it, by the knobs in force. After an error the view is as it was.
func (p *session) see(ctx context.Context, k mcllava.ViewKnobs, maps bool) error {
	plan, err := p.model.Plan(p.picture, k)
	if err != nil {
		return err
	}
	plan.Maps = maps
	if p.view == nil {
		p.watch.First(ctx, p.model, p.picture, plan)
	}
	view, err := p.model.See(ctx, p.picture, plan, mcllava.Hooks{Note: p.watch.Note, Progress: p.watch.Progress})
	p.watch.bar.clear()
	if err != nil {
		return err
	}
	p.options.Knobs.ViewKnobs, p.view, p.maps = k, view, maps
	return nil
}

// hooks are those of an answer that is shown as it comes.
func (p *session) hooks() mcllava.Hooks {
	h := mcllava.Hooks{Note: p.watch.Note, Progress: p.watch.Progress, Piece: func(text string) {
		p.watch.bar.clear()
		_, _ = io.WriteString(p.streams.Out, text)
	}}
	if p.maps {
		h.Attention = &mcllava.AttentionOptions{}
		if g := p.options.Gaze; g != nil {
			h.Attention = &g.AttentionOptions
		}
	}
	return h
}

// ask answers a question and, with --show, shows where the answer looked.
func (p *session) ask(ctx context.Context, question string) error {
	a, err := p.model.Answer(ctx, p.view, question, p.options.Knobs.AnswerKnobs, p.hooks())
	p.watch.bar.clear()
	if err != nil {
		return err
	}
	p.question, p.answer = question, a
	if p.options.Knobs.Choices != nil {
		_, _ = io.WriteString(p.streams.Out, a.Text)
	}
	if confidence, _, ok := a.Confidence(); ok && p.options.Knobs.LogProbs {
		fmt.Fprintf(p.streams.Out, "\t%.4f", confidence)
	}
	if _, err := fmt.Fprintln(p.streams.Out); err != nil || p.options.Gaze == nil || p.screen == nil || a.Attention == nil {
		return err
	}
	return p.show(ctx)
}

// commands are those of the prompt, by their names. Each is given the rest of its line.
func (p *session) commands() map[string]func(context.Context, string) error {
	return map[string]func(context.Context, string) error{"/look": p.look, "/zoom": p.zoom, "/region": p.region}
}

var (
	errNothingAsked = errors.New("no question was answered about what is seen now; ask one first")
	errNoAttention  = errors.New("it is not known where the last answer looked")
)

// attend sees to it that it is known where the last answer looked. A picture that was seen without maps is seen again, and the question
// answered again, which gives the same answer.
func (p *session) attend(ctx context.Context) error {
	if p.answer == nil {
		return errNothingAsked
	}
	if !p.maps {
		p.watch.Note(fmt.Sprintf("to say where an answer looked, the picture is seen again; of its %s those are encoded again whose maps the cache has not", number(len(p.view.Plan().Boxes), "crop")))
		if err := p.see(ctx, p.options.Knobs.ViewKnobs, true); err != nil {
			return err
		}
	}
	if p.answer.Attention == nil {
		h := p.hooks()
		h.Piece = nil
		a, err := p.model.Answer(ctx, p.view, p.question, p.options.Knobs.AnswerKnobs, h)
		p.watch.bar.clear()
		if err != nil {
			return err
		}
		p.answer = a
	}
	if p.answer.Attention == nil {
		return errNoAttention
	}
	return nil
}

// look shows where the last answer looked, or draws it into a file where one is named or the terminal shows no pictures.
func (p *session) look(ctx context.Context, file string) error {
	file, err := atHome(file)
	if err != nil {
		return err
	}
	if file != "" {
		if err := p.spare(file); err != nil {
			return err
		}
	}
	if err := p.attend(ctx); err != nil {
		return err
	}
	if file == "" {
		err := p.openScreen()
		if err == nil {
			return p.show(ctx)
		}
		p.watch.Note(err.Error())
		file = lookName(p.image)
		if err := p.spare(file); err != nil {
			return err
		}
	}
	if err := run.DrawGaze(ctx, file, true, p.picture, p.question, p.answer); err != nil {
		return err
	}
	p.drawn = append(p.drawn, file)
	note(p.streams, "drew where it looked into %s", file)
	return nil
}

// spare refuses a file that no drawing can have the name of, and one that is there already, unless this session has drawn it.
func (p *session) spare(file string) error {
	if err := checkPNG(file); err != nil {
		return err
	}
	if slices.Contains(p.drawn, file) {
		return nil
	}
	if err := run.Spare(file, p.image); err != nil {
		return err
	}
	if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return fmt.Errorf("%s: exists and is not empty; /look FILE draws a new file", file)
	}
	return nil
}

// openScreen finds out, once, how pictures are shown.
func (p *session) openScreen() (err error) {
	if p.screen != nil {
		return nil
	}
	show := p.options.Show
	if show == showOff {
		show = showAuto // a picture that is asked for
	}
	p.screen, err = p.streams.pictures(show)
	return err
}

// settle ends what was asked of the terminal.
func (p *session) settle() {
	if p.screen != nil {
		p.screen.settle()
	}
}

// settled reads lines once nothing else is read from the terminal.
type settled struct {
	lineReader
	settle func()
}

// ReadLine is that of the lines.
func (s settled) ReadLine(ctx context.Context) (string, error) {
	s.settle()
	return s.lineReader.ReadLine(ctx)
}

// show shows where the last answer looked.
func (p *session) show(ctx context.Context) error {
	upright, err := p.picture.Upright(ctx)
	if err != nil {
		return err
	}
	at := run.Drawing(p.question, p.answer)
	if err := p.screen.show(upright, at); err != nil {
		return err
	}
	if at.Overview && at.Box.Empty() {
		note(p.streams, "it looked at the whole picture")
	}
	return nil
}

// atHome puts the home folder in the place of ~.
func atHome(file string) (string, error) {
	rest, ok := strings.CutPrefix(file, "~")
	if !ok || rest != "" && !os.IsPathSeparator(rest[0]) {
		return file, nil
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, rest), err
}

// zoom sees only what is around the place where the last answer looked, or goes back.
func (p *session) zoom(ctx context.Context, where string) error {
	switch strings.ToLower(where) {
	case "", "in":
	case "out":
		if len(p.before) == 0 {
			return errors.New("there is nothing to go back to; /region alone sees the whole picture")
		}
		last := len(p.before) - 1
		if err := p.turn(ctx, p.before[last]); err != nil {
			return err
		}
		p.before = p.before[:last]
		return nil
	default:
		return fmt.Errorf("zoom has %q, expected nothing, or out", where)
	}
	if err := p.attend(ctx); err != nil {
		return err
	}
	box := p.answer.Attention.Box
	if box.Empty() {
		return errors.New("the last answer looked at all that is seen, and at no place in it; /region X0,Y0,X1,Y1 names one")
	}
	within := p.seen()
	closer := zoomed(box, within, p.model.Config().Vision.ImageSize)
	if closer == within {
		return fmt.Errorf("what is seen has %d×%d pixels, and there is nothing closer", within.Dx(), within.Dy())
	}
	return p.push(ctx, mcllava.RegionOf(closer))
}

// region sees only a part of the picture, or all of it.
func (p *session) region(ctx context.Context, text string) error {
	var r mcllava.Region
	if err := r.Set(text); err != nil {
		return fmt.Errorf("region: %w", err)
	}
	return p.push(ctx, r)
}

// push goes on to another part of the picture.
func (p *session) push(ctx context.Context, r mcllava.Region) error {
	now := p.options.Knobs.Region
	if r == now {
		p.saySeen()
		return nil
	}
	if err := p.turn(ctx, r); err != nil {
		return err
	}
	p.before = append(p.before, now)
	return nil
}

// turn sees another part of the picture. Where an answer about the former looked remains known, if it is.
func (p *session) turn(ctx context.Context, r mcllava.Region) error {
	k := p.options.Knobs.ViewKnobs
	k.Region, k.MaxCrops = r, p.maxCrops
	if r != (mcllava.Region{}) {
		k.MaxCrops = p.notFiner(k)
	}
	if err := p.see(ctx, k, p.maps); err != nil {
		return err
	}
	if p.answer != nil && p.answer.Attention == nil {
		p.answer = nil
	}
	p.saySeen()
	return nil
}

// notFiner is the most crops of a part of the picture, up to the knob's, that are no smaller than the encoder sees them, and than two
// thirds of the whole picture's: finer ones cut words.
func (p *session) notFiner(k mcllava.ViewKnobs) int {
	whole := k
	whole.Region = mcllava.Region{}
	least := p.model.Config().Vision.ImageSize
	if plan, err := p.model.Plan(p.picture, whole); err == nil {
		least = max(least, plan.Size*2/3)
	}
	for ; k.MaxCrops > 0; k.MaxCrops-- {
		if plan, err := p.model.Plan(p.picture, k); err == nil && (len(plan.Boxes) == 1 || plan.Size >= least) {
			return k.MaxCrops
		}
	}
	return 0
}

// seen is what is seen of the picture.
func (p *session) seen() image.Rectangle {
	if r := p.options.Knobs.Region; r != (mcllava.Region{}) {
		return r.Rectangle()
	}
	return image.Rect(0, 0, p.picture.Width, p.picture.Height)
}

func (p *session) saySeen() {
	what := "the whole picture is seen"
	if p.options.Knobs.Region != (mcllava.Region{}) {
		what = fmt.Sprintf("%s of %d×%d pixels is seen", p.options.Knobs.Region, p.picture.Width, p.picture.Height)
	}
	p.watch.bar.clear()
	note(p.streams, "%s, in %s", what, number(len(p.view.Plan().Boxes), "crop")) // also where all else is quiet, since it is what was asked for
}

// Parts of the sides of what is seen, and how many times as wide or as high as the place that an answer looked at is what is seen next.
const (
	zoomMargin  = 3.0 // unless that is more than usualZoom
	leastMargin = 1.5
	usualZoom   = 0.6
	leastZoom   = 0.9 // from which on it is not worth while
)

// zoomed is what is to be seen of a place within what is seen now: of the same shape, with a margin, and no less than the model sees whole,
// which is a square of side pixels.
func zoomed(box, within image.Rectangle, side int) image.Rectangle {
	place := max(float64(box.Dx())/float64(within.Dx()), float64(box.Dy())/float64(within.Dy()))
	k := max(min(zoomMargin*place, usualZoom), leastMargin*place, float64(side)/float64(min(within.Dx(), within.Dy())))
	if k > leastZoom {
		return within
	}
	along := func(length int) int { return max(1, min(length, int(k*float64(length)+0.5))) }
	size := image.Pt(along(within.Dx()), along(within.Dy()))
	corner := box.Min.Add(box.Max).Sub(size).Div(2)
	corner.X = max(within.Min.X, min(within.Max.X-size.X, corner.X))
	corner.Y = max(within.Min.Y, min(within.Max.Y-size.Y, corner.Y))
	return image.Rectangle{corner, corner.Add(size)}
}
