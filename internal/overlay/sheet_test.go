package overlay

import (
	"fmt"
	"image"
	"image/color"
	"testing"
)

// TestSheetShowsEveryCrop finds each crop's own colour once, whole, in a square of its size, and letters over it.
func TestSheetShowsEveryCrop(t *testing.T) {
	for _, n := range []int{1, 2, 7, 26} {
		for _, size := range []int{24, 96} {
			var tiles []Tile
			for i := range n {
				box := image.Rect(100*i, 7*i, 100*i+350, 7*i+350)
				tiles = append(tiles, Tile{box, plain(size, size, color.RGBA{R: uint8(100 + i), G: uint8(3 * i % 50), B: 250, A: 255})})
			}
			sheet, err := Sheet(tiles)
			if err != nil {
				t.Fatal(err)
			}
			found := map[color.RGBA]image.Rectangle{}
			pixels := map[color.RGBA]int{}
			for y := range sheet.Rect.Dy() {
				for x := range sheet.Rect.Dx() {
					if c := sheet.RGBAAt(x, y); c.B == 250 {
						found[c] = found[c].Union(image.Rect(x, y, x+1, y+1))
						pixels[c]++
					}
				}
			}
			for i, tile := range tiles {
				c := tile.Pixels.RGBAAt(0, 0)
				if place := found[c]; place.Dx() != size || place.Dy() != size || pixels[c] != size*size {
					t.Fatalf("%d crops of %d pixels: crop %d is at %v, with %d pixels", n, size, i, place, pixels[c])
				}
				over := image.Rect(found[c].Min.X, found[c].Min.Y-2*max(smallest, size/16), found[c].Max.X, found[c].Min.Y-4)
				bright := 0
				for y := over.Min.Y; y < over.Max.Y; y++ {
					for x := over.Min.X; x < over.Max.X; x++ {
						if p := sheet.RGBAAt(x, y); p.R > 150 && p.G > 150 && p.B > 150 {
							bright++
						}
					}
				}
				if bright < 10 {
					t.Errorf("%d crops of %d pixels: no text over crop %d", n, size, i)
				}
			}
		}
	}
	if _, err := Sheet(nil); err == nil {
		t.Error("a sheet of nothing")
	}
	if got := fmt.Sprint(caption(3, image.Rect(1, 2, 30, 40))); got != "[3 1,2 30,40]" {
		t.Error(got)
	}
}
