package overlay

import (
	"image"
	"image/color"
	"strings"
	"testing"
)

// lookedAt is heat in one cell.
func lookedAt(cols, rows, x, y int) Attention {
	a := Attention{Cols: cols, Rows: rows, Values: make([]float64, cols*rows), Question: "what shop is this", Answer: "It is a bakery."}
	a.Values[y*cols+x] = 1
	return a
}

func brightness(c color.RGBA) int { return int(c.R) + int(c.G) + int(c.B) }

// TestAttentionIsWhereItWas finds heat, box and peak where they are, on dark and on light pictures.
func TestAttentionIsWhereItWas(t *testing.T) {
	for _, ground := range []color.Color{color.White, color.Black, color.Gray{128}} {
		a := lookedAt(30, 20, 20, 5)
		a.Peak, a.Box = image.Pt(2050, 550), image.Rect(1800, 400, 2300, 700)
		m, err := a.Draw(plain(3000, 2000, ground))
		if err != nil {
			t.Fatal(err)
		}
		k := func(v int) int { return v * mostSide / 3000 }
		if m.Rect.Dx() != mostSide || m.Rect.Dy() <= k(2000) {
			t.Fatalf("%v, expected %d pixels across, and more than %d down", m.Rect, mostSide, k(2000))
		}
		hot, cold := m.RGBAAt(k(2090), k(590)), m.RGBAAt(k(500), k(1500))
		if hot.R < hot.B+30 || brightness(hot) < brightness(cold)+60 && hot.R < cold.R+10 && hot.B > cold.B-60 {
			t.Errorf("on %v: %v where it looked, %v where it did not", ground, hot, cold)
		}
		if c := m.RGBAAt(k(2050), k(550)); c != cropColour {
			t.Errorf("on %v: the peak is %v", ground, c)
		}
		yellow := image.Rectangle{}
		for y := range k(2000) {
			for x := range mostSide {
				if m.RGBAAt(x, y) == overviewColour {
					yellow = yellow.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		want := image.Rect(k(1800), k(400), k(2300), k(700))
		if d := yellow.Min.Sub(want.Min); d.X*d.X+d.Y*d.Y > 50 {
			t.Errorf("on %v: the box is drawn at %v, expected about %v", ground, yellow, want)
		}
		if d := yellow.Max.Sub(want.Max); d.X*d.X+d.Y*d.Y > 50 {
			t.Errorf("on %v: the box is drawn at %v, expected about %v", ground, yellow, want)
		}
	}
}

// TestAttentionGrowsLighter is that the scale's colours can be told apart by lightness alone.
func TestAttentionGrowsLighter(t *testing.T) {
	light := func(c color.RGBA) float64 { return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B) }
	for i := 1; i <= 100; i++ {
		if less, more := light(glowAt(float64(i-1)/100)), light(glowAt(float64(i)/100)); more <= less {
			t.Errorf("from %d to %d hundredths lightness goes from %.1f to %.1f", i-1, i, less, more)
		}
	}
}

// TestAttentionOfAllSizes draws on pictures of extreme shapes, with texts of all lengths.
func TestAttentionOfAllSizes(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {3, 2}, {500, 400}, {8000, 80}, {60, 9000}} {
		for _, text := range []string{"", "short", strings.Repeat("many words ", 400), strings.Repeat("unbroken", 300), "a\x1b[31m\n\u202eb"} {
			a := lookedAt(min(512, size.X), min(512, size.Y), 0, 0)
			a.Question, a.Answer, a.Overview, a.Peak = text, text, true, size.Sub(image.Pt(1, 1))
			a.Steps = []Step{{[]image.Rectangle{{Max: size}}, false}, {}, {[]image.Rectangle{{Max: size}, image.Rect(0, 0, 1, 1)}, true}}
			m, err := a.Draw(plain(size.X, size.Y, color.White))
			if err != nil {
				t.Fatal(err)
			}
			if m.Rect.Dx() < lessSide || m.Rect.Dx() > mostSide || m.Rect.Dy() > mostSide+(2*mostLines+2)*mostSide/40 {
				t.Errorf("%v: drawn with %v", size, m.Rect)
			}
		}
	}
	if _, err := (Attention{Cols: 2, Rows: 2, Values: make([]float64, 3)}).Draw(plain(9, 9, color.White)); err == nil {
		t.Error("3 values for 4 cells are taken")
	}
}

// TestAttentionInLittleRoom draws over pictures with few pixels: the box is there, of one line and in its place.
func TestAttentionInLittleRoom(t *testing.T) {
	for _, size := range []image.Point{{80, 50}, {20, 80}, {300, 250}, {1000, 700}, {1, 1}} {
		a := lookedAt(30, 20, 20, 5)
		a.Peak, a.Box = image.Pt(2050, 550), image.Rect(1800, 400, 2300, 700)
		a.Steps = []Step{{Boxes: []image.Rectangle{image.Rect(0, 0, 1500, 1000)}}, {Boxes: []image.Rectangle{image.Rect(1600, 300, 2400, 900)}, Answer: true}}
		m, err := a.Over(plain(3000, 2000, color.Gray{128}), size)
		if err != nil || m.Rect != (image.Rectangle{Max: size}) {
			t.Fatalf("%v: %v, %v", size, m.Rect, err)
		}
		var yellow image.Rectangle
		for y := range size.Y {
			for x := range size.X {
				if m.RGBAAt(x, y) == overviewColour {
					yellow = yellow.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		want := image.Rect(1800*size.X/3000, 400*size.Y/2000, 2300*size.X/3000, 700*size.Y/2000)
		if d := yellow.Min.Sub(want.Min); size.X > 1 && (max(d.X, -d.X, d.Y, -d.Y) > 3 || yellow.Dx() > want.Dx()+9 || yellow.Dy() > want.Dy()+9) {
			t.Errorf("%v: the box is drawn at %v, want about %v", size, yellow, want)
		}
	}
	if _, err := (Attention{Cols: 2, Rows: 2, Values: make([]float64, 3)}).Over(plain(9, 9, color.White), image.Pt(9, 9)); err == nil {
		t.Error("3 values for 4 cells are taken")
	}
}

// TestEarlierStepsAreFainter compares the edges of two boxes on a grey picture.
func TestEarlierStepsAreFainter(t *testing.T) {
	a := lookedAt(3, 2, 2, 1)
	a.Peak = image.Pt(2900, 1900)
	early, late := image.Rect(200, 200, 800, 800), image.Rect(1200, 200, 1800, 800)
	a.Steps = []Step{{Boxes: []image.Rectangle{early}}, {Boxes: []image.Rectangle{late}, Answer: true}}
	m, err := a.Draw(plain(3000, 2000, color.Gray{128}))
	if err != nil {
		t.Fatal(err)
	}
	k := func(v int) int { return v * mostSide / 3000 }
	contrast := func(b image.Rectangle) (most int) {
		ground := brightness(m.RGBAAt(k(b.Min.X)+50, k(500)))
		for d := -3; d <= 6; d++ {
			edge := brightness(m.RGBAAt(k(b.Min.X)+d, k(500)))
			most = max(most, edge-ground, ground-edge)
		}
		return most
	}
	if faint, strong := contrast(early), contrast(late); faint < 30 || strong < 3*faint {
		t.Errorf("the edge of an earlier step stands out by %d, that of the answer's by %d", faint, strong)
	}
}
