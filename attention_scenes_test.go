package mcllava

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/streets"
)

var gazeScenes = flag.Int("gaze", 0, "measure where the demo looks, on so many drawn scenes")

// scenePicture is a drawn scene as a picture.
func scenePicture(t *testing.T, seed uint64) (*streets.Scene, *Picture) {
	t.Helper()
	s, err := streets.NewScene(seed)
	if err != nil {
		t.Fatal(err)
	}
	return s, pictureOf(t, s.RGBA)
}

func pictureOf(t *testing.T, m image.Image) *Picture {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPicture(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestThePeakIsOnTheSign asks for the sign of drawn scenes, and looks where the answers come from that read it.
func TestThePeakIsOnTheSign(t *testing.T) {
	scenes := 12
	if testing.Short() {
		scenes = 2
	}
	for _, c := range lookOnScenes(t, open(t, Demo), 2000, scenes, []int{25, 100}) {
		t.Log(c)
		if c.crops == 100 && c.read < scenes*3/4 || float64(c.onSign) < 0.9*float64(c.read) {
			t.Errorf("%v: too few", c)
		}
	}
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
		s, p := scenePicture(t, seed+uint64(i))
		for j, crops := range maxCrops {
			a, err := m.ask(t, m.lookAt(t, p, crops, 0), s.Questions()[0].Text, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			l, at := &all[j], a.Attention
			l.crops, l.scenes = crops, l.scenes+1
			on, read := at.Peak.In(s.Sign), a.Text == s.Questions()[0].Answer
			count := func(n *int, b bool) {
				if b {
					*n++
				}
			}
			count(&l.read, read)
			count(&l.onSign, read && on)
			count(&l.anyOnSign, on)
			count(&l.boxes, at.Box.Overlaps(s.Sign))
			count(&l.overviews, at.Overview)
			common := at.Box.Intersect(s.Sign).Size()
			l.inBox += float64(common.X*common.Y) / float64(s.Sign.Dx()*s.Sign.Dy()) / float64(scenes)
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

// TestTheTopCropFollowsTheContent puts crops into another order, so that a place in the order that draws attention to itself, whatever
// is there, gives itself away.
func TestTheTopCropFollowsTheContent(t *testing.T) {
	if testing.Short() {
		t.Skip("many crops")
	}
	m := open(t, Demo)
	for seed := range uint64(3) {
		s, p := scenePicture(t, 3000+seed)
		v := m.lookAt(t, p, 50, 0)
		for name, order := range map[string]func([]image.Rectangle){
			"as it is":    func([]image.Rectangle) {},
			"turned":      slices.Reverse[[]image.Rectangle],
			"by its rows": func(b []image.Rectangle) { slices.SortFunc(b, byRows) },
		} {
			boxes := slices.Clone(v.plan.Boxes)
			order(boxes[1:])
			plan, err := PlanOf(m.config, p.Width, p.Height, boxes, ViewKnobs{})
			if err != nil {
				t.Fatal(err)
			}
			plan.Maps = true
			again, err := m.See(t.Context(), p, plan, Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := m.ask(t, again, signQuestion, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			if !top(a.Attention, again).Overlaps(s.Sign) || !a.Attention.Peak.In(s.Sign) {
				t.Errorf("scene %d, %s: top crop %v, peak %v, sign %v", seed, name, top(a.Attention, again), a.Attention.Peak, s.Sign)
			}
		}
	}
}

func byRows(a, b image.Rectangle) int {
	return cmp.Or(cmp.Compare(a.Min.Y, b.Min.Y), cmp.Compare(a.Min.X, b.Min.X))
}

// TestTheLastCropIsNotFavoured gives the last crop many more tokens than the others, which a sum over them would favour.
func TestTheLastCropIsNotFavoured(t *testing.T) {
	if testing.Short() {
		t.Skip("many crops")
	}
	m := open(t, Demo)
	p := street(t)
	for _, crops := range []int{25, 100, 200} {
		n := len(m.lookAt(t, p, crops, 0).plan.Boxes)
		for _, tokens := range []int{n, 3 * n, 3*n + n - 1} {
			v := m.lookAt(t, p, crops, tokens)
			a, err := m.ask(t, v, signQuestion, withAttention())
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
	m := open(t, Demo)
	v := m.lookAt(t, street(t), 4, 61)
	a, err := m.ask(t, v, signQuestion, withAttention())
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

// TestPrecisionsLookAtTheSameCrop asks in every precision.
func TestPrecisionsLookAtTheSameCrop(t *testing.T) {
	if testing.Short() {
		t.Skip("opens the demo in every precision")
	}
	scenes := []uint64{4000, 4001, 4002, 4003}
	want := make([]image.Rectangle, len(scenes))
	for i, precision := range measuredPrecisions {
		m := openIn(t, Demo, precision.Precision, 2)
		for j, seed := range scenes {
			s, p := scenePicture(t, seed)
			v := m.lookAt(t, p, 50, 0)
			a, err := m.ask(t, v, signQuestion, withAttention())
			if err != nil {
				t.Fatal(err)
			}
			got := top(a.Attention, v)
			if i == 0 {
				want[j] = got
			}
			if got != want[j] {
				t.Errorf("%s, scene %d: top crop %v, in float32 %v", precision.name(), seed, got, want[j])
			}
			if !a.Attention.Peak.In(s.Sign) {
				t.Errorf("%s, scene %d: peak %v, sign %v", precision.name(), seed, a.Attention.Peak, s.Sign)
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
	for _, at := range []image.Point{
		{0, 0}, {streets.Width - width, 0}, {0, streets.Height - height}, {streets.Width - width, streets.Height - height},
		{1050, 0}, {0, 700}, {streets.Width - width, 700}, {330, 250}, {930, 505}, {1410, 760},
	} {
		s, err := streets.NewScene(5000)
		if err != nil {
			t.Fatal(err)
		}
		face, err := streets.BoldFace(36)
		if err != nil {
			t.Fatal(err)
		}
		s.Box(float64(s.Sign.Min.X), float64(s.Sign.Min.Y), float64(s.Sign.Max.X), float64(s.Sign.Max.Y), streets.RGB(140, 140, 146))
		sign := image.Rectangle{at, at.Add(image.Pt(width, height))}
		s.Box(float64(at.X), float64(at.Y), float64(at.X+width), float64(at.Y+height), streets.RGB(238, 238, 234))
		s.Text(face, float64(at.X)+width/2, float64(at.Y)+60, "MUSEUM", streets.RGB(36, 82, 176))
		if err := face.Close(); err != nil {
			t.Fatal(err)
		}
		a, err := m.ask(t, m.lookAt(t, pictureOf(t, s.RGBA), 100, 0), signQuestion, withAttention())
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
	m := open(t, Demo)
	for _, size := range []image.Point{{8000, 800}, {800, 6000}, {8, 700}, {8, 8}} {
		v := m.lookAt(t, pictureOf(t, image.NewRGBA(image.Rectangle{Max: size})), 25, 0)
		a, err := m.ask(t, v, signQuestion, withAttention())
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
