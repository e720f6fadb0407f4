package draw

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
)

// drawn is a picture of these options, as it is drawn unless they have a camera.
func drawn(t *testing.T, seed uint64, o Options) *Picture {
	t.Helper()
	if o.Camera == nil {
		o.Camera = &Camera{}
	}
	p, err := New(seed, o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Image().Bounds() != image.Rect(0, 0, o.Width, o.Height) || !p.Image().Opaque() {
		t.Fatalf("%v, opaque %v, expected %d × %d", p.Image().Bounds(), p.Image().Opaque(), o.Width, o.Height)
	}
	return p
}

// changed is the box around all pixels in which two pictures differ.
func changed(a, b *Picture) (box image.Rectangle) {
	for y := range a.Image().Bounds().Dy() {
		for x := range a.Image().Bounds().Dx() {
			if a.Image().RGBAAt(x, y) != b.Image().RGBAAt(x, y) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

func everyGround() []Options {
	all := []Options{{Ground: StreetGround}, {Ground: PlainGround}}
	for _, name := range Photos() {
		all = append(all, Options{Photo: name})
	}
	return all
}

func TestPicturesComeFromTheirSeeds(t *testing.T) {
	for _, o := range everyGround() {
		o.Width, o.Height = 320, 200
		o.Signs, o.Things = []SignOptions{{}}, make([]ThingOptions, 3)
		var pictures []*Picture
		for _, seed := range []uint64{3, 3, 4} {
			p, err := New(seed, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Signs) != 1 || len(p.Things) != 3 || (p.Street != nil) != (o.Ground == StreetGround) {
				t.Errorf("%+v gives %d signs, %d things, street %v", o, len(p.Signs), len(p.Things), p.Street)
			}
			pictures = append(pictures, p)
		}
		if !changed(pictures[0], pictures[1]).Empty() {
			t.Errorf("%+v: a seed gives two pictures", o)
		}
		if changed(pictures[0], pictures[2]).Empty() {
			t.Errorf("%+v: two seeds give one picture", o)
		}
	}
}

func TestAnySizeIsDrawn(t *testing.T) {
	for _, size := range [][2]int{{16, 16}, {800, 600}, {1600, 40}, {40, 1600}, {17, 311}} {
		for i, o := range everyGround() {
			o.Width, o.Height = size[0], size[1]
			p := drawn(t, uint64(i), o)
			if s := p.Street; s != nil && (!s.AwningBox.In(p.Image().Bounds()) || !s.CarBox.In(p.Image().Bounds())) {
				t.Errorf("%v: %+v lies outside", size, s)
			}
		}
	}
}

// TestTheTruthIsDrawn adds a sign or a thing to a picture and looks where it changed.
func TestTheTruthIsDrawn(t *testing.T) {
	for seed := range uint64(24) {
		o := Options{Width: 640, Height: 420, Ground: PlainGround}
		without := drawn(t, seed, o)
		o.Signs = []SignOptions{{Look: []Look{Board, Bare}[seed%2]}}
		with := drawn(t, seed, o)
		sign := with.Signs[0]
		if box := changed(without, with); !box.In(sign.Box.Inset(-1)) || box.Dx() < sign.Box.Dx()/3 {
			t.Errorf("seed %d: the sign %q changes %v, its box is %v", seed, sign.Text, box, sign.Box)
		}
		if want := len(strings.ReplaceAll(sign.Text, " ", "")); len(sign.Letters) != want {
			t.Errorf("seed %d: %d letters of %q", seed, len(sign.Letters), sign.Text)
		}
		for _, l := range sign.Letters {
			if !image.Pt(int(l.X), int(l.Y)).In(sign.Box) {
				t.Errorf("seed %d: the letter %q lies outside of its sign", seed, l.Letter)
			}
		}
		o.Things = []ThingOptions{{Kind: Kinds()[seed%8]}}
		thing := drawn(t, seed, o)
		box, truth := changed(with, thing), thing.Things[0]
		if !box.In(truth.Box) || float64(max(box.Dx(), box.Dy())) < 0.75*truth.Size || truth.Box.Overlaps(sign.Box) {
			t.Errorf("seed %d: the thing %+v changes %v beside %v", seed, truth, box, sign.Box)
		}
	}
}

func TestStreetsAreAsTheyAreAskedFor(t *testing.T) {
	for _, name := range Colours() {
		for _, light := range []Light{Day, Night} {
			p := drawn(t, 5, Options{Width: 600, Height: 400, Street: StreetOptions{Light: light, Awning: name, Car: name}})
			if p.Street == nil || p.Street.Day != (light == Day) || p.Street.Awning != name || p.Street.Car != name {
				t.Errorf("%s, %s: %+v", light, name, p.Street)
				continue
			}
			want := colours[slices.Index(Colours(), name)].RGBA
			x, y := middle(p.Street.CarBox)
			body := p.Image().RGBAAt(int(x), int(y)+p.Street.CarBox.Dy()/8)
			if distance(body, want) > 10*math.Sqrt(3) {
				t.Errorf("the %s car has the colour %v", name, body)
			}
			x, _ = middle(p.Street.AwningBox)
			if cloth := p.Image().RGBAAt(int(x), p.Street.AwningBox.Min.Y+2); distance(cloth, want) > 10*math.Sqrt(3) {
				t.Errorf("the %s awning has the colour %v", name, cloth)
			}
		}
	}
}

func TestCapitalsHaveTheirHeight(t *testing.T) {
	for _, font := range Fonts() {
		for _, look := range []Look{Bare, Board} {
			p := drawn(t, 1, Options{Width: 500, Height: 400, Ground: PlainGround, Signs: []SignOptions{
				{Text: "H", Font: font, Case: Upper, Look: look, Caps: 100, Straight: true},
			}})
			x, y := p.Signs[0].Letters[0].X, p.Signs[0].Letters[0].Y
			// The bar of the H is in its middle, and its stems reach up and down from its ends.
			ink := p.Image().RGBAAt(int(x), int(y-3))
			stem := 0
			for dx := -60; dx <= 60; dx++ {
				run := 0
				for dy := -70; dy <= 70; dy++ {
					if near(p.Image().RGBAAt(int(x)+dx, int(y)+dy), ink) {
						run++
					}
				}
				stem = max(stem, run)
			}
			upright := !strings.Contains(font, "italic")
			if upright && (stem < 96 || stem > 104) || p.Signs[0].Caps != 100 {
				t.Errorf("%s, %s: stems of %d pixels, capitals of %v, expected 100", font, look, stem, p.Signs[0].Caps)
			}
		}
	}
}

// near allows for light from one side.
func near(a, b color.RGBA) bool { return distance(a, b) < 25 }

func TestSignsAreAsTheyAreAskedFor(t *testing.T) {
	bounds := image.Rect(0, 0, 900, 600)
	for _, at := range []image.Point{{0, 0}, {900, 0}, {0, 600}, {900, 600}, {450, 300}, {450, 0}, {-50, 700}} {
		p := drawn(t, 2, Options{Width: 900, Height: 600, Ground: PhotoGround, Signs: []SignOptions{
			{Text: "zürich & søn\t24/7", Lines: 2, Case: Title, Caps: 20, At: &at, Turn: 10},
		}})
		s := p.Signs[0]
		if s.Text != "ZÜRICH & SØN 24/7" || s.Shop != "" || !s.Box.In(bounds) || s.Letters[1].Letter != 'Ü' {
			t.Errorf("%+v", s)
		}
		x, y := s.Middle()
		moved := math.Abs(x-float64(at.X)) > 1 || math.Abs(y-float64(at.Y)) > 1
		edge := s.Box.Min.X == 0 || s.Box.Min.Y == 0 || s.Box.Max.X == 900 || s.Box.Max.Y == 600
		if moved && !edge {
			t.Errorf("at %v: %v", at, s.Box)
		}
		if rows := len(rowsOf(s)); rows != 2 {
			t.Errorf("%d lines", rows)
		}
	}
	p := drawn(t, 2, Options{Width: 900, Height: 600, Signs: []SignOptions{{Text: "Bakery"}, {Text: "Rowan bank"}}})
	if a, b := p.Signs[0], p.Signs[1]; a.Shop != "bakery" || b.Shop != "bank" || a.Box.Overlaps(b.Box) {
		t.Errorf("%+v, %+v", a, b)
	}
	for _, answer := range Answers(p, []image.Rectangle{bounds}, 96) {
		if slices.Contains([]string{"shop", "sign", "where", "general"}, answer.Kind) {
			t.Errorf("of two signs: %+v", answer)
		}
	}
}

// rowsOf tells lines apart by how far down the line of the sign's letters jumps back to the left.
func rowsOf(s Sign) (rows []float64) {
	for i, l := range s.Letters {
		if i == 0 || l.X < s.Letters[i-1].X {
			rows = append(rows, l.Y)
		}
	}
	return rows
}

func TestThingsAreAsTheyAreAskedFor(t *testing.T) {
	at := image.Pt(300, 200)
	p := drawn(t, 9, Options{Width: 600, Height: 400, Signs: []SignOptions{{Text: "OPEN", Caps: 20, At: &image.Point{}}}, Things: append(
		make([]ThingOptions, 6), ThingOptions{Kind: "cup", Colour: "red", Size: 50, At: &at}, ThingOptions{Kind: "star"})})
	kinds, boxes := map[string]bool{}, []image.Rectangle{p.Signs[0].Box}
	for _, thing := range p.Things {
		kinds[thing.Kind] = true
		if slices.ContainsFunc(boxes, thing.Box.Overlaps) || !thing.Box.In(p.Image().Bounds()) {
			t.Errorf("%+v lies over another or outside", thing)
		}
		boxes = append(boxes, thing.Box)
	}
	i := slices.IndexFunc(p.Things, func(t Thing) bool { return t.Kind == "cup" })
	if cup := p.Things[i]; len(kinds) != 8 || cup.Colour != "red" || cup.Size != 50 || cup.X != 300 || cup.Y != 200 {
		t.Errorf("%d kinds, %+v", len(kinds), cup)
	}
	red := colours[0].RGBA
	if got := p.Image().RGBAAt(298, 200); distance(got, red) > 12*math.Sqrt(3) {
		t.Errorf("the red cup has the colour %v", got)
	}
}

func TestCameras(t *testing.T) {
	o := Options{Width: 200, Height: 120, Ground: PhotoGround}
	plain := drawn(t, 1, o)
	for _, c := range []Camera{{Blur: 0.4}, {Blur: 3.5}, {JPEG: 40}, {Grain: 4}} {
		o.Camera = &c
		p := drawn(t, 1, o)
		var difference float64
		for i, v := range p.Image().Pix {
			difference += math.Abs(float64(v) - float64(plain.Image().Pix[i]))
		}
		if mean := difference / float64(len(plain.Image().Pix)); mean < 0.05 || mean > 20 {
			t.Errorf("%+v changes a value by %.2f at large", c, mean)
		}
	}
}

func TestBlurKeepsTheMean(t *testing.T) {
	c := NewCanvas(21, 1)
	c.Box(0, 0, 21, 1, RGB(0, 0, 0))
	c.Box(10, 0, 11, 1, RGB(240, 0, 0))
	blur(c, 1.5)
	var got []uint8
	for x := 7; x <= 13; x++ {
		got = append(got, c.RGBAAt(x, 0).R)
	}
	if want := []uint8{0, 30, 60, 60, 60, 30, 0}; !slices.Equal(got, want) {
		t.Errorf("%v, expected %v", got, want)
	}
}

func TestWhatCannotBeDrawn(t *testing.T) {
	point := image.Pt(50, 50)
	for want, o := range map[string]Options{
		"expected sides of 16":          {Width: 5, Height: 100},
		"at most 100000000 in all":      {Width: 20000, Height: 20000},
		`unknown ground "sea"`:          {Ground: "sea"},
		`unknown photo "cat"`:           {Photo: "cat"},
		`unknown light "noon"`:          {Street: StreetOptions{Light: "noon"}},
		`unknown car "pink"`:            {Street: StreetOptions{Car: "pink"}},
		`unknown awning "pink"`:         {Street: StreetOptions{Awning: "pink"}},
		"expected blur and JPEG":        {Camera: &Camera{Blur: math.NaN()}},
		`unknown font "Times"`:          {Signs: []SignOptions{{Font: "Times"}}},
		`unknown case "odd"`:            {Signs: []SignOptions{{Case: "odd"}}},
		`unknown look "neon"`:           {Signs: []SignOptions{{Look: "neon"}}},
		"expected 1 or 2":               {Signs: []SignOptions{{Lines: 3}}},
		"no space to break it at":       {Signs: []SignOptions{{Text: "BANK", Lines: 2}}},
		"expected a height above 0":     {Signs: []SignOptions{{Caps: math.Inf(1)}}},
		"turned by NaN":                 {Signs: []SignOptions{{Turn: math.NaN()}}},
		`no letter '店'`:                 {Signs: []SignOptions{{Text: "店"}}},
		"larger than the picture":       {Signs: []SignOptions{{Text: "SUPERMARKET", Caps: 90}}},
		"sign 2: no place":              {Signs: []SignOptions{{Caps: 30, Text: "A", At: &point}, {Caps: 30, Text: "B", At: &point}}},
		`unknown kind "dog"`:            {Things: []ThingOptions{{Kind: "dog"}}},
		`two things are of kind "ball"`: {Things: []ThingOptions{{Kind: "ball"}, {Kind: "ball"}}},
		"9 things, expected at most":    {Things: make([]ThingOptions, 9)},
		`unknown colour "pink"`:         {Things: []ThingOptions{{Colour: "pink"}}},
		"of 500 pixels in a picture of": {Things: []ThingOptions{{Size: 500}}},
		"no place for a":                {Things: []ThingOptions{{At: &point, Size: 40}, {At: &point, Size: 40}}},
	} {
		if o.Width == 0 {
			o.Width, o.Height = 400, 200
		}
		if _, err := New(1, o); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "draw: ") {
			t.Errorf("%+v: %v, expected %q", o, err, want)
		}
	}
}
