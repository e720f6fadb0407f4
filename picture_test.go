package mcllava

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestPictureOptions(t *testing.T) {
	tagged := read(t, "testdata/cases/icc-profile/p-swapped.png")
	pixels := func(o PictureOptions) []uint8 {
		t.Helper()
		p, err := OpenPictureWith(tagged, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Decode(t.Context()); err != nil {
			t.Fatal(err)
		}
		return p.upright.Pix
	}
	if slices.Equal(pixels(PictureOptions{}), pixels(PictureOptions{IgnoreICC: true})) {
		t.Error("the profile counts for nothing")
	}
	_, err := OpenPictureWith(tagged, PictureOptions{MaxPixels: 360*240 - 1})
	if err == nil || !strings.Contains(err.Error(), "360×240") || !strings.Contains(err.Error(), "--max-pixels") {
		t.Errorf("error %v", err)
	}
	if _, err := OpenPictureWith(tagged, PictureOptions{MaxPixels: 360 * 240}); err != nil {
		t.Error(err)
	}
}

// Features of a picture whose profile was ignored are others than those of the same file with its profile.
func TestIgnoredProfilesHaveTheirOwnFeatures(t *testing.T) {
	m := open(t, Demo)
	tagged := read(t, "testdata/cases/icc-profile/p-swapped.png")
	key := func(o PictureOptions) any {
		t.Helper()
		p, err := OpenPictureWith(tagged, o)
		if err != nil {
			t.Fatal(err)
		}
		k, err := m.key(p)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	if key(PictureOptions{}) == key(PictureOptions{IgnoreICC: true}) {
		t.Error("they share a key")
	}
}

// What was cancelled can be done again.
func TestCancelledDecodingIsRepeated(t *testing.T) {
	p, err := OpenPicture(read(t, "testdata/street.png"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := open(t, Demo)
	for range 2 {
		if err := p.Decode(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
		if err := m.Prepare(ctx, p, m.planned(t, p, Defaults())); !errors.Is(err, context.Canceled) || p.ahead != nil {
			t.Errorf("error %v", err)
		}
	}
	if err := m.Prepare(t.Context(), p, m.planned(t, p, Defaults())); err != nil || p.ahead == nil {
		t.Error(err)
	}
	plan := m.planned(t, p, Defaults())
	if _, err := m.pixels(ctx, &Picture{upright: p.upright}, plan, []int{0}); !errors.Is(err, context.Canceled) {
		t.Errorf("crops are cut: %v", err)
	}
}
