package overlay

import (
	"image"
	"image/color"
	"image/draw"
	"testing"

	"github.com/mcllava/mcllava/crop"
)

func plain(width, height int, c color.Color) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	return m
}

// TestGridNumbersEveryCrop looks for white letters with a black outline at the centre of each crop, on dark and on light ground, and
// sees to it that the letters of no two crops touch.
func TestGridNumbersEveryCrop(t *testing.T) {
	for _, ground := range []color.Color{color.White, color.Black, color.Gray{128}} {
		for _, most := range []int{9, 100} {
			grid, err := crop.NewGrid(2400, 1600, 384, most)
			if err != nil {
				t.Fatal(err)
			}
			drawn, err := Grid(plain(2400, 1600, ground), grid.Boxes)
			if err != nil {
				t.Fatal(err)
			}
			l, err := newLettering(min(grid.Size/6, largest))
			if err != nil {
				t.Fatal(err)
			}
			var places []image.Rectangle
			for i, box := range grid.Boxes[1:] {
				place := l.bounds("00", middleOf(box)).Inset(-l.outline)
				for _, other := range places {
					if place.Overlaps(other) {
						t.Errorf("the numbers of two crops touch, at %v and %v", place, other)
					}
				}
				places = append(places, place)
				white, black := 0, 0
				for y := place.Min.Y; y < place.Max.Y; y++ {
					for x := place.Min.X; x < place.Max.X; x++ {
						switch drawn.RGBAAt(x, y) {
						case color.RGBA{255, 255, 255, 255}:
							white++
						case color.RGBA{0, 0, 0, 255}:
							black++
						}
					}
				}
				if least := place.Dx() * place.Dy() / 20; white < least || black < least {
					t.Errorf("crop %d on %v: %d white and %d black pixels at its centre, want %d of each", i+1, ground, white, black, least)
				}
			}
		}
	}
}

// TestGridNumbersDiffer compares the letters of crops with each other.
func TestGridNumbersDiffer(t *testing.T) {
	l, err := newLettering(40)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, text := range []string{"1", "2", "3", "7", "11", "12", "21", "96"} {
		m := plain(100, 60, color.Gray{100})
		l.write(m, text, image.Pt(50, 30))
		if other, ok := seen[string(m.Pix)]; ok {
			t.Errorf("%s looks like %s", text, other)
		}
		seen[string(m.Pix)] = text
		var found image.Rectangle
		for y := range 60 {
			for x := range 100 {
				if m.RGBAAt(x, y) != (color.RGBA{100, 100, 100, 255}) {
					found = found.Union(image.Rect(x, y, x+1, y+1))
				}
			}
		}
		if d := middleOf(found).Sub(image.Pt(50, 30)); d.X*d.X+d.Y*d.Y > 8 {
			t.Errorf("%s stands at %v, expected its middle at (50,30)", text, found)
		}
	}
}

// TestGridShadesOneCrop compares the tint inside the example's box with that outside it.
func TestGridShadesOneCrop(t *testing.T) {
	grid, err := crop.NewGrid(1200, 800, 384, 100)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := Grid(plain(1200, 800, color.Gray{128}), grid.Boxes)
	if err != nil {
		t.Fatal(err)
	}
	example := Example(grid.Boxes)
	if example < 1 {
		t.Fatal("no example")
	}
	box := grid.Boxes[example]
	tint := color.RGBAModel.Convert(color.Gray{128}).(color.RGBA)
	var shaded image.Rectangle
	bare := 0
	for y := range 800 {
		for x := range 1200 {
			c := drawn.RGBAAt(x, y)
			if c.B > c.R+20 && c.B > 128 && c.B > c.G {
				shaded = shaded.Union(image.Rect(x, y, x+1, y+1))
			}
			if c == tint && image.Pt(x, y).In(box) {
				bare++
			}
		}
	}
	if few := box.Dx() * box.Dy() / 1000; shaded != box || bare > few { // the edges of letters are grey too
		t.Errorf("shaded is %v with %d bare pixels, want %v", shaded, bare, box)
	}
	if c := drawn.RGBAAt(0, 400); c != overviewColour {
		t.Errorf("the frame is %v, want %v", c, overviewColour)
	}
}

// TestGridOfSmallPictures draws on pictures with room for nothing, which they bear.
func TestGridOfSmallPictures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {5, 3}, {40, 30}, {3000, 20}} {
		grid, err := crop.NewGrid(size.X, size.Y, 384, 9)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Grid(plain(size.X, size.Y, color.White), grid.Boxes)
		if err != nil || m.Rect.Size() != size {
			t.Errorf("%v: %v, %v", size, m, err)
		}
	}
}
