package mcllava

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"testing"

	"github.com/mcllava/mcllava/crop"
	"github.com/mcllava/mcllava/encoder"
	"github.com/mcllava/mcllava/internal/tensor"
)

// Crops are the same however many shares they are cut in, and whichever others are cut with them.
func TestCropsAreCutAsAlone(t *testing.T) {
	c := encoder.Config{ImageSize: 48, PatchSize: 8}
	picture := image.NewRGBA(image.Rect(0, 0, 431, 367))
	for i := range picture.Pix {
		picture.Pix[i] = uint8(i*i/977) | uint8(i%4/3*255)
	}
	g, err := crop.NewGrid(431, 367, c.ImageSize, 60)
	if err != nil {
		t.Fatal(err)
	}
	odd := slices.Clone(g.Boxes) // without some that others overlap, as where the cache has those
	odd = slices.Delete(odd, 3, 5)
	for name, boxes := range map[string][]image.Rectangle{"grid": g.Boxes, "overview": g.Boxes[:1], "odd": odd} {
		if strips := stripsOf(boxes, c.ImageSize); len(boxes) > 1 && len(strips) > len(boxes)/2 {
			t.Errorf("%s: %d strips of %d boxes", name, len(strips), len(boxes))
		}
		for _, shares := range []int{1, 3, c.ImageSize} {
			t.Run(fmt.Sprint(name, shares), func(t *testing.T) {
				cut := newCut(picture, boxes, c)
				for i := range len(boxes) * shares {
					if err := cut.share(t.Context(), i, shares); err != nil {
						t.Fatal(err)
					}
				}
				for _, box := range boxes {
					want := make([]uint8, c.Pixels())
					if err := crop.Pixels(t.Context(), want, picture, box, c.ImageSize, 0, c.ImageSize); err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(cut.crop(box), want) {
						t.Errorf("%v is cut otherwise", box)
					}
				}
			})
		}
	}
}

func TestPreparedPicturesAreSeenTheSame(t *testing.T) {
	m := open(t, Demo)
	street := read(t, "testdata/street.png")
	see := func(p *Picture, maxCrops int) []float32 {
		t.Helper()
		o := Defaults()
		o.MaxCrops = maxCrops
		v, err := m.see(t, p, o)
		if err != nil {
			t.Fatal(err)
		}
		return tensor.Values(v.features.Rows)
	}
	picture := func() *Picture {
		t.Helper()
		p, err := OpenPicture(street)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	prepared := picture()
	o := Defaults()
	o.MaxCrops = 20
	if testing.Short() {
		o.MaxCrops = 4
	}
	if err := m.Prepare(t.Context(), prepared, m.planned(t, prepared, o)); err != nil {
		t.Fatal(err)
	}
	taken := int64(len(prepared.upright.Pix) + len(prepared.ahead.pixels))
	if bytes := m.PrepareBytes(prepared, m.planned(t, prepared, o)); bytes != taken {
		t.Errorf("takes %d bytes, expected %d", bytes, taken)
	}
	for _, crops := range []int{o.MaxCrops, 0, 7} { // those prepared, and others
		if !slices.Equal(see(prepared, crops), see(picture(), crops)) {
			t.Errorf("with %d crops a picture that was prepared is seen otherwise", crops)
		}
	}
	for i := range prepared.ahead.pixels {
		prepared.ahead.pixels[i] = 128
	}
	if slices.Equal(see(prepared, o.MaxCrops), see(picture(), o.MaxCrops)) {
		t.Error("crops that were cut ahead are cut again")
	}
}

func TestPrepareRefusesABrokenPicture(t *testing.T) {
	street := read(t, "testdata/street.png")
	p, err := OpenPicture(street[:len(street)/2])
	if err != nil {
		t.Fatal(err)
	}
	m := open(t, Demo)
	if err := m.Prepare(t.Context(), p, m.planned(t, p, Defaults())); err == nil {
		t.Error("half a picture is prepared")
	}
}

// Crops of which the model has no room for the image tokens may be more than there is memory for.
func TestPrepareLeavesTooManyTokens(t *testing.T) {
	m := open(t, Demo)
	p, err := OpenPicture(read(t, "testdata/street.png"))
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults()
	o.NumTokens = m.config.Text.Context
	if err := m.Prepare(t.Context(), p, m.planned(t, p, o)); err != nil || p.ahead != nil {
		t.Errorf("crops of %d image tokens are cut: %v", o.NumTokens, err)
	}
	if bytes := m.PrepareBytes(p, m.planned(t, p, o)); bytes != 0 {
		t.Errorf("takes %d bytes, expected none", bytes)
	}
}
