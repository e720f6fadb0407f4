package cmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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
	err := talk(t.Context(), Streams{Err: &message}, &typed{[]string{"what shop", "", "  ", "fail", "is it day", "/what", "help", "/bye", "not asked"}}, func(_ context.Context, q string) error {
		asked = append(asked, q)
		if q == "fail" {
			return errors.New("no answer")
		}
		return nil
	})
	if err != nil || !slices.Equal(asked, []string{"what shop", "fail", "is it day"}) || message.String() != "mcllava: no answer\nmcllava: unknown command /what; /help lists them\n"+promptHelp+"\n" {
		t.Errorf("asked %q, printed %q, %v", asked, message.String(), err)
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
	unwritable := &history{path: filepath.Join(again.path, "below a file")}
	unwritable.Add("kept all the same")
	if unwritable.Len() != 1 {
		t.Error("a history that cannot be written forgets its lines")
	}
}
