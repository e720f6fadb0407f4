package cmd

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava"
)

// demoSession is a session about a picture that nothing is seen of yet.
func demoSession(t *testing.T, file string, maxCrops int) *session {
	t.Helper()
	m, err := mcllava.Open(mcllava.Demo, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := mcllava.OpenPicture(data)
	if err != nil {
		t.Fatal(err)
	}
	return &session{model: m, picture: p, image: file, maxCrops: maxCrops}
}

// TestZoomCutsNoFiner keeps the crops of a part at two thirds of the side of the whole picture's or more, and takes as many as that leaves.
func TestZoomCutsNoFiner(t *testing.T) {
	t.Parallel()
	s := demoSession(t, filepath.Join("..", "testdata", "street.png"), 25)
	whole, err := s.model.Plan(s.picture, mcllava.ViewKnobs{MaxCrops: s.maxCrops})
	if err != nil {
		t.Fatal(err)
	}
	least := whole.Size * 2 / 3
	if least <= s.model.Config().Vision.ImageSize {
		t.Fatalf("two thirds of %d pixels are no more than the encoder sees", whole.Size)
	}
	limited := 0
	for _, r := range []mcllava.Region{{0, 0, 2400, 1600}, {0, 0, 1200, 800}, {300, 200, 1500, 900}, {2000, 1200, 2400, 1600}, {0, 0, 2400, 300}, {100, 100, 300, 250}} {
		k := mcllava.ViewKnobs{Region: r, MaxCrops: s.maxCrops}
		n := s.notFiner(k)
		k.MaxCrops = n
		plan, err := s.model.Plan(s.picture, k)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Boxes) > 1 && plan.Size < least {
			t.Errorf("%v: %d crops of %d pixels, expected at least %d", r, len(plan.Boxes), plan.Size, least)
		}
		if n == s.maxCrops {
			continue
		}
		limited++
		k.MaxCrops = n + 1
		if plan, err = s.model.Plan(s.picture, k); err != nil || plan.Size >= least {
			t.Errorf("%v: %d crops are of %d pixels too, %v", r, n+1, plan.Size, err)
		}
	}
	if limited < 3 {
		t.Errorf("%d parts are cut less finely", limited)
	}
}
