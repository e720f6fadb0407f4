package gaze

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/mcllava/mcllava/crop"
)

const side = 8

// around is the map of a crop whose patches look at a point of the picture, as far as they are near it.
func around(box image.Rectangle, x, y float64) []float32 {
	shares, sum := make([]float32, side*side), float32(0)
	for i := range shares {
		px := float64(box.Min.X) + (float64(i%side)+0.5)*float64(box.Dx())/side
		py := float64(box.Min.Y) + (float64(i/side)+0.5)*float64(box.Dy())/side
		shares[i] = float32(0.01 + math.Exp(-math.Hypot((px-x)/float64(box.Dx()), (py-y)/float64(box.Dy()))*side))
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// lookingAt is a picture cut as the model cuts it, whose crops look at a point if they have it.
func lookingAt(t *testing.T, width, height, most int, x, y float64) Picture {
	t.Helper()
	grid, err := crop.NewGrid(width, height, 96, most)
	if err != nil {
		t.Fatal(err)
	}
	p := Picture{Width: width, Height: height, Side: side, Covered: 1}
	for i, b := range grid.Boxes {
		weight := 0.01
		if i > 0 && image.Pt(int(x), int(y)).In(b) {
			weight = 0.5
		}
		p.Crops = append(p.Crops, Crop{b, weight, around(b, x, y)})
	}
	return p
}

// TestPeaksAreWhereCropsLook goes over pictures of all shapes, with the point inside, at the edges and in the corners.
func TestPeaksAreWhereCropsLook(t *testing.T) {
	for _, shape := range []struct{ width, height, most int }{
		{2400, 1600, 100}, {2400, 1600, 9}, {8000, 800, 100}, {800, 6000, 100}, {800, 6000, 25}, {100, 90, 100}, {131, 3, 20}, {4241, 2833, 200},
	} {
		for _, at := range [][2]float64{{0.5, 0.5}, {0.31, 0.72}, {0.01, 0.01}, {0.99, 0.99}, {0.5, 0.005}, {0.002, 0.6}} {
			x, y := at[0]*float64(shape.width), at[1]*float64(shape.height)
			p := lookingAt(t, shape.width, shape.height, shape.most, x, y)
			g := Look(p)
			// A crop's patch, or a window where that is larger, is as exact as it can be.
			least := p.Crops[len(p.Crops)/2].Box
			nearX, nearY := max(float64(least.Dx())/side, float64(shape.width)/windowsAcross)+1, max(float64(least.Dy())/side, float64(shape.height)/windowsDown)+1
			if math.Abs(float64(g.Peak.X)-x) > nearX || math.Abs(float64(g.Peak.Y)-y) > nearY {
				t.Errorf("%+v: peak %v, want about (%.0f,%.0f)", shape, g.Peak, x, y)
			}
			if picture := image.Rect(0, 0, shape.width, shape.height); !g.Peak.In(picture) || !g.Box.In(picture) {
				t.Errorf("%+v: peak %v and box %v, of which some is outside", shape, g.Peak, g.Box)
			}
			if one := len(p.Crops) == 1; g.Overview != one || g.Box.Empty() != one {
				t.Errorf("%+v: %d crops, overview %v, box %v", shape, len(p.Crops), g.Overview, g.Box)
			}
			if !g.Overview && !g.Peak.In(g.Box) {
				t.Errorf("%+v: peak %v is outside its box %v", shape, g.Peak, g.Box)
			}
		}
	}
}

// wantHeat is the heat at the middle of a pixel.
func wantHeat(p Picture, x, y float64) float64 {
	sum, n := 0.0, 0.0
	for _, c := range p.Crops[1:] {
		w, h := float64(c.Box.Dx())*p.Covered/float64(p.Side), float64(c.Box.Dy())*p.Covered/float64(p.Side)
		i, j := math.Floor((x-float64(c.Box.Min.X))/w), math.Floor((y-float64(c.Box.Min.Y))/h)
		if i >= 0 && j >= 0 && i < float64(p.Side) && j < float64(p.Side) {
			sum, n = sum+c.Weight*c.Weight*float64(c.Map[int(j)*p.Side+int(i)])/(w*h), n+1
		}
	}
	return sum / max(1, n)
}

// TestHeatIsItsDefinition compares cells of one pixel with the heat there, of crops that overlap, are equal, or end within a patch.
func TestHeatIsItsDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, covered := range []float64{1, 0.75} {
		p := Picture{Width: 96, Height: 60, Side: 3, Covered: covered, Crops: []Crop{{image.Rect(0, 0, 96, 60), 3, make([]float32, 9)}}}
		for _, b := range []image.Rectangle{
			image.Rect(0, 0, 48, 48), image.Rect(0, 0, 48, 48), image.Rect(24, 12, 72, 60), image.Rect(48, 0, 96, 24), image.Rect(60, 36, 72, 48),
		} {
			c := Crop{Box: b, Weight: r.Float64(), Map: make([]float32, 9)}
			for i := range c.Map {
				c.Map[i] = r.Float32()
			}
			p.Crops = append(p.Crops, c)
		}
		g, total := Look(p), 0.0
		want := make([]float64, 96*60)
		for i := range want {
			want[i] = wantHeat(p, float64(i%96)+0.5, float64(i/96)+0.5)
			total += want[i]
		}
		for i, w := range want {
			if !(math.Abs(g.Heat.Values[i]-w/total) <= 1e-9) {
				t.Fatalf("covered %v: at %d,%d %v, want %v", covered, i%96, i/96, g.Heat.Values[i], w/total)
			}
		}
	}
}

func TestHeatAddsUpToOne(t *testing.T) {
	p := lookingAt(t, 5000, 4000, 100, 900, 3000)
	g := Look(p)
	sum := 0.0
	for _, v := range g.Heat.Values {
		sum += v
	}
	if g.Heat.Cols > mostCells || g.Heat.Rows > mostCells || math.Abs(sum-1) > 1e-9 {
		t.Errorf("%d×%d cells, sum %v", g.Heat.Cols, g.Heat.Rows, sum)
	}
}

func TestSharesAndEntropy(t *testing.T) {
	p := lookingAt(t, 2400, 1600, 4, 100, 100)
	for i := range p.Crops {
		p.Crops[i].Weight = 0.25
	}
	g := Look(p)
	if n := float64(len(p.Crops)); math.Abs(g.Entropy-math.Log2(n)) > 1e-12 || math.Abs(g.OverviewShare-1/n) > 1e-12 {
		t.Errorf("even weights: entropy %v, overview %v", g.Entropy, g.OverviewShare)
	}
	for i := range p.Crops {
		p.Crops[i].Weight = 0
	}
	p.Crops[0].Weight = 3
	if g := Look(p); g.Entropy != 0 || g.OverviewShare != 1 || !g.Overview || !g.Box.Empty() {
		t.Errorf("all on the overview: %+v", g)
	}
	p.Crops[0].Weight = 0
	if g := Look(p); math.IsNaN(g.Entropy) || math.IsNaN(g.Shares[0]) || !g.Peak.In(image.Rect(0, 0, 2400, 1600)) {
		t.Errorf("no attention at all: %v, %v, %v", g.Shares, g.Entropy, g.Peak)
	}
	// A picture without an overview has none to look at.
	p.Crops = p.Crops[1:]
	p.Crops[0].Weight = 1
	if g := Look(p); g.Overview || g.OverviewShare != 0 || g.Box.Empty() {
		t.Errorf("no overview: %v, %v, box %v", g.Overview, g.OverviewShare, g.Box)
	}
}

// TestTheOverviewOfARegion moves the crops of a picture into a larger one.
func TestTheOverviewOfARegion(t *testing.T) {
	p := lookingAt(t, 2400, 1600, 25, 700, 800)
	for i := range p.Crops {
		p.Crops[i].Box = p.Crops[i].Box.Add(image.Pt(3000, 1000))
	}
	p.Width, p.Height = 9000, 5000
	if g := Look(p); g.Overview || g.OverviewShare != g.Shares[0] || !image.Pt(3700, 1800).In(g.Box) {
		t.Errorf("overview %v, share %v, box %v", g.Overview, g.OverviewShare, g.Box)
	}
	p.Crops[0].Weight = 9
	if g := Look(p); !g.Overview || !g.Box.Empty() {
		t.Errorf("all on the region: overview %v, box %v", g.Overview, g.Box)
	}
}

// TestOrderDoesNotMatter turns the crops round.
func TestOrderDoesNotMatter(t *testing.T) {
	p := lookingAt(t, 2400, 1600, 25, 700, 800)
	want := Look(p)
	for i, j := 0, len(p.Crops)-1; i < j; i, j = i+1, j-1 {
		p.Crops[i], p.Crops[j] = p.Crops[j], p.Crops[i]
	}
	if g := Look(p); g.Peak != want.Peak || g.Box != want.Box || g.Overview != want.Overview {
		t.Errorf("%v %v, turned round %v %v", want.Peak, want.Box, g.Peak, g.Box)
	}
}

func TestAMapOfAnotherSize(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a map of 5 patches is taken")
		}
	}()
	Look(Picture{Width: 9, Height: 9, Side: 2, Covered: 1, Crops: []Crop{{image.Rect(0, 0, 9, 9), 1, make([]float32, 5)}}})
}

// TestShareOfARectangle adds up the cells of a rectangle one by one.
func TestShareOfARectangle(t *testing.T) {
	h := Look(lookingAt(t, 2400, 1600, 50, 900, 1000)).Heat
	for _, r := range []image.Rectangle{
		{}, image.Rect(0, 0, 2400, 1600), image.Rect(-50, -50, 5000, 5000), image.Rect(700, 800, 1111, 1213), image.Rect(2399, 0, 2400, 1600),
	} {
		want := 0.0
		for i, v := range h.Values {
			x, y := (float64(i%h.Cols)+0.5)*2400/float64(h.Cols), (float64(i/h.Cols)+0.5)*1600/float64(h.Rows)
			if x >= float64(r.Min.X) && x < float64(r.Max.X) && y >= float64(r.Min.Y) && y < float64(r.Max.Y) {
				want += v
			}
		}
		if got := h.Share(r); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v: %v, want %v", r, got, want)
		}
	}
	if empty := (Heat{Width: 10, Height: 10, Cols: 1, Rows: 1, Values: []float64{0}}); true {
		empty.add()
		if got := empty.Share(image.Rect(0, 0, 10, 10)); got != 0 {
			t.Errorf("of no heat %v", got)
		}
	}
}

// TestOnePlace tells an answer that looked at one place from one that looked all over the picture.
func TestOnePlace(t *testing.T) {
	s := Search{Within: image.Rect(0, 0, 2400, 1600), Side: 686}
	if g := Look(lookingAt(t, 2400, 1600, 50, 900, 1000)); !s.OnePlace(&g.Heat, g.Peak) {
		t.Errorf("of all heat at one place %.2f are about the peak", g.Heat.Share(s.Glance(g.Peak)))
	}
	even := Picture{Width: 2400, Height: 1600, Side: 2, Covered: 1}
	for x := 0; x < 2400; x += 400 {
		for y := 0; y < 1600; y += 400 {
			even.Crops = append(even.Crops, Crop{Box: image.Rect(x, y, x+400, y+400), Weight: 1, Map: []float32{0.25, 0.25, 0.25, 0.25}})
		}
	}
	if g := Look(even); s.OnePlace(&g.Heat, g.Peak) {
		t.Errorf("of even heat %.2f are about the peak", g.Heat.Share(s.Glance(g.Peak)))
	}
}
