package mcllava

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/streets"
)

var gazeScenes = flag.Int("gaze", 0, "measure where the demo looks, on so many drawn scenes")

func scenePicture(t *testing.T, s *streets.Scene) *Picture {
	t.Helper()
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, s.RGBA); err != nil {
		t.Fatal(err)
	}
	p, err := OpenPicture(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMeasureGaze(t *testing.T) {
	if *gazeScenes == 0 {
		t.Skip()
	}
	m := open(t, Demo)
	type tally struct {
		n, read, peak, peakRead, crop, boxIn, touch, over, overColour int
		area                                                          float64
	}
	for _, crops := range []int{25, 100} {
		var c tally
		for i := range *gazeScenes {
			s, err := streets.NewScene(uint64(1000 + i))
			if err != nil {
				t.Fatal(err)
			}
			p := scenePicture(t, s)
			o := Defaults()
			o.MaxCrops = crops
			o.Attention = &AttentionOptions{}
			plan, err := m.Plan(p, o.ViewKnobs)
			if err != nil {
				t.Fatal(err)
			}
			plan.Maps = true
			v, err := m.See(t.Context(), p, plan, Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			for j, q := range s.Questions() {
				if j != 0 && j != 4 {
					continue
				}
				a, err := m.Answer(t.Context(), v, q.Text, o.AnswerKnobs, o.Hooks)
				if err != nil {
					t.Fatal(err)
				}
				g := a.Attention
				if j == 4 {
					if g.Overview {
						c.overColour++
					}
					continue
				}
				c.n++
				read := a.Text == q.Answer
				in := g.Peak.In(s.Sign)
				if read {
					c.read++
					if in {
						c.peakRead++
					}
				}
				if in {
					c.peak++
				}
				if g.Overview {
					c.over++
				}
				best := g.Ranked()[0].Box
				if best == plan.Boxes[0] {
					best = g.Ranked()[1].Box
				}
				if best.Overlaps(s.Sign) {
					c.crop++
				}
				box := g.Box
				if box.Empty() {
					box = image.Rectangle{g.Peak, g.Peak.Add(image.Pt(1, 1))}
				}
				inter := box.Intersect(s.Sign)
				c.area += float64(inter.Dx()*inter.Dy()) / float64(s.Sign.Dx()*s.Sign.Dy())
				if !inter.Empty() {
					c.touch++
				}
			}
		}
		fmt.Printf("crops %3d: read %d/%d, peak in sign of read %d, of all %d, best crop touches %d, box touches %d, overview sign %d car %d, sign in box %.2f\n", crops, c.read, c.n, c.peakRead, c.peak, c.crop, c.touch, c.over, c.overColour, c.area/float64(c.n))
	}
}
