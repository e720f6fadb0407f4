package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

type typed struct{ lines []string }

func (t *typed) ReadLine(context.Context) (string, error) {
	if len(t.lines) == 0 {
		return "", io.EOF
	}
	line := t.lines[0]
	t.lines = t.lines[1:]
	return line, nil
}

func TestConverse(t *testing.T) {
	var asked []string
	var message bytes.Buffer
	err := talk(t.Context(), Streams{Err: &message}, &typed{[]string{"what shop", "", "  ", "fail", "is it day", "/what", "help", "/Mark  a b ", "/bye", "not asked"}}, func(_ context.Context, q string) error {
		asked = append(asked, q)
		if q == "fail" {
			return errors.New("no answer")
		}
		return nil
	}, map[string]func(context.Context, string) error{"/mark": func(_ context.Context, rest string) error {
		asked = append(asked, "mark:"+rest)
		return nil
	}})
	if err != nil || !slices.Equal(asked, []string{"what shop", "fail", "is it day", "mark:a b"}) || message.String() != "mcllava: no answer\nmcllava: unknown command /what; /help lists them\n"+promptHelp+"\n" {
		t.Errorf("asked %q, printed %q, %v", asked, message.String(), err)
	}
}

func TestCommandOf(t *testing.T) {
	for line, want := range map[string][2]string{
		"what shop is this":              {},
		"/usr/bin is written there":      {},
		"/home is a word; where is it?":  {},
		"help me read this":              {},
		" /LOOK ":                        {"/look", ""},
		"/look a b.png":                  {"/look", "a b.png"},
		"/zoom  out":                     {"/zoom", "out"},
		"/region 1, 2,3,4":               {"/region", "1, 2,3,4"},
		"/zom out":                       {"/zom", "out"},
		"/what-is":                       {"/what-is", ""},
		"/what?":                         {},
		"/help zoom":                     {"help", ""},
		"?":                              {"help", ""},
		":q":                             {"bye", ""},
		"Quit":                           {"bye", ""},
		"exit is written above the door": {},
	} {
		if command, rest := commandOf(line); command != want[0] || rest != want[1] {
			t.Errorf("%q: %q, %q, want %q", line, command, rest, want)
		}
	}
}

// TestZoomed goes closer at places in the middle and at edges, of pictures of several shapes.
func TestZoomed(t *testing.T) {
	for _, within := range []image.Rectangle{image.Rect(0, 0, 2400, 1600), image.Rect(500, 300, 1500, 2300), image.Rect(0, 0, 8000, 800), image.Rect(7, 9, 400, 395)} {
		for _, at := range [][2]float64{{0, 0}, {0.4, 0.7}, {0.96, 0.97}} {
			corner := within.Min.Add(image.Pt(int(at[0]*float64(within.Dx())), int(at[1]*float64(within.Dy()))))
			box := image.Rectangle{corner, corner.Add(image.Pt(within.Dx()/25, within.Dy()/33))}
			got := zoomed(box, within, 384)
			shape := float64(got.Dx()) / float64(got.Dy()) * float64(within.Dy()) / float64(within.Dx())
			small := min(within.Dx(), within.Dy()) <= 387
			if !box.In(got) || !got.In(within) || (got == within) != small || math.Abs(shape-1) > 0.01 || min(got.Dx(), got.Dy()) < 384 && !small {
				t.Errorf("of %v, %v becomes %v", within, box, got)
			}
		}
	}
	for width, want := range map[int]int{450: 720, 700: 1050, 760: 1200} { // a large place of 1200 pixels
		if got := zoomed(image.Rect(200, 400, 200+width, 450), image.Rect(0, 0, 1200, 900), 100); got.Dx() != want {
			t.Errorf("of a place %d pixels wide %d are seen, want %d", width, got.Dx(), want)
		}
	}
	if got := zoomed(image.Rect(1100, 700, 1500, 800), image.Rect(0, 0, 2400, 1600), 100); got != image.Rect(700, 350, 1900, 1150) {
		t.Errorf("%v, expected three times the box in the shape of the picture", got)
	}
}

func TestHistory(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	h := openHistory()
	for _, line := range []string{"one", "two", "two", " ", "three"} {
		h.Add(line)
	}
	again := openHistory()
	if again.Len() != 3 || again.At(0) != "three" || again.At(2) != "one" {
		t.Errorf("the history is %q", again.lines)
	}
	for i := range remembered {
		again.Add(fmt.Sprint(i))
	}
	if last := openHistory(); last.Len() != remembered || last.At(0) != fmt.Sprint(remembered-1) {
		t.Errorf("%d lines are remembered, the latest %q", last.Len(), last.At(0))
	}
	info, err := os.Stat(again.path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the history's file: %v, %v", info, err)
	}
	if err := os.WriteFile(again.path, []byte("one\nt\x1b[2Jwo\nth\xffree\nfour\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if steered := openHistory(); !slices.Equal(steered.lines, []string{"one", "four"}) {
		t.Errorf("the history has %q, expected no line that steers a terminal", steered.lines)
	}
	unwritable := &history{path: filepath.Join(again.path, "below a file")}
	unwritable.Add("kept all the same")
	if unwritable.Len() != 1 {
		t.Error("a history that cannot be written forgets its lines")
	}
}
