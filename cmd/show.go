package cmd

import (
	"errors"
	"fmt"
	"image"
	"os"
	"slices"
	"strings"

	"github.com/mcllava/mcllava/internal/overlay"
	"github.com/mcllava/mcllava/internal/terminal"
	"github.com/mcllava/mcllava/internal/terminal/picture"
)

// What --show takes besides a protocol.
const (
	showAuto = "auto"
	showOff  = "off"
)

// showNames are what --show takes.
func showNames() []string {
	names := []string{showAuto}
	for _, p := range picture.Protocols {
		names = append(names, string(p))
	}
	return append(names, showOff)
}

func checkShow(name string) error {
	if names := showNames(); !slices.Contains(names, name) {
		return fmt.Errorf("show is %q, expected %s or %s", name, strings.Join(names[:len(names)-1], ", "), showOff)
	}
	return nil
}

// pictureStream shows pictures on standard error, so that standard output has answers alone.
type pictureStream struct {
	file     *os.File
	protocol picture.Protocol
	settle   func() // ends what was asked of the terminal, as picture.ShowsSixels has it
}

// noPictures is why --show shows nothing; "" if it does. A protocol that is named is used whatever the terminal says of itself.
func (s Streams) noPictures(show string) string {
	if _, ok := s.Err.(*os.File); !ok || !s.ErrTerminal {
		return "standard error is no terminal"
	}
	if show == showAuto {
		return picture.Refused(os.Getenv)
	}
	return ""
}

// pictures is where pictures are shown by what --show says. The error says why they are not.
func (s Streams) pictures(show string) (*pictureStream, error) {
	if why := s.noPictures(show); why != "" {
		return nil, errors.New("no picture is shown: " + why)
	}
	p := &pictureStream{file: s.Err.(*os.File), protocol: picture.Protocol(show), settle: func() {}}
	if show == showAuto {
		p.protocol = picture.Detect(os.Getenv, func() (shows bool) {
			shows, p.settle = picture.ShowsSixels()
			return shows
		})
	}
	return p, nil
}

// show shows where in a picture an answer looked, as large as the terminal is by now.
func (p *pictureStream) show(upright *image.RGBA, at overlay.Attention) error {
	screen := picture.ScreenOf(p.file, os.Getenv)
	drawn, err := at.Over(upright, screen.Fit(p.protocol, upright.Rect.Size()))
	if err != nil {
		return err
	}
	return picture.Write(p.file, p.protocol, screen, drawn)
}

// shown has where answers looked shown in the terminal, if that is asked for, or notes why it is not. The function is to be called before the
// program ends.
func (o *askOptions) shown(s Streams, w *watch) (settle func()) {
	if o.Show == showOff || o.Show == "" || o.Gaze == nil {
		return func() {}
	}
	p, err := s.pictures(o.Show)
	if err != nil {
		w.Note(err.Error())
		return func() {}
	}
	if s.InTerminal && o.typed() != "" {
		p.settle() // what is typed is to be read
	}
	o.Gaze.Show = func(upright *image.RGBA, at overlay.Attention) {
		w.bar.clear()
		if err := p.show(upright, at); err != nil {
			w.Note("no picture is shown: " + terminal.OneLine(err))
		}
		if at.Overview && at.Box.Empty() {
			w.Note("looked at the whole picture")
		}
	}
	return p.settle
}
