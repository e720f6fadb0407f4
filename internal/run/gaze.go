package run

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mcllava/mcllava"
	"github.com/mcllava/mcllava/internal/inputs"
	"github.com/mcllava/mcllava/internal/overlay"
	"github.com/mcllava/mcllava/internal/records"
)

// Gaze asks where answers looked. It stands in their records, and is drawn where a path is given.
type Gaze struct {
	mcllava.AttentionOptions
	File   string // PNG of the only answer; "" for none
	Folder string // of a PNG an answer, such as 000012-street.png for pair 12; "" for none

	// Show is given, once an answer is recorded, the upright picture and where in it the answer looked; nil for not.
	Show func(picture *image.RGBA, at overlay.Attention)
}

// path is the file of a pair, "" for none.
func (g *Gaze) path(p pair) string {
	if g.Folder == "" {
		return g.File
	}
	name := filepath.Base(p.Image)
	return filepath.Join(g.Folder, fmt.Sprintf("%06d-%s.png", p.number, strings.TrimSuffix(name, filepath.Ext(name))))
}

// draw draws where an answer looked, if that is asked for.
func (r *Run) draw(ctx context.Context, t task, p pair, a *mcllava.Answer) error {
	if r.options.Gaze == nil || a.Attention == nil {
		return nil
	}
	path := r.options.Gaze.path(p)
	if path == "" {
		return nil
	}
	replace := r.options.Gaze.Folder == "" || r.options.Output.Overwrite
	if !replace && r.goesOn() && spareDrawing(path) != nil {
		r.observer.Note(path + ": exists, and was left as it is")
		return nil
	}
	if err := DrawGaze(ctx, path, replace, t.picture, p.Question, a); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return writeError{path, err}
	}
	return nil
}

// goesOn says whether the run may be the rest of one that was interrupted, which has drawn what it did not come to record.
func (r *Run) goesOn() bool { return r.options.Output.Resume || r.options.Output.Sidecars != nil }

// spareDrawings refuses, as far as it is known ahead which pairs are asked, drawings in the folder that would take the place of files.
func (r *Run) spareDrawings() error {
	g, o := r.options.Gaze, r.options.Output
	_, known := r.pairs.Count()
	if g == nil || g.Folder == "" || o.Overwrite || r.goesOn() || !known || r.options.Shard != (inputs.Sharding{}) {
		return nil
	}
	number := 0
	for p, err := range r.pairs.All() {
		if err != nil {
			return nil // said where the run comes to it
		}
		if err := spareDrawing(g.path(pair{Pair: p, number: number})); err != nil {
			return err
		}
		number++
	}
	return nil
}

// spareAhead refuses the drawing of a pair, before it is asked, that would take the place of a file.
func (r *Run) spareAhead(p pair) error {
	g := r.options.Gaze
	if g == nil || g.Folder == "" || r.options.Output.Overwrite || r.goesOn() {
		return nil
	}
	path := g.path(p)
	if err := spareDrawing(path); err != nil {
		return writeError{path, err}
	}
	return nil
}

// spareDrawing refuses a drawing in the place of a file.
func spareDrawing(path string) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		return fmt.Errorf("%s: exists and is not empty; --overwrite replaces it", path)
	}
	return nil
}

// show hands on where an answer looked, if that is to be shown.
func (r *Run) show(ctx context.Context, t task, p pair, a *mcllava.Answer) error {
	if r.options.Gaze == nil || r.options.Gaze.Show == nil || a.Attention == nil {
		return nil
	}
	upright, err := t.picture.Upright(ctx)
	if err != nil {
		return err
	}
	r.options.Gaze.Show(upright, Drawing(p.Question, a))
	return nil
}

// Drawing is what is drawn of where an answer looked.
func Drawing(question string, a *mcllava.Answer) overlay.Attention {
	at := a.Attention
	d := overlay.Attention{
		Cols: at.Heat.Cols, Rows: at.Heat.Rows, Values: at.Heat.Values, Peak: at.Peak, Box: at.Box, Overview: at.Overview,
		Question: question, Answer: a.Text,
	}
	if a.Found == nil {
		return d
	}
	for _, s := range a.Found.Steps {
		of := len(at.Crops) == len(s.Boxes)+1
		for i, b := range s.Boxes {
			of = of && at.Crops[i+1].Box == b
		}
		d.Steps = append(d.Steps, overlay.Step{Boxes: s.Boxes, Answer: of})
	}
	return d
}

// DrawGaze writes a PNG file that shows on a picture where an answer about it looked. A file that is not empty is replaced, or refused.
func DrawGaze(ctx context.Context, path string, replace bool, p *mcllava.Picture, question string, a *mcllava.Answer) error {
	upright, err := p.Upright(ctx)
	if err != nil {
		return err
	}
	drawn, err := Drawing(question, a).Draw(upright)
	if err != nil {
		return err
	}
	return records.WriteFile(ctx, path, replace, func(w io.Writer) error { return png.Encode(w, drawn) })
}
