package cmd

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// regionSeen finds in a note which part of a picture is seen.
var regionSeen = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`mcllava: (\d+),(\d+),(\d+),(\d+) of (\d+)×(\d+) pixels is seen, in (\d+) crops?`)
})

// seenLast is the part that is seen as the screen says last.
func seenLast(t *testing.T, screen string) (r image.Rectangle, size image.Point, crops int) {
	t.Helper()
	all := regionSeen().FindAllStringSubmatch(screen, -1)
	if all == nil {
		t.Fatalf("no part is seen: %q", screen)
	}
	var n [7]int
	for i, text := range all[len(all)-1][1:] {
		n[i], _ = strconv.Atoi(text)
	}
	return image.Rect(n[0], n[1], n[2], n[3]), image.Pt(n[4], n[5]), n[6]
}

// shownSoFar is the screen as it is.
func (p *pseudoTerminal) shownSoFar() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.screen.String()
}

// TestPromptLooks shows at a prompt where an answer looked, in the terminal and in a file, and goes closer and back.
func TestPromptLooks(t *testing.T) {
	t.Parallel()
	box, size := lookedAt(t, askedAbout...)
	street, err := filepath.Abs(filepath.Join("..", "testdata", "street.png"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "where it looked.png")
	p := inTerminal(t, []string{"TERM=xterm-kitty"}, nil, "ask", "--threads", "1", "--cache", "off", "--max-crops", "25", street)
	p.await(t, "> ")
	p.write(t, "/look\r")
	p.await(t, "no question was answered about what is seen now", "> ")
	p.write(t, "what shop is this\r")
	p.await(t, "It is a yoga studio.", "> ")
	if screen := p.shownSoFar(); strings.Contains(screen, "\x1b_G") || strings.Contains(screen, "seen again") {
		t.Error("a picture is shown that nobody asked for")
	}
	p.write(t, "/look\r")
	p.await(t, "the picture is seen again; of its 25 crops", "\x1b_Ga=T", "> ")
	framed(t, unkitty(t, p.shownSoFar()), box, size)
	before := strings.Count(p.shownSoFar(), "It is a yoga studio.")
	p.write(t, "/look "+file+"\r")
	p.await(t, "drew where it looked into "+file, "> ")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if m, err := png.Decode(f); err != nil || m.Bounds().Dx() != 1600 {
		t.Errorf("the file: %v", err)
	}
	if screen := p.shownSoFar(); strings.Count(screen, "seen again") != 1 || strings.Count(screen, "It is a yoga studio.") != before {
		t.Errorf("the picture is seen, or the question answered, more than once more: %q", screen)
	}
	p.write(t, "/look "+street+"\r")
	p.await(t, "is both an input and the output", "> ")

	p.write(t, "/zoom\r")
	p.await(t, " pixels is seen, in ", "> ")
	closer, of, _ := seenLast(t, p.shownSoFar())
	if of != size || !box.In(closer) || closer.Dx() > size.X/2 || closer.Dy() > size.Y/2 {
		t.Errorf("of %v %v is seen, expected a part of it around %v", of, closer, box)
	}
	p.write(t, "what shop is this\r")
	p.await(t, "It is a yoga studio.", "> ")
	p.write(t, "/look\r")
	p.await(t, "\x1b_Ga=T", "> ")
	p.write(t, "/region 0,0,600,400\r")
	p.await(t, "mcllava: 0,0,600,400 of 2400×1600 pixels is seen, in ", "> ")
	p.write(t, "/region\r")
	p.await(t, "mcllava: the whole picture is seen, in 25 crops", "> ")
	p.write(t, "/zoom out\r")
	p.await(t, "mcllava: 0,0,600,400 of", "> ")
	p.write(t, "/zoom out\r")
	p.await(t, fmt.Sprintf("mcllava: %d,%d,%d,%d of", closer.Min.X, closer.Min.Y, closer.Max.X, closer.Max.Y), "> ")
	p.write(t, "/zoom out\r")
	p.await(t, "the whole picture is seen, in 25 crops", "> ")
	for line, want := range map[string]string{
		"/zoom out":             "there is nothing to go back to",
		"/zoom sideways":        `zoom has "sideways", expected nothing, or out`,
		"/region 5,5":           "region: expected X0,Y0,X1,Y1, four numbers of pixels",
		"/region 0,0,9000,9000": "region 0,0,9000,9000 is not within the picture's 2400×1600 pixels",
		"/zom out":              "unknown command /zom; /help lists them",
		"/help":                 "/region X0,Y0,X1,Y1",
		"/look /nowhere/x.png":  "/nowhere/x.png: no such file",
	} {
		p.write(t, line+"\r")
		p.await(t, want, "> ")
	}
	p.write(t, "what shop is this\r")
	p.await(t, "It is a yoga studio.", "> ")
	p.write(t, "/bye\r")
	p.ends(t, 0)
}

// TestPromptShows has each answer shown, in a terminal that has no protocol, and then in one that wants no colours.
func TestPromptShows(t *testing.T) {
	t.Parallel()
	small := filepath.Join(smallStreets(t, 3), "3.png")
	folder := t.TempDir()
	p := inTerminal(t, []string{"HOME=" + folder}, nil, "ask", "--threads", "1", "--cache", "off", "--max-crops", "0", "--show=blocks", small)
	p.await(t, "> ")
	p.write(t, "is it day or night?\r")
	p.await(t, "It is night.", "▀", "it looked at the whole picture", "> ")
	p.write(t, "/zoom\r")
	p.await(t, "the last answer looked at all that is seen", "> ")
	p.write(t, "/look ~/x.png\r")
	p.await(t, "drew where it looked into "+folder+"/x.png", "> ")
	p.write(t, "\x04")
	p.ends(t, 0)

	t.Run("quiet", func(t *testing.T) {
		p := inTerminal(t, nil, nil, "ask", "--quiet", "--threads", "1", "--cache", "off", "--max-crops", "0", small)
		p.await(t, "> ")
		p.write(t, "/region\r")
		p.await(t, "mcllava: the whole picture is seen, in 1 crop", "> ")
		p.write(t, "\x04")
		p.ends(t, 0)
	})

	t.Run("no colours", func(t *testing.T) {
		p := inTerminal(t, []string{"NO_COLOR=1"}, nil, "ask", "--threads", "1", "--cache", "off", "--max-crops", "0", "--show", small)
		p.await(t, "no picture is shown: NO_COLOR is set", "> ")
		p.write(t, "is it day or night?\r")
		p.await(t, "It is night.", "> ")
		p.write(t, "/look "+filepath.Join(folder, "y.png")+"\r")
		p.await(t, "drew where it looked into", "> ")
		p.write(t, "/bye\r")
		p.ends(t, 0)
		if strings.Contains(p.screen.String(), "▀") {
			t.Error("a picture is shown")
		}
	})
}

// TestPromptGoesOnAfterAnInterrupt interrupts seeing a part of the picture, which leaves what was seen before.
func TestPromptGoesOnAfterAnInterrupt(t *testing.T) {
	t.Parallel()
	street, err := filepath.Abs(filepath.Join("..", "testdata", "street.png"))
	if err != nil {
		t.Fatal(err)
	}
	p := inTerminal(t, nil, nil, "ask", "--threads", "1", "--cache", "off", "--max-crops", "9", street)
	p.await(t, "> ")
	p.write(t, "/region 0,0,2000,1500\r")
	p.await(t, "crops")
	p.write(t, "\x03")
	p.await(t, "> ")
	p.write(t, "is it day or night?\r")
	p.await(t, "It is day.", "> ")
	p.write(t, "/region\r")
	p.await(t, "the whole picture is seen, in ", "> ")
	p.write(t, "/bye\r")
	p.ends(t, 0)
}
