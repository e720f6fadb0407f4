package run

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/mcllava/mcllava"
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
	if err := DrawGaze(ctx, path, t.picture, p.Question, a); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return writeError{path, err}
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

// DrawGaze writes a PNG file that shows on a picture where an answer about it looked.
func DrawGaze(ctx context.Context, path string, p *mcllava.Picture, question string, a *mcllava.Answer) error {
	upright, err := p.Upright(ctx)
	if err != nil {
		return err
	}
	drawn, err := Drawing(question, a).Draw(upright)
	if err != nil {
		return err
	}
	return records.WriteFile(ctx, path, true, func(w io.Writer) error { return png.Encode(w, drawn) })
}
