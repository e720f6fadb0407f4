package picture

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"strings"

	"github.com/mattn/go-sixel"
)

// kittyChunk is the most bytes of a payload that kitty takes at once.
const kittyChunk = 4096

// kitty is a picture as PNG in base64, in chunks (https://sw.kovidgoyal.net/kitty/graphics-protocol/). q=2 asks for no reply, which would
// be read as if it were typed.
func kitty(s Screen, picture *image.RGBA) (string, error) {
	data, err := encoded(picture)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	control := fmt.Sprintf("a=T,f=100,q=2,c=%d,", s.columns(picture.Rect.Dx()))
	for first := true; first || data != ""; first = false {
		chunk := data[:min(kittyChunk, len(data))]
		data = data[len(chunk):]
		more := 0
		if data != "" {
			more = 1
		}
		b.WriteString(s.passed(fmt.Sprintf("\x1b_G%sm=%d;%s\x1b\\", control, more, chunk)))
		control = "q=2,"
	}
	b.WriteString("\n")
	return b.String(), nil
}

// iterm is a picture as PNG in base64 (https://iterm2.com/documentation-images.html).
func iterm(s Screen, picture *image.RGBA) (string, error) {
	data, err := encoded(picture)
	if err != nil {
		return "", err
	}
	size := base64.StdEncoding.DecodedLen(len(data)) - strings.Count(data[max(0, len(data)-2):], "=")
	return s.passed(fmt.Sprintf("\x1b]1337;File=inline=1;size=%d;width=%d;preserveAspectRatio=1:%s\a", size, s.columns(picture.Rect.Dx()), data)) + "\n", nil
}

func encoded(picture *image.RGBA) (string, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// sixels are of at most 255 colours. tmux shows them itself.
func sixels(picture *image.RGBA) (string, error) {
	var out bytes.Buffer
	e := sixel.NewEncoder(&out)
	e.Dither = true
	if err := e.Encode(picture); err != nil {
		return "", err
	}
	return out.String() + "\n", nil
}

// blocks is a picture of two pixels a character: the upper one in the foreground, the lower one in the background.
func blocks(s Screen, picture *image.RGBA) string {
	var b strings.Builder
	r := picture.Rect
	for y := r.Min.Y; y < r.Max.Y; y += 2 {
		before := ""
		for x := r.Min.X; x < r.Max.X; x++ {
			colours := s.colour("38", picture, x, y)
			if y+1 < r.Max.Y {
				colours += ";" + s.colour("48", picture, x, y+1)
			}
			if colours != before {
				b.WriteString("\x1b[" + colours + "m")
				before = colours
			}
			b.WriteString("▀")
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

// colour are the parameters of a pixel's colour, of the foreground (38) or the background (48).
func (s Screen) colour(ground string, picture *image.RGBA, x, y int) string {
	c := picture.RGBAAt(x, y)
	if s.TrueColour {
		return fmt.Sprintf("%s;2;%d;%d;%d", ground, c.R, c.G, c.B)
	}
	return fmt.Sprintf("%s;5;%d", ground, nearest256(c.R, c.G, c.B))
}

// levels are those of each part of the 216 colours that begin at 16. Behind them, from 232 on, are 24 greys: 8, 18 … 238.
var levels = [6]int{0, 95, 135, 175, 215, 255}

// nearest256 is the number of the colour nearest to another, of xterm's 240 colours that no user sets.
func nearest256(r, g, b uint8) int {
	level := func(v uint8) (best int) {
		for i, l := range levels {
			if away(int(v), l) < away(int(v), levels[best]) {
				best = i
			}
		}
		return best
	}
	i, j, k := level(r), level(g), level(b)
	grey := max(0, min(23, ((int(r)+int(g)+int(b))/3-8+5)/10))
	v := 8 + 10*grey
	if away(int(r), v)+away(int(g), v)+away(int(b), v) < away(int(r), levels[i])+away(int(g), levels[j])+away(int(b), levels[k]) {
		return 232 + grey
	}
	return 16 + 36*i + 6*j + k
}

// away is the square of a distance.
func away(a, b int) int { return (a - b) * (a - b) }
