package picture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/mattn/go-sixel"
)

// drawn has a gradient, and a yellow frame in it.
func drawn(size image.Point) *image.RGBA {
	m := image.NewRGBA(image.Rectangle{Max: size})
	frame := image.Rect(size.X/4, size.Y/4, size.X/2, size.Y/2)
	for y := range size.Y {
		for x := range size.X {
			c := color.RGBA{uint8(x * 255 / size.X), uint8(y * 255 / size.Y), uint8((x*7919 + y*104729) >> 4 & 63), 255}
			if p := image.Pt(x, y); p.In(frame) && !p.In(frame.Inset(2)) {
				c = color.RGBA{255, 210, 40, 255}
			}
			m.SetRGBA(x, y, c)
		}
	}
	return m
}

// screen is one of 100 columns.
var screen = Screen{Columns: 100, Rows: 40, CellWidth: 8, CellHeight: 16}

func shown(t *testing.T, p Protocol, s Screen, m *image.RGBA) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, p, s, m); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(out.String(), "\n") || strings.Contains(strings.TrimSuffix(out.String(), "\n"), "\n") != (p == Blocks) {
		t.Errorf("%s: the picture does not stand on a line of its own", p)
	}
	return out.String()
}

// same fails unless two pictures have the same size, and colours that are so far apart on average and at most.
func same(t *testing.T, got image.Image, want *image.RGBA, mean, most float64) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("the picture has %v pixels, want %v", got.Bounds().Size(), want.Bounds().Size())
	}
	sum, largest := 0.0, 0.0
	corner := got.Bounds().Min
	for y := range want.Rect.Dy() {
		for x := range want.Rect.Dx() {
			r, g, b, _ := got.At(corner.X+x, corner.Y+y).RGBA()
			c := want.RGBAAt(x, y)
			for _, d := range []float64{float64(r>>8) - float64(c.R), float64(g>>8) - float64(c.G), float64(b>>8) - float64(c.B)} {
				sum += math.Abs(d)
				largest = max(largest, math.Abs(d))
			}
		}
	}
	if n := float64(3 * want.Rect.Dx() * want.Rect.Dy()); !(sum/n <= mean) || !(largest <= most) {
		t.Errorf("the colours are %.2f away on average, want at most %v, and %v at most, want %v", sum/n, mean, largest, most)
	}
}

func unPNG(t *testing.T, text string) image.Image {
	t.Helper()
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

// unkitty puts a picture together from the chunks of kitty's protocol, and returns the control data of the first.
func unkitty(t *testing.T, text string) (image.Image, string) {
	t.Helper()
	data, control := "", ""
	chunks := regexp.MustCompile(`\x1b_G([^;]*);([^\x1b]*)\x1b\\`).FindAllStringSubmatch(text, -1)
	for i, c := range chunks {
		if i == 0 {
			control = c[1]
		}
		if more := strings.HasSuffix(c[1], "m=1"); more != (i < len(chunks)-1) {
			t.Errorf("chunk %d of %d has %q", i+1, len(chunks), c[1])
		}
		if n := len(c[2]); n > 4096 || i < len(chunks)-1 && n%4 != 0 {
			t.Errorf("chunk %d has %d bytes", i, n)
		}
		data += c[2]
	}
	return unPNG(t, data), control
}

func TestKitty(t *testing.T) {
	m := drawn(image.Pt(300, 200))
	got, control := unkitty(t, shown(t, Kitty, screen, m))
	same(t, got, m, 0, 0)
	if control != "a=T,f=100,q=2,c=38,m=1" {
		t.Errorf("the control data are %q", control)
	}
	one := image.NewRGBA(image.Rect(0, 0, 1, 1)) // in one chunk
	got, _ = unkitty(t, shown(t, Kitty, screen, one))
	if got.Bounds() != one.Rect {
		t.Errorf("%v", got.Bounds())
	}
}

// TestTmuxPassesOn undoes the wrapping of tmux.
func TestTmuxPassesOn(t *testing.T) {
	m, s := drawn(image.Pt(120, 90)), screen
	s.Tmux = true
	for _, p := range []Protocol{Kitty, ITerm} {
		text := shown(t, p, s, m)
		inner := ""
		for text != "\n" {
			rest, ok := strings.CutPrefix(text, "\x1bPtmux;")
			end := regexp.MustCompile(`[^\x1b](?:\x1b\x1b)*(\x1b\\)`).FindStringSubmatchIndex(rest)
			if !ok || end == nil {
				t.Fatalf("%s: %.60q is not wrapped", p, text)
			}
			inner += strings.ReplaceAll(rest[:end[2]], "\x1b\x1b", "\x1b")
			text = rest[end[3]:]
		}
		if want := shown(t, p, screen, m); inner+"\n" != want {
			t.Errorf("%s: tmux passes on %.100q, want %.100q", p, inner, want)
		}
	}
}

func TestITerm(t *testing.T) {
	m := drawn(image.Pt(300, 200))
	text := shown(t, ITerm, screen, m)
	parts := regexp.MustCompile(`^\x1b\]1337;File=inline=1;size=(\d+);width=38;preserveAspectRatio=1:([^\a]*)\a\n$`).FindStringSubmatch(text)
	if parts == nil {
		t.Fatalf("%.100q", text)
	}
	same(t, unPNG(t, parts[2]), m, 0, 0)
	if data, _ := base64.StdEncoding.DecodeString(parts[2]); strconv.Itoa(len(data)) != parts[1] {
		t.Errorf("size is %s, want %d", parts[1], len(data))
	}
}

func TestSixel(t *testing.T) {
	for _, size := range []image.Point{{300, 200}, {61, 47}, {1, 1}, {7, 100}} {
		m := drawn(size)
		var got image.Image
		if err := sixel.NewDecoder(strings.NewReader(shown(t, Sixel, screen, m))).Decode(&got); err != nil {
			t.Fatal(err)
		}
		same(t, got, m, 14, 255) // 255 colours, of hundredths, with dither
		if size.X == 300 {
			if r, g, b, _ := got.At(75, 100-2).RGBA(); r>>8 < 240 || g>>8 < 190 || b>>8 > 70 {
				t.Errorf("the frame is %d,%d,%d", r>>8, g>>8, b>>8)
			}
		}
	}
}

// unblock reads half blocks back.
func unblock(t *testing.T, text string) *image.RGBA {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	width := strings.Count(lines[0], "▀")
	m := image.NewRGBA(image.Rect(0, 0, width, 2*len(lines)))
	for row, line := range lines {
		if !strings.HasSuffix(line, "\x1b[0m") || strings.Count(line, "▀") != width {
			t.Fatalf("line %d is %q", row, line)
		}
		var colours [2]color.RGBA
		x := 0
		for _, part := range regexp.MustCompile(`\x1b\[([0-9;]*)m|▀`).FindAllStringSubmatch(line, -1) {
			if part[0] == "▀" {
				m.SetRGBA(x, 2*row, colours[0])
				m.SetRGBA(x, 2*row+1, colours[1])
				x++
				continue
			}
			for values := strings.Split(part[1], ";"); len(values) > 1; {
				at := map[string]int{"38": 0, "48": 1}[values[0]]
				var c [3]int
				n := 3
				if values[1] == "2" {
					n = 5
					for i := range c {
						c[i], _ = strconv.Atoi(values[2+i])
					}
				} else {
					number, _ := strconv.Atoi(values[2])
					c = xterm(number)
				}
				colours[at] = color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255}
				values = values[n:]
			}
		}
	}
	return m
}

// xterm is a colour of xterm's by its number, from 16 on.
func xterm(n int) [3]int {
	if n >= 232 {
		return [3]int{8 + 10*(n-232), 8 + 10*(n-232), 8 + 10*(n-232)}
	}
	level := func(i int) int { return []int{0, 95, 135, 175, 215, 255}[i] }
	n -= 16
	return [3]int{level(n / 36), level(n / 6 % 6), level(n % 6)}
}

func TestBlocks(t *testing.T) {
	m := drawn(image.Pt(60, 40))
	true24, odd := screen, drawn(image.Pt(9, 7))
	true24.TrueColour = true
	same(t, unblock(t, shown(t, Blocks, true24, m)), m, 0, 0)
	same(t, unblock(t, shown(t, Blocks, screen, m)), m, 22, 64)
	got := unblock(t, shown(t, Blocks, true24, odd))
	same(t, got.SubImage(image.Rect(0, 0, 9, 7)), odd, 0, 0)
	if strings.Contains(shown(t, Blocks, screen, m), ";2;") {
		t.Error("a screen of 256 colours is given others")
	}
}

// TestNearestColours compares with all 240 colours.
func TestNearestColours(t *testing.T) {
	distance := func(a [3]int, r, g, b int) int { return away(a[0], r) + away(a[1], g) + away(a[2], b) }
	for r := 0; r < 256; r += 15 {
		for g := 0; g < 256; g += 17 {
			for b := 0; b < 256; b += 15 {
				best := math.MaxInt
				for n := 16; n < 256; n++ {
					best = min(best, distance(xterm(n), r, g, b))
				}
				if n := nearest256(uint8(r), uint8(g), uint8(b)); distance(xterm(n), r, g, b) != best {
					t.Fatalf("%d,%d,%d becomes %d, %d away, where one is %d away", r, g, b, n, distance(xterm(n), r, g, b), best)
				}
			}
		}
	}
}

// TestFit keeps pictures of all shapes within screens of all sizes, and in their shape.
func TestFit(t *testing.T) {
	for _, s := range []Screen{{}, screen, {Columns: 20, Rows: 5}, {Columns: 400, Rows: 120, CellWidth: 12, CellHeight: 24}, {Columns: 1, Rows: 1, CellWidth: 9, CellHeight: 18}} {
		for _, size := range []image.Point{{2400, 1600}, {8000, 800}, {800, 6000}, {1, 1}, {500, 400}} {
			for _, p := range Protocols {
				got, c := s.Fit(p, size), s.complete()
				where := fmt.Sprintf("%s on %+v: %v becomes %v", p, s, size, got)
				wide, high := float64(c.CellWidth), float64(c.CellHeight)
				if p != Blocks {
					if got.X > mostPixels || got.Y > mostPixels || got.X > max(size.X, c.Columns) || got.Y > max(size.Y, c.Rows) {
						t.Error(where)
					}
					wide, high = 1, 1
				} else {
					high /= 2
				}
				if float64(got.X)*wide > float64(c.Columns*c.CellWidth) || float64(got.Y)*high > float64(max(leastRows, c.Rows-keptRows)*c.CellHeight) || got.X < 1 || got.Y < 1 {
					t.Errorf("%s, which is too large or nothing", where)
				}
				shape := float64(got.X) * wide / (float64(got.Y) * high) * float64(size.Y) / float64(size.X)
				if got.X > 20 && got.Y > 20 && math.Abs(shape-1) > 0.06 {
					t.Errorf("%s, %.2f times as wide as it should be", where, shape)
				}
			}
		}
	}
}

func TestDetect(t *testing.T) {
	for _, c := range []struct {
		env   string
		sixel bool
		want  Protocol
	}{
		{"TERM=xterm-256color", false, Blocks},
		{"TERM=xterm-256color", true, Sixel},
		{"TERM=xterm-kitty", true, Kitty},
		{"TERM=xterm-256color KITTY_WINDOW_ID=1", false, Kitty},
		{"TERM=xterm-ghostty", false, Kitty},
		{"TERM_PROGRAM=ghostty", false, Kitty},
		{"TERM_PROGRAM=iTerm.app", true, ITerm},
		{"TERM_PROGRAM=WezTerm", true, ITerm},
		{"LC_TERMINAL=iTerm2 TERM=xterm", false, ITerm},
		{"TMUX=/tmp/x KITTY_WINDOW_ID=1 TERM=tmux-256color TERM_PROGRAM=tmux", false, Blocks},
		{"TMUX=/tmp/x KITTY_WINDOW_ID=1", true, Sixel},
		{"STY=1.x LC_TERMINAL=iTerm2", false, Blocks},
		{"TERM_PROGRAM=Apple_Terminal", false, Blocks},
	} {
		env := map[string]string{}
		for pair := range strings.FieldsSeq(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		asked := false
		got := Detect(func(name string) string { return env[name] }, func() bool { asked = true; return c.sixel })
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.env, got, c.want)
		}
		if known := c.want == Kitty || c.want == ITerm; asked == known {
			t.Errorf("%s: the terminal is asked: %v", c.env, asked)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, want := range map[string]bool{"NO_COLOR=1": true, "NO_COLOR=": false, "TERM=dumb": true, "TERM=xterm": false} {
		key, value, _ := strings.Cut(name, "=")
		if got := Refused(func(k string) string {
			if k == key {
				return value
			}
			return ""
		}); (got != "") != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestHasSixel(t *testing.T) {
	for reply, want := range map[string][2]bool{
		"":                              {false, false},
		"\x1b[?62;4":                    {false, false},
		"\x1b[?62;4c":                   {true, true},
		"\x1b[?63;1;2;3;4;7;29c":        {true, true},
		"\x1b[?4c":                      {true, true},
		"\x1b[?64;1;14;41;22c":          {false, true},
		"typed ahead\x1b[?62;4;22c":     {true, true},
		"c4;4c":                         {false, false},
		"\x1b[>41;366;0c\x1b[?64;1;22c": {false, true},
	} {
		if has, whole := hasSixel(reply); has != want[0] || whole != want[1] {
			t.Errorf("%q: %v, %v, want %v", reply, has, whole, want)
		}
	}
}

func TestAnotherProtocol(t *testing.T) {
	if err := Write(&bytes.Buffer{}, "ascii", screen, drawn(image.Pt(2, 2))); err == nil || !strings.Contains(err.Error(), "ascii") {
		t.Errorf("%v", err)
	}
}
