package cmd

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/mattn/go-sixel"
)

// askedAbout are the arguments of a question that looks at a sign.
var askedAbout = []string{"--threads", "1", "--cache", "off", "--quiet", "--max-crops", "25", filepath.Join("..", "testdata", "street.png"), "what shop is this"}

// lookedAt is the box of a question's record, and the picture's size.
func lookedAt(t *testing.T, args ...string) (box image.Rectangle, size image.Point) {
	t.Helper()
	out, err := exec.Command("mcllava", append([]string{"ask", "--json", "--attention", filepath.Join(t.TempDir(), "x.png")}, args...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Attention struct {
			Box   [4]int
			Crops []struct{ Box [4]int }
		}
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	b, whole := r.Attention.Box, r.Attention.Crops[0].Box
	return image.Rect(b[0], b[1], b[2], b[3]), image.Pt(whole[2], whole[3])
}

// yellow says whether a pixel has the colour of boxes.
func yellow(c color.Color) bool {
	v := color.RGBAModel.Convert(c).(color.RGBA)
	return v.R > 240 && v.G > 190 && v.G < 230 && v.B > 10 && v.B < 80
}

// framed fails unless a picture that was shown has the box: along each of its sides, within some pixels of where it should be.
func framed(t *testing.T, m image.Image, box image.Rectangle, size image.Point) {
	t.Helper()
	const near = 4
	shown := m.Bounds()
	along := func(v, size, shown int) int { return v * shown / size }
	want := image.Rect(along(box.Min.X, size.X, shown.Dx()), along(box.Min.Y, size.Y, shown.Dy()), along(box.Max.X, size.X, shown.Dx()), along(box.Max.Y, size.Y, shown.Dy()))
	has := func(r image.Rectangle) bool {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				if yellow(m.At(x, y)) {
					return true
				}
			}
		}
		return false
	}
	for _, y := range []int{want.Min.Y, want.Max.Y} {
		for x := want.Min.X; x < want.Max.X; x++ {
			if !has(image.Rect(x, y-near, x+1, y+near)) {
				t.Fatalf("of %v no box is seen at %d,%d, want %v", shown, x, y, want)
			}
		}
	}
	for _, x := range []int{want.Min.X, want.Max.X} {
		for y := want.Min.Y; y < want.Max.Y; y++ {
			if !has(image.Rect(x-near, y, x+near, y+1)) {
				t.Fatalf("of %v no box is seen at %d,%d, want %v", shown, x, y, want)
			}
		}
	}
}

// unkitty is the picture of kitty's protocol that a screen was given last.
func unkitty(t *testing.T, screen string) image.Image {
	t.Helper()
	at := strings.LastIndex(screen, "\x1b_Ga=T")
	if at < 0 {
		t.Fatalf("no picture in %q", screen)
	}
	chunks := regexp.MustCompile(`\x1b_G[^;]*;([^\x1b]*)\x1b\\`)
	var text string
	for _, c := range chunks.FindAllStringSubmatch(screen[at:], -1) {
		text += c[1]
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestShow shows in terminals of several kinds where an answer looked, and finds its box in what they were given.
func TestShow(t *testing.T) {
	t.Parallel()
	box, size := lookedAt(t, askedAbout...)
	if box.Empty() {
		t.Fatal("no box")
	}
	p := inTerminal(t, []string{"TERM=xterm-kitty", "XDG_CACHE_HOME=" + t.TempDir()}, nil, append([]string{"ask", "--show"}, askedAbout...)...) // its speed is not known yet
	p.await(t, "It is a yoga studio.\r\n", "\x1b_G")
	p.ends(t, 0)
	framed(t, unkitty(t, p.screen.String()), box, size)

	p = inTerminal(t, nil, nil, append([]string{"ask", "--show"}, askedAbout...)...)
	p.await(t, "\x1b[c")
	p.write(t, "\x1b[?62;4;22c")
	p.await(t, "It is a yoga studio.\r\n", "\x1bP")
	p.ends(t, 0)
	screen := p.screen.String()
	var m image.Image
	if err := sixel.NewDecoder(strings.NewReader(screen[strings.Index(screen, "\x1bP"):])).Decode(&m); err != nil {
		t.Fatal(err)
	}
	framed(t, m, box, size)

	p = inTerminal(t, nil, nil, append([]string{"ask", "--show"}, askedAbout...)...) // which does not reply
	p.await(t, "It is a yoga studio.\r\n", "▀")
	p.ends(t, 0)
	if n := strings.Count(p.screen.String(), "▀"); n%100 != 0 || n > 100*37 || n < 100*30 {
		t.Errorf("%d half blocks, expected lines of 100", n)
	}
	if strings.Contains(p.screen.String(), ";2;") {
		t.Error("a terminal of 256 colours is given others")
	}
	if !strings.Contains(p.screen.String(), "38;5;220") && !strings.Contains(p.screen.String(), "48;5;220") {
		t.Error("no block has the colour of boxes")
	}
}

// TestShowIsNotAnAnswer has standard output in a file, which gets the answer alone.
func TestShowIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	p := inTerminal(t, nil, out, append([]string{"look", "--show=iterm"}, askedAbout...)...)
	p.await(t, "\x1b]1337;File=inline=1;")
	p.ends(t, 0)
	if text, err := os.ReadFile(out.Name()); err != nil || string(text) != "It is a yoga studio.\n" {
		t.Errorf("standard output has %q, %v", text, err)
	}
	if strings.Contains(p.screen.String(), "\x1b[c") {
		t.Error("the terminal is asked although the protocol is named")
	}
}

// TestShowIsRefused shows nothing in terminals that want no colours, unless a protocol is named.
func TestShowIsRefused(t *testing.T) {
	t.Parallel()
	picture := filepath.Join(smallStreets(t, 1), "1.png")
	args := []string{"--threads", "1", "--cache", "off", "--max-crops", "0", picture, "is it day or night?"}
	for variable, why := range map[string]string{"NO_COLOR=1": "NO_COLOR is set", "TERM=dumb": "TERM is dumb"} {
		p := inTerminal(t, []string{variable}, nil, append([]string{"ask", "--show"}, args...)...)
		p.await(t, "mcllava: no picture is shown: "+why+"\r\n", "It is")
		p.ends(t, 0)
		if screen := p.screen.String(); strings.Count(screen, "no picture") != 1 || strings.Contains(screen, "▀") || strings.Contains(screen, "\x1b[c") {
			t.Errorf("%s: %q", variable, screen)
		}
		p = inTerminal(t, []string{variable}, nil, append([]string{"ask", "--show=blocks"}, args...)...)
		p.await(t, "It is", "▀", "looked at the whole picture")
		p.ends(t, 0)
	}
}
