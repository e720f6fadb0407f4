package mcllava

import (
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"math"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/draw"
)

var gazeScenes = flag.Int("gaze", 0, "measure where the demo looks, on so many drawn scenes")

// drawnScene is a scene and its picture.
func drawnScene(t *testing.T, seed uint64) (*draw.Picture, *Picture) {
	t.Helper()
	s, err := draw.NewScene(seed)
	if err != nil {
		t.Fatal(err)
	}
	return s, scenePicture(t, s)
}

func pictureOf(t *testing.T, m image.Image) *Picture {
	t.Helper()
	p, err := OpenPicture(encoded(t, m))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// looked is where answers about the sign of some scenes looked.
type looked struct {
	crops, scenes int // most crops
	read          int // scenes whose sign is read
	onSign        int // of those, peaks on the sign
	anyOnSign     int // of all scenes
	boxes         int // boxes that have some of the sign
	overviews     int
	inBox         float64 // share of the sign in the box, a mean
}

func (l looked) String() string {
	return fmt.Sprintf("%3d crops: %d of %d signs read, %d of their peaks on the sign, of all %d; %d boxes touch it and have %.2f of it; %d overviews",
		l.crops, l.read, l.scenes, l.onSign, l.anyOnSign, l.boxes, l.inBox, l.overviews)
}

// lookOnScenes asks for the sign of scenes from a seed on, at some numbers of crops.
func lookOnScenes(t *testing.T, m *Model, seed uint64, scenes int, maxCrops []int) []looked {
	t.Helper()
	all := make([]looked, len(maxCrops))
	for i := range scenes {
		s, p := drawnScene(t, seed+uint64(i))
		for j, crops := range maxCrops {
			a, err := m.ask(t, m.lookAt(t, p, crops, 0), draw.SceneQuestions(s)[0].Question, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			l, at := &all[j], a.Attention
			l.crops, l.scenes = crops, l.scenes+1
			on, read := at.Peak.In(s.Signs[0].Box), a.Text == draw.SceneQuestions(s)[0].Answer
			count := func(n *int, b bool) {
				if b {
					*n++
				}
			}
			count(&l.read, read)
			count(&l.onSign, read && on)
			count(&l.anyOnSign, on)
			count(&l.boxes, at.Box.Overlaps(s.Signs[0].Box))
			count(&l.overviews, at.Overview)
			common := at.Box.Intersect(s.Signs[0].Box).Size()
			l.inBox += float64(common.X*common.Y) / float64(s.Signs[0].Box.Dx()*s.Signs[0].Box.Dy()) / float64(scenes)
		}
	}
	return all
}

// TestGazeAccuracy measures where a model looks that is asked for signs.
func TestGazeAccuracy(t *testing.T) {
	if *gazeScenes == 0 {
		t.Skip("-gaze measures it")
	}
	for _, l := range lookOnScenes(t, open(t, Demo), 1000, *gazeScenes, []int{4, 9, 25, 50, 100}) {
		fmt.Println(l)
	}
}

// top is the crop with the most weight but for the overview.
func top(a *Attention, v *View) image.Rectangle {
	for _, c := range a.Ranked() {
		if c.Box != v.plan.Boxes[0] {
			return c.Box
		}
	}
	return image.Rectangle{}
}

// TestTheLastCropIsNotFavoured gives the last crop many more tokens than the others, which a sum over them would favour.
func TestTheLastCropIsNotFavoured(t *testing.T) {
	if testing.Short() {
		t.Skip("many crops")
	}
	m := open(t, Demo)
	p := street(t)
	for _, crops := range []int{25, 100, 200} {
		n := len(m.planned(t, p, Options{Knobs: Knobs{ViewKnobs: ViewKnobs{MaxCrops: crops}}}).Boxes)
		for _, tokens := range []int{n, 3 * n, 3*n + n - 1} {
			v := m.lookAt(t, p, crops, tokens)
			a, err := m.ask(t, v, whatShop, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			if last := v.plan.Boxes[n-1]; top(a.Attention, v) == last || (crops > 25 && !top(a.Attention, v).Overlaps(streetSign)) {
				t.Errorf("%d crops, %d tokens, %v: top crop %v, sign %v", n, tokens, v.plan.TokensPerCrop[n-1], top(a.Attention, v), streetSign)
			}
			sum := 0.0
			for i, c := range a.Attention.Crops {
				if sum += c.Weight; c.Box != v.plan.Boxes[i] {
					t.Fatalf("crop %d is %v, want %v", i, c.Box, v.plan.Boxes[i])
				}
			}
			if !(math.Abs(sum-1) < 1e-9) || !(a.Attention.ImageShare > 0 && a.Attention.ImageShare < 1) {
				t.Errorf("weights add up to %v, %v of the attention is on the picture", sum, a.Attention.ImageShare)
			}
		}
	}
}

// TestWeightsAreMeansOverTokens holds the weights and the share of the picture against the rows that they come from.
func TestWeightsAreMeansOverTokens(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	v := m.lookAt(t, street(t), 4, 61)
	a, err := m.ask(t, v, whatShop, withAttention())
	if err != nil {
		t.Fatal(err)
	}
	rows := a.Attention.answer.rows
	at, image, total := 0, 0.0, 0.0
	means := make([]float64, len(v.plan.Boxes))
	for i, k := range v.plan.TokensPerCrop {
		for ; k > 0; k-- {
			for _, row := range rows {
				means[i] += float64(row[at]) / float64(len(rows)*v.plan.TokensPerCrop[i])
				image += float64(row[at]) / float64(len(rows))
			}
			at++
		}
		total += means[i]
	}
	if at != len(rows[0]) || !(math.Abs(image-a.Attention.ImageShare) < 1e-9) {
		t.Errorf("%d of %d tokens, %v of the attention, want %v", at, len(rows[0]), a.Attention.ImageShare, image)
	}
	for i, c := range a.Attention.Crops {
		if !(math.Abs(c.Weight-means[i]/total) < 1e-9) {
			t.Errorf("crop %d: %v, want %v", i, c.Weight, means[i]/total)
		}
	}
}

// TestPrecisionsLookAtTheSameCrop asks in every precision. Of crops that float32 looks at equally, another may come first.
func TestPrecisionsLookAtTheSameCrop(t *testing.T) {
	if testing.Short() {
		t.Skip("opens the demo in every precision")
	}
	const first = 4000
	var scenes [3]*draw.Picture
	var pictures [len(scenes)]*Picture
	for i := range scenes {
		scenes[i], pictures[i] = drawnScene(t, uint64(first+i))
	}
	const equally = 0.98
	var want [len(scenes)]map[image.Rectangle]float64 // weights in float32
	var most [len(scenes)]float64
	for i, precision := range measuredPrecisions {
		m := openIn(t, Demo, precision.Precision, 2)
		for j, s := range scenes {
			v := m.lookAt(t, pictures[j], 50, 0)
			a, err := m.ask(t, v, whatShop, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			got := top(a.Attention, v)
			if i == 0 {
				want[j] = make(map[image.Rectangle]float64)
				for _, c := range a.Attention.Crops {
					want[j][c.Box] = c.Weight
				}
				most[j] = want[j][got]
			}
			if share := want[j][got] / most[j]; share < equally {
				t.Errorf("%s, scene %d: top crop %v has in float32 %.3f of the top one's weight", precision.name(), first+j, got, share)
			}
			if !a.Attention.Peak.In(s.Signs[0].Box) {
				t.Errorf("%s, scene %d: peak %v, sign %v", precision.name(), first+j, a.Attention.Peak, s.Signs[0].Box)
			}
		}
	}
}

// TestSignsAtEdgesAndCorners hangs a board where the picture ends, and where crops end.
func TestSignsAtEdgesAndCorners(t *testing.T) {
	if testing.Short() {
		t.Skip("many crops")
	}
	m := open(t, Demo)
	const width, height = 300, 90
	on, all := 0, 0
	s, err := draw.NewScene(5000)
	if err != nil {
		t.Fatal(err)
	}
	face, err := draw.BoldFace(36)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = face.Close() }()
	old := s.Signs[0].Box
	for _, at := range []image.Point{
		{0, 0},
		{draw.Width - width, 0},
		{0, draw.Height - height},
		{draw.Width - width, draw.Height - height},
		{1050, 0},
		{0, 700},
		{draw.Width - width, 700},
		{330, 250},
		{930, 505},
		{1410, 760},
	} {
		street := *s.Image()
		street.Pix = slices.Clone(street.Pix)
		c := draw.Canvas{RGBA: &street}
		c.Box(float64(old.Min.X), float64(old.Min.Y), float64(old.Max.X), float64(old.Max.Y), draw.RGB(140, 140, 146))
		sign := image.Rectangle{at, at.Add(image.Pt(width, height))}
		c.Box(float64(at.X), float64(at.Y), float64(at.X+width), float64(at.Y+height), draw.RGB(238, 238, 234))
		c.Text(face, float64(at.X)+width/2, float64(at.Y)+60, "MUSEUM", draw.RGB(36, 82, 176))
		a, err := m.ask(t, m.lookAt(t, pictureOf(t, &street), 100, 0), whatShop, withAttention())
		if err != nil {
			t.Fatal(err)
		}
		all++
		if a.Attention.Peak.In(sign) {
			on++
		} else {
			t.Logf("sign %v: %q, peak %v", sign, a.Text, a.Attention.Peak)
		}
	}
	if float64(on) < 0.85*float64(all) {
		t.Errorf("%d of %d peaks are on the sign", on, all)
	}
}

// TestThinPictures asks about pictures of which no side is like the other.
func TestThinPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("encodes many crops")
	}
	m := open(t, Demo)
	for _, size := range []image.Point{{8000, 800}, {800, 6000}, {8, 700}, {8, 8}} {
		v := m.lookAt(t, pictureOf(t, image.NewRGBA(image.Rectangle{Max: size})), 25, 0)
		a, err := m.ask(t, v, whatShop, withAttention())
		if err != nil {
			t.Fatal(err)
		}
		at := a.Attention
		if picture := (image.Rectangle{Max: size}); !at.Peak.In(picture) || !at.Box.In(picture) || at.Box.Empty() != at.Overview {
			t.Errorf("%v: peak %v, box %v, overview %v", size, at.Peak, at.Box, at.Overview)
		}
		if text, err := json.Marshal(a.Attention); err != nil {
			t.Errorf("%v: %s, %v", size, text, err)
		}
	}
}
