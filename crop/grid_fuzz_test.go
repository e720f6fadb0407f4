package crop

import (
	"image"
	"testing"
)

// FuzzGrid wants of every picture and limit an error, or boxes within the picture: the whole of it, and crops that cover it, of which
// there are no more than the limit.
func FuzzGrid(f *testing.F) {
	f.Add(3024, 4032, 384, 100)
	f.Add(1, maxGridSide, 384, 1)
	f.Add(maxGridSide, maxGridSide, 2, 1<<30)
	f.Add(577, 576, 384, 2)
	f.Add(-1, 0, -5, -1)
	f.Fuzz(func(t *testing.T, width, height, base, maxCrops int) {
		g, err := NewGrid(width, height, base, maxCrops)
		if err != nil {
			if g.Boxes != nil {
				t.Errorf("boxes and an error: %v", err)
			}
			return
		}
		picture := image.Rect(0, 0, width, height)
		if g.Boxes[0] != picture || len(g.Boxes)-1 > maxCrops || (g.Size == 0) != (len(g.Boxes) == 1) {
			t.Fatalf("%d×%d at %d: %d boxes of side %d, the first %v", width, height, maxCrops, len(g.Boxes), g.Size, g.Boxes[0])
		}
		covered := image.Point{} // x: columns that are covered; y: rows of the column that is being filled
		for i, b := range g.Boxes[1:] {
			if b.Empty() || !b.In(picture) || b.Dx() < min(g.Size, width) || b.Dy() < min(g.Size, height) {
				t.Fatalf("%d×%d at %d: box %d of side %d is %v", width, height, maxCrops, i+1, g.Size, b)
			}
			if b.Min.Y == 0 {
				if b.Min.X > covered.X || i > 0 && covered.Y != height {
					t.Fatalf("%d×%d at %d: a gap before box %d, %v", width, height, maxCrops, i+1, b)
				}
				covered = image.Pt(b.Max.X, 0)
			}
			if b.Min.Y > covered.Y {
				t.Fatalf("%d×%d at %d: a gap above box %d, %v", width, height, maxCrops, i+1, b)
			}
			covered.Y = b.Max.Y
			if x, y := g.Centre(i + 1); x <= 0 || x >= 1 || y <= 0 || y >= 1 {
				t.Fatalf("centre of box %d, %v: %v, %v", i+1, b, x, y)
			}
		}
		if len(g.Boxes) > 1 && covered != picture.Max {
			t.Fatalf("%d×%d at %d: covered to %v", width, height, maxCrops, covered)
		}
	})
}
