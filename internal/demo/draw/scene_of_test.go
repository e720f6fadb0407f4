package draw

import (
	"errors"
	"image"
	"testing"
)

// TestScenesOfAnySize draws scenes as they are asked for.
func TestScenesOfAnySize(t *testing.T) {
	for i, size := range []image.Point{{800, 600}, {300, 500}, {1920, 1080}} {
		o := SceneOptions{Width: size.X, Height: size.Y, Shop: "toy shop", Caps: 12, Things: []ThingOptions{{Kind: "kite", Size: 15}}}
		tried := 0
		o.Fits = func(s *Street, sign *Sign) bool {
			tried++
			return tried > 3 && !sign.Box.Overlaps(s.AwningBox)
		}
		p, err := NewSceneOf(uint64(i), o)
		if err != nil {
			t.Fatal(err)
		}
		sign := p.Signs[0]
		if p.Image().Bounds().Max != size || !sign.Box.In(p.Image().Bounds()) || sign.Shop != "toy shop" || sign.Text != "TOY SHOP" || sign.Caps != 12 || len(sign.Letters) != 7 {
			t.Errorf("%v: %+v in %v", size, sign, p.Image().Bounds())
		}
		if tried < 4 || sign.Box.Overlaps(p.Street.AwningBox) {
			t.Errorf("%v: the sign is at %v after %d tries, the awning at %v", size, sign.Box, tried, p.Street.AwningBox)
		}
		for _, l := range sign.Letters {
			if !image.Pt(int(l.X), int(l.Y)).In(sign.Box) {
				t.Errorf("%v: the letter %q lies outside of its sign", size, l.Letter)
			}
		}
		if len(p.Things) != 1 || p.Things[0].Kind != "kite" || p.Things[0].Box.Overlaps(sign.Box) {
			t.Errorf("%v: things %+v, sign %v", size, p.Things, sign.Box)
		}
	}
}

// TestGrainLeavesTheScene draws one scene with grain and without.
func TestGrainLeavesTheScene(t *testing.T) {
	o := SceneOptions{Width: 400, Height: 300, Shop: "bank", Caps: 10}
	plain, err := NewSceneOf(5, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Grain = 3
	grainy, err := NewSceneOf(5, o)
	if err != nil {
		t.Fatal(err)
	}
	if plain.Signs[0].Box != grainy.Signs[0].Box || *plain.Street != *grainy.Street || changed(plain, grainy).Empty() {
		t.Errorf("%v, %v; changed %v", plain.Signs[0].Box, grainy.Signs[0].Box, changed(plain, grainy))
	}
}

func TestScenesThatCannotBe(t *testing.T) {
	good := SceneOptions{Width: 400, Height: 300, Shop: "bank", Caps: 10}
	for _, c := range []struct {
		change func(*SceneOptions)
		want   error
	}{
		{func(o *SceneOptions) { o.Caps = 200 }, ErrTooLarge},
		{func(o *SceneOptions) { o.Fits = func(*Street, *Sign) bool { return false } }, ErrNoPlace},
		{func(o *SceneOptions) { o.Width = 0 }, nil},
		{func(o *SceneOptions) { o.Shop = "castle" }, nil},
		{func(o *SceneOptions) { o.Caps = 0 }, nil},
		{func(o *SceneOptions) { o.Grain = -1 }, nil},
		{func(o *SceneOptions) { o.Things = []ThingOptions{{Kind: "boat"}} }, nil},
	} {
		o := good
		c.change(&o)
		if _, err := NewSceneOf(1, o); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", o, err, c.want)
		}
	}
	if _, err := NewSceneOf(1, good); err != nil {
		t.Error(err)
	}
}
