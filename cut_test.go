package mcllava

import (
	"slices"
	"testing"

	"github.com/mcllava/mcllava/internal/tensor"
)

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
