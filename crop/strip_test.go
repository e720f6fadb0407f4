package crop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"testing"
)

// cutStrips cuts boxes a strip at a time, each in n parts, the last first.
func cutStrips(t testing.TB, m *image.RGBA, boxes []image.Rectangle, size, n int) []uint8 {
	t.Helper()
	dst := make([]uint8, len(boxes)*3*size*size)
	for first := 0; first < len(boxes); {
		strip := Strip(boxes[first:], size)
		for k := n - 1; k >= 0; k-- {
			if err := StripPixels(t.Context(), dst[first*3*size*size:], m, boxes[first:first+strip], size, k, n); err != nil {
				t.Fatal(err)
			}
		}
		first += strip
	}
	return dst
}

// areCutAlone compares crops with those that are cut one at a time.
func areCutAlone(t testing.TB, got []uint8, m *image.RGBA, boxes []image.Rectangle, size int) {
	t.Helper()
	for i, box := range boxes {
		want := make([]uint8, 3*size*size)
		cutInto(t, want, m, box, size)
		if got := got[i*len(want):][:len(want)]; !bytes.Equal(got, want) {
			for j := range want {
				if got[j] != want[j] {
					t.Fatalf("%v to %d: channel %d, row %d, column %d is %d, expected %d", box, size, j/size/size, j/size%size, j%size, got[j], want[j])
				}
			}
		}
	}
}

// hard is noise with edges from black to white in it, where bicubic overshoots.
func hard(w, h int) *image.RGBA {
	m := noise(w, h)
	for i, p := range m.Pix {
		if i/997%2 == 0 {
			m.Pix[i] = p>>7*255 | uint8(i%4/3*255)
		}
	}
	return m
}

// The crops of a grid are the same in strips as alone, in any number of parts.
func TestGridsAreCutInStrips(t *testing.T) {
	together := 0
	for _, c := range []struct{ w, h, base, most int }{
		{613, 401, 48, 100},
		{401, 613, 48, 25},
		{640, 480, 96, 20}, // of which most are copied
		{97, 1201, 24, 100},
		{1201, 97, 24, 100},
		{501, 499, 31, 7},
		{333, 1999, 14, 200},
		{75, 74, 48, 4},
		{50, 3001, 5, 3},
	} {
		m := hard(c.w, c.h)
		g, err := NewGrid(c.w, c.h, c.base, c.most)
		if err != nil {
			t.Fatal(err)
		}
		for first := 0; first < len(g.Boxes); {
			n := Strip(g.Boxes[first:], c.base)
			together += n - 1
			first += n
		}
		for _, parts := range []int{1, 2, 7} {
			t.Run(fmt.Sprintf("%dx%d to %d in %d", c.w, c.h, c.base, parts), func(t *testing.T) {
				areCutAlone(t, cutStrips(t, m, g.Boxes, c.base, parts), m, g.Boxes, c.base)
			})
		}
	}
	if together < 100 {
		t.Errorf("%d boxes are cut with the one before", together)
	}
}

// Any boxes may be given, of which some are strips: with heights and distances of their own, one within another, enlarged, or greatly
// reduced.
func TestStripsOfAnyBoxes(t *testing.T) {
	m := hard(701, 1103)
	r := rand.New(rand.NewPCG(11, 12))
	together := 0
	for range 150 {
		size := 1 + r.IntN(40)
		x := r.IntN(m.Rect.Dx() - 1)
		width := 1 + r.IntN(min(m.Rect.Dx()-x, 1+r.IntN(700)))
		var boxes []image.Rectangle
		for y := r.IntN(50); y < m.Rect.Dy() && len(boxes) < 6; y += 1 + r.IntN(200) {
			height := 1 + r.IntN(min(m.Rect.Dy()-y, 1+r.IntN(1000)))
			boxes = append(boxes, image.Rect(x, y, x+width, y+height))
		}
		if n := Strip(boxes, size); n > 1 {
			together++
		}
		areCutAlone(t, cutStrips(t, m, boxes, size, 1+r.IntN(5)), m, boxes, size)
	}
	if together < 50 {
		t.Errorf("%d of 150 begin with a strip", together)
	}
}

// Rows as wide as the fast way does not resize, and boxes as high as it does just.
func TestStripsOfGreatReductions(t *testing.T) {
	for _, c := range []struct {
		w, h, size int
		boxes      []image.Rectangle
	}{
		{2101, 90, 20, []image.Rectangle{image.Rect(0, 0, 2101, 50), image.Rect(0, 25, 2101, 75), image.Rect(0, 50, 2101, 90)}},
		{100, 2300, 20, []image.Rectangle{image.Rect(1, 0, 99, 2000), image.Rect(1, 150, 99, 2150), image.Rect(1, 300, 99, 2299)}},
		{700, 900, 3, []image.Rectangle{image.Rect(0, 0, 700, 300), image.Rect(0, 100, 700, 400), image.Rect(0, 599, 700, 899)}},
	} {
		m := hard(c.w, c.h)
		if n := Strip(c.boxes, c.size); n < 2 {
			t.Errorf("%v: %d are cut together", c.boxes, n)
		}
		areCutAlone(t, cutStrips(t, m, c.boxes, c.size, 3), m, c.boxes, c.size)
	}
}

func TestStripEnds(t *testing.T) {
	const size = 10
	at := image.Rect(0, 0, 20, 20)
	for name, c := range map[string]struct {
		next image.Rectangle
		want int
	}{
		"below, half of it":    {image.Rect(0, 10, 20, 30), 2},
		"within":               {image.Rect(0, 5, 20, 15), 2},
		"its last row":         {image.Rect(0, 19, 20, 30), 2},
		"just below":           {image.Rect(0, 20, 20, 40), 1},
		"the same":             {at, 1},
		"as high up":           {image.Rect(0, 0, 20, 30), 1},
		"another column more":  {image.Rect(0, 10, 21, 30), 1},
		"another column first": {image.Rect(1, 10, 20, 30), 1},
		"too high":             {image.Rect(0, 10, 20, 1011), 1},
		"just not too high":    {image.Rect(0, 10, 20, 1010), 2},
	} {
		if got := Strip([]image.Rectangle{at, c.next}, size); got != c.want {
			t.Errorf("%s: %d boxes are cut together, expected %d", name, got, c.want)
		}
	}
	for _, box := range []image.Rectangle{image.Rect(0, 10, 10, 20), image.Rect(0, 10, 9, 20)} { // copied, enlarged
		if got := Strip([]image.Rectangle{box, box.Add(image.Pt(0, 5))}, size); got != 1 {
			t.Errorf("%d of %v are cut together", got, box)
		}
	}
}

// In a strip a row is read and resized once, and a little more where parts meet.
func TestWorkOfStrips(t *testing.T) {
	const size, side, crops = 48, 120, 9
	m := noise(side, (crops+1)*side/2)
	var boxes []image.Rectangle
	for i := range crops {
		boxes = append(boxes, image.Rect(0, i*side/2, side, i*side/2+side))
	}
	if n := Strip(boxes, size); n != crops {
		t.Fatalf("%d boxes are cut together", n)
	}
	for parts, most := range map[int]float64{1: 1.02, crops: 1.25} {
		var w work
		dst := make([]uint8, crops*3*size*size)
		for k := range parts {
			if err := cutStrip(t.Context(), dst, source{m, m.Rect, &w}, boxes, size, k, parts); err != nil {
				t.Fatal(err)
			}
		}
		rows := float64(m.Rect.Dy())
		if got := float64(w.resized) / (rows * size); !(got >= 1 && got <= most) {
			t.Errorf("in %d parts: %.3f pixels were resized for each, expected 1 to %g", parts, got, most)
		}
		if got := float64(w.read) / (rows * side); !(got >= 1 && got <= most) {
			t.Errorf("in %d parts: each pixel was read %.3f times, expected 1 to %g", parts, got, most)
		}
	}
}

func TestStripsEndWithTheContext(t *testing.T) {
	m := noise(60, 120)
	boxes := []image.Rectangle{image.Rect(0, 0, 60, 60), image.Rect(0, 30, 60, 90)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := StripPixels(ctx, make([]uint8, 2*3*20*20), m, boxes, 20, 0, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestStripsRefuseWrongBoxes(t *testing.T) {
	m := noise(60, 120)
	const size, values = 20, 2 * 3 * 20 * 20
	good := []image.Rectangle{image.Rect(0, 0, 60, 60), image.Rect(0, 30, 60, 90)}
	for name, c := range map[string]struct {
		boxes        []image.Rectangle
		values, k, n int
	}{
		"none":                {nil, values, 0, 1},
		"no strip":            {[]image.Rectangle{good[1], good[0]}, values, 0, 1},
		"beyond the picture":  {[]image.Rectangle{good[0], image.Rect(0, 30, 60, 121)}, values, 0, 1},
		"within a wider one":  {[]image.Rectangle{good[0].Add(image.Pt(1, 0)), good[1].Add(image.Pt(1, 0))}, values, 0, 1},
		"room for one":        {good, values - 1, 0, 1},
		"a part behind them":  {good, values, 1, 1},
		"a part before them":  {good, values, -1, 1},
		"one, and no picture": {[]image.Rectangle{image.Rect(0, 0, 60, 121)}, values, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = StripPixels(t.Context(), make([]uint8, c.values), m, c.boxes, size, c.k, c.n)
		})
	}
	if err := StripPixels(t.Context(), make([]uint8, values), m, good, size, 0, 1); err != nil {
		t.Error(err)
	}
}
