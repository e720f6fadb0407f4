package mcllava

import (
	"image"
	"strings"
	"testing"
)

func TestRegionTexts(t *testing.T) {
	for text, want := range map[string]Region{"": {}, "0,0,1,1": {0, 0, 1, 1}, " 3, 4,50,60 ": {3, 4, 50, 60}} {
		r := Region{9, 9, 10, 10}
		if err := r.Set(text); err != nil || r != want {
			t.Errorf("%q: %v, %v", text, r, err)
		}
		var again Region
		if err := again.Set(r.String()); err != nil || again != r {
			t.Errorf("%v, which is %q, is read as %v: %v", r, r, again, err)
		}
	}
	for _, text := range []string{"1", "1,2,3", "1,2,3,4,5", "1,2,3,x", "1,2,1,4", "1,4,3,4", "-1,2,3,4", "1.5,2,3,4", "0,0,0,0", "1,2,3,99999999999999999999"} {
		r := Region{1, 1, 2, 2}
		if err := r.Set(text); err == nil || r != (Region{1, 1, 2, 2}) {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
}

// TestPlanOfARegion has the boxes of a picture of the region's size, at the region, and centres of the whole picture.
func TestPlanOfARegion(t *testing.T) {
	c := PublishedConfig()
	for _, k := range []ViewKnobs{{MaxCrops: 0}, {MaxCrops: 9}, {MaxCrops: 100}} {
		want, err := PlanFor(c, 1500, 900, k)
		if err != nil {
			t.Fatal(err)
		}
		k.Region = Region{1000, 200, 2500, 1100}
		got, err := PlanFor(c, 4000, 3000, k)
		if err != nil || len(got.Boxes) != len(want.Boxes) || got.Width != 4000 || got.Height != 3000 {
			t.Fatalf("%+v, %v", got, err)
		}
		for i, b := range want.Boxes {
			if got.Boxes[i] != b.Add(image.Pt(1000, 200)) {
				t.Errorf("box %d is %v, expected %v beyond (1000,200)", i, got.Boxes[i], b)
			}
		}
		if x, y := got.Centre(0); x != 1750./4000 || y != 650./3000 {
			t.Errorf("the region's centre is (%v, %v)", x, y)
		}
	}
	for _, r := range []Region{{0, 0, 4001, 10}, {0, 0, 10, 3001}, {5, 5, 5, 9}, {-1, 0, 5, 5}} {
		if _, err := PlanFor(c, 4000, 3000, ViewKnobs{Region: r}); err == nil || !strings.Contains(err.Error(), "region") {
			t.Errorf("%v: %v", r, err)
		}
	}
}

// TestRegionReadsSmallPrint looks at the sign of a street alone, which is too small in the whole picture.
func TestRegionReadsSmallPrint(t *testing.T) {
	o := Defaults()
	o.MaxCrops = 0
	s := newSight(t, CacheOptions{})
	for _, c := range []struct {
		region Region
		want   string
	}{{Region{}, "too small"}, {Region{1260, 600, 1700, 900}, "yoga"}} {
		o.Region = c.region
		plan, err := s.Plan(s.picture, o.ViewKnobs)
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.See(t.Context(), s.picture, plan, Hooks{})
		if err != nil {
			t.Fatal(err)
		}
		if a, err := s.ask(t, v, "what shop is this", o); err != nil || !strings.Contains(a.Text, c.want) {
			t.Errorf("%v: %v, %v; expected %s", c.region, a, err, c.want)
		}
	}
}
