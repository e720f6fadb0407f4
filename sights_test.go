package mcllava

import (
	"context"
	"image"
	"slices"
	"testing"
)

// TestSights sees a picture by plans that share boxes, with and without the cache: each box is encoded once, with the features that See
// gives it, and no more rows of it are kept than are needed.
func TestSights(t *testing.T) {
	for name, o := range map[string]CacheOptions{"no cache": {}, "all rows": {Folder: t.TempDir(), Limit: 1 << 30}, "kept rows": {Folder: t.TempDir(), Limit: 1 << 30, KeptRows: true}} {
		s := newSight(t, o)
		var plans []Plan
		for _, maxCrops := range []int{0, 4, 9} {
			for _, numTokens := range []int{10, 60} {
				plan, err := s.Plan(s.picture, ViewKnobs{MaxCrops: maxCrops, NumTokens: numTokens})
				if err != nil {
					t.Fatal(err)
				}
				plans = append(plans, plan)
			}
		}
		sights := s.Sights(s.picture, plans...)
		boxes, encoded := map[image.Rectangle]int{}, 0
		for _, plan := range plans {
			for i, b := range plan.Boxes {
				boxes[b] = max(boxes[b], plan.TokensPerCrop[i])
			}
			v, err := sights.See(t.Context(), plan, Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			if encoded += v.Encoded(); encoded != len(boxes) {
				t.Errorf("%s: %d crops encoded of %d boxes", name, encoded, len(boxes))
			}
			alone, err := newSight(t, o).See(t.Context(), s.picture, plan, Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(values(v), values(alone)) {
				t.Errorf("%s: %d crops and %d tokens are other features than See's", name, len(plan.Boxes), plan.NumTokens)
			}
		}
		for b, keep := range boxes {
			if rows := sights.held[b].rows; rows.Rows != keep || len(rows.Data) != keep*rows.Cols {
				t.Errorf("%s: %d rows and %d values are kept of a box, expected %d rows", name, rows.Rows, len(rows.Data), keep)
			}
		}
	}
}

// TestSightsAfterAnError goes on with what a cancelled See has encoded, and refuses a plan that it was not told of.
func TestSightsAfterAnError(t *testing.T) {
	s := newSight(t, CacheOptions{})
	plan, err := s.Plan(s.picture, ViewKnobs{MaxCrops: 60, NumTokens: 100})
	if err != nil {
		t.Fatal(err)
	}
	sights := s.Sights(s.picture, plan)
	ctx, cancel := context.WithCancel(t.Context())
	done := 0
	_, err = sights.See(ctx, plan, Hooks{Progress: func(_ Stage, n, _ int) {
		if done = n; n > 0 {
			cancel()
		}
	}})
	if err == nil || done == 0 || done == len(plan.Boxes) {
		t.Fatalf("error %v after %d of %d crops", err, done, len(plan.Boxes))
	}
	v, err := sights.See(t.Context(), plan, Hooks{})
	if err != nil {
		t.Fatal(err)
	}
	expectEncoded(t, "after the cancelled one", v, len(plan.Boxes)-done)
	more, err := s.Plan(s.picture, ViewKnobs{MaxCrops: 60, NumTokens: 200})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sights.See(t.Context(), more, Hooks{}); err != errOtherPlan {
		t.Errorf("a plan with more rows: error %v", err)
	}
}
