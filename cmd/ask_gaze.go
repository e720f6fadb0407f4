package cmd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mcllava/mcllava/internal/run"
)

// gazeFlags ask where answers looked.
type gazeFlags struct {
	file, folder, word string
	layers             []int
	show               string
}

func (f *gazeFlags) add(c *cobra.Command) {
	v := c.Flags()
	v.StringVar(&f.file, "attention", "", "draw where in the picture the answer looked into this PNG `FILE`; records have it too")
	v.StringVar(&f.folder, "attention-dir", "", "the same for many, one file an answer in this `FOLDER`")
	v.StringVar(&f.show, "show", showOff, "show the same in the terminal, behind each answer, by a `PROTOCOL`: kitty, iterm, sixel, blocks, or auto for what the terminal knows; off for none")
	v.Lookup("show").NoOptDefVal = showAuto
	v.StringVar(&f.word, "attention-word", "", "where one `WORD` of the answer looked, and not all of it")
	v.IntSliceVar(&f.layers, "attention-layers", nil, "of the decoder's layers these: `FROM,TO`, without TO; by default the middle half")
}

// read is nil if nobody asks.
func (f *gazeFlags) read(c *cobra.Command, o askOptions) (*run.Gaze, error) {
	changed := c.Flags().Changed
	if c.Flags().Lookup("show") == nil {
		return nil, nil // a command without these flags
	}
	if err := checkShow(f.show); err != nil {
		return nil, err
	}
	asked := f.file != "" || f.folder != "" || f.show != showOff || o.Looks
	switch {
	case !asked && (onTheLine(c, "attention-word") || onTheLine(c, "attention-layers")):
		return nil, errors.New("--attention-word and --attention-layers are about --attention, --attention-dir or --show, expected one of them")
	case !asked:
		return nil, nil
	case f.file != "" && f.folder != "":
		return nil, errors.New("both --attention and --attention-dir are given, expected one")
	case o.Converse && (f.file != "" || f.folder != ""):
		return nil, errors.New("--attention needs a QUESTION; at a prompt, /look does it")
	case f.file != "" && !o.single():
		return nil, errors.New("--attention is about one image and one question; --attention-dir takes many")
	case changed("attention-layers") && (len(f.layers) != 2 || f.layers[0] < 0 || f.layers[0] >= f.layers[1]):
		return nil, fmt.Errorf("attention-layers are %s, expected FROM,TO with FROM less than TO", strings.Trim(c.Flags().Lookup("attention-layers").Value.String(), "[]"))
	}
	if err := checkPNG(f.file); err != nil {
		return nil, err
	}
	g := &run.Gaze{File: f.file, Folder: f.folder}
	g.Word = f.word
	if len(f.layers) == 2 {
		g.Layers = [2]int(f.layers)
	}
	return g, nil
}
