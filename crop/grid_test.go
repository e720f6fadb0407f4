package crop

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"image"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const base = 384

type gridCase struct {
	Width, Height int
	MaxCrops      int          `json:"max_crops"`
	Boxes         [][4]int     // without the overview
	Coords        [][2]float64 // with it
}

func gridCases(t *testing.T, path string) (cases []gridCase) {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(r).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestGridIsThePublishedOne(t *testing.T) {
	const rounding = 1.5e-7 // the stored coordinates are float32 with seven decimals
	cases := gridCases(t, "../testdata/grids.json.gz")
	if len(cases) != 60 {
		t.Fatalf("%d cases, expected 60", len(cases))
	}
	overrun := 0
	for _, c := range cases {
		g, err := NewGrid(c.Width, c.Height, base, c.MaxCrops)
		if err != nil {
			t.Fatal(err)
		}
		checkGrid(t, g, c.MaxCrops)
		if len(c.Boxes) > c.MaxCrops {
			overrun++ // the crop grew beyond the shorter side; the limit is kept here
			continue
		}
		want := []image.Rectangle{image.Rect(0, 0, c.Width, c.Height)}
		for _, b := range c.Boxes {
			want = append(want, image.Rect(b[0], b[1], b[2], b[3]))
		}
		if !slices.Equal(g.Boxes, want) {
			t.Errorf("%d×%d at %d: boxes %v, expected %v", c.Width, c.Height, c.MaxCrops, g.Boxes, want)
			continue
		}
		for i, want := range c.Coords {
			x, y := g.Centre(i)
			if !(math.Abs(x-want[0]) <= rounding && math.Abs(y-want[1]) <= rounding) {
				t.Fatalf("%d×%d at %d: centre %d is %v, %v; expected %v", c.Width, c.Height, c.MaxCrops, i, x, y, want)
			}
		}
	}
	if overrun != 3 {
		t.Errorf("%d published grids overrun their limit, expected 3", overrun)
	}
}

// checkGrid states what holds of every grid: the limit, whole boxes within the picture, of the same side save at
// the edges, in order, that cover it.
func checkGrid(t *testing.T, g Grid, maxCrops int) {
	t.Helper()
	picture := image.Rect(0, 0, g.Width, g.Height)
	if len(g.Boxes) == 0 || g.Boxes[0] != picture {
		t.Fatalf("%+v does not begin with the overview", g)
	}
	crops := g.Boxes[1:]
	if len(crops) > maxCrops || len(crops) == 1 || (len(crops) == 0) != (g.Size == 0) {
		t.Fatalf("%d×%d: %d crops of size %d, at most %d allowed", g.Width, g.Height, len(crops), g.Size, maxCrops)
	}
	if len(crops) == 0 {
		return
	}
	// The x and y intervals are a product; each kind must cover its axis with no gap.
	var xs, ys [][2]int
	for _, b := range crops {
		if b.Empty() || !b.In(picture) {
			t.Fatalf("%d×%d: crop %v", g.Width, g.Height, b)
		}
		if x := [2]int{b.Min.X, b.Max.X}; len(xs) == 0 || xs[len(xs)-1] != x {
			xs = append(xs, x)
		}
		if y := [2]int{b.Min.Y, b.Max.Y}; !slices.Contains(ys, y) {
			ys = append(ys, y)
		}
	}
	if len(xs)*len(ys) != len(crops) {
		t.Fatalf("%d×%d: %d crops in %d columns and %d rows", g.Width, g.Height, len(crops), len(xs), len(ys))
	}
	for i, b := range crops {
		if x, y := xs[i/len(ys)], ys[i%len(ys)]; b != image.Rect(x[0], y[0], x[1], y[1]) {
			t.Fatalf("%d×%d: crop %d is %v, expected columns %v, rows %v", g.Width, g.Height, i, b, x, y)
		}
	}
	for _, axis := range []struct {
		spans  [][2]int
		length int
	}{{xs, g.Width}, {ys, g.Height}} {
		reached := 0
		for i, s := range axis.spans {
			last := i == len(axis.spans)-1
			if s[0] > reached || s[0] != i*(g.Size/2) || !last && s[1]-s[0] != g.Size {
				t.Fatalf("%d×%d: span %d is %v, size %d", g.Width, g.Height, i, s, g.Size)
			}
			reached = s[1]
		}
		if reached != axis.length {
			t.Fatalf("%d×%d: crops end at %d of %d", g.Width, g.Height, reached, axis.length)
		}
	}
}

func TestThinPicturesKeepTheLimit(t *testing.T) {
	cases := gridCases(t, "../testdata/grids-thin.json.gz")
	if len(cases) != 5 {
		t.Fatalf("%d cases, expected 5", len(cases))
	}
	for _, c := range cases {
		if len(c.Boxes) <= c.MaxCrops {
			t.Errorf("%d×%d at %d: the published grid keeps its limit here", c.Width, c.Height, c.MaxCrops)
		}
		g, err := NewGrid(c.Width, c.Height, base, c.MaxCrops)
		if err != nil {
			t.Fatal(err)
		}
		checkGrid(t, g, c.MaxCrops)
	}
}

func TestGridProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	withCrops := 0
	for range 5000 {
		side := func() int { return 1 + int(math.Exp(r.Float64()*9.4)) } // 2 … 12000, thin ones often
		maxCrops := int(math.Exp(r.Float64() * 7))
		base := []int{2, 3, 28, 336, 384, 385}[r.IntN(6)]
		w, h := side(), side()
		if base < 28 {
			w, h = w%200+1, h%200+1
		}
		g, err := NewGrid(w, h, base, maxCrops)
		if err != nil {
			t.Fatalf("NewGrid(%d, %d, %d, %d): %v", w, h, base, maxCrops, err)
		}
		checkGrid(t, g, maxCrops)
		if g.Size != 0 {
			withCrops++
			if g.Size < base || (g.Size-base)%10 != 0 {
				t.Fatalf("NewGrid(%d, %d, %d, %d) has size %d", w, h, base, maxCrops, g.Size)
			}
		}
		for i := range g.Boxes {
			if x, y := g.Centre(i); !(x > 0 && x < 1 && y > 0 && y < 1) {
				t.Fatalf("centre %v, %v", x, y)
			}
		}
	}
	if withCrops < 1000 {
		t.Errorf("only %d grids had crops", withCrops)
	}
}

func TestGridExtremes(t *testing.T) {
	for _, c := range []struct {
		name                          string
		width, height, base, maxCrops int
		boxes                         int
		err                           string
	}{
		{"no crops", 4000, 3000, 384, 0, 1, ""},
		{"one crop nearly covers it", 576, 576, 384, 100, 1, ""},
		{"one column more", 577, 200, 384, 100, 3, ""},
		{"limit of one", 4000, 3000, 384, 1, 1, ""},
		{"huge limit", 4000, 3000, 384, math.MaxInt, 1 + 19*14, ""},
		{"huge crop", 4000, 3000, math.MaxInt, 100, 1, ""},
		{"huge picture", 1 << 24, 1 << 24, 384, 4, 5, ""},
		{"a line", 1, 1 << 24, 384, 10, 11, ""},
		{"too many boxes", 1 << 24, 1 << 24, 384, math.MaxInt, 0, "expected at most 1048576"},
		{"above a side", 1<<24 + 1, 5, 384, 4, 0, "expected sides of at most 16777216"},
		{"no width", 0, 5, 384, 4, 0, "picture is 0×5 pixels"},
		{"negative height", 5, -1, 384, 4, 0, "picture is 5×-1 pixels"},
		{"no stride", 5, 5, 1, 4, 0, "crop size is 1 pixels"},
		{"negative limit", 5, 5, 384, -1, 0, "limit is -1 crops"},
	} {
		g, err := NewGrid(c.width, c.height, c.base, c.maxCrops)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: error %v, expected %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil || len(g.Boxes) != c.boxes {
			t.Errorf("%s: %d boxes, error %v; expected %d", c.name, len(g.Boxes), err, c.boxes)
			continue
		}
		checkGrid(t, g, c.maxCrops)
	}
}

func TestTokensPerCrop(t *testing.T) {
	for _, c := range []struct {
		crops, n, most int
		want           []int
		err            string
	}{
		{1, 728, 728, []int{728}, ""},
		{1, 1000, 728, []int{728}, ""},
		{3, 10, 728, []int{3, 3, 4}, ""},
		{4, 4, 728, []int{1, 1, 1, 1}, ""},
		{4, 7, 728, []int{1, 1, 1, 4}, ""},
		{2, 1457, 728, []int{728, 728}, ""},
		{3, 8, 3, []int{2, 2, 3}, ""},
		{3, math.MaxInt, 8, []int{8, 8, 8}, ""},
		{13, 5, 728, nil, "5 image tokens for 13 crops, expected at least 13"},
		{1, 0, 728, nil, "expected at least 1"},
		{1, -3, 728, nil, "expected at least 1"},
		{0, 5, 728, nil, "0 crops"},
		{2, 5, 0, nil, "at most 0"},
	} {
		got, err := TokensPerCrop(c.crops, c.n, c.most)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%+v: error %v", c, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("TokensPerCrop(%d, %d, %d) = %v, %v; expected %v", c.crops, c.n, c.most, got, err, c.want)
		}
	}
}
