package cmd

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/mcllava/mcllava/internal/demo/streets"
)

// smallStreet is a PNG of a street of 240 × 160 pixels, different for each number.
func smallStreet(number int) ([]byte, error) {
	const width, height, ground = 240, 160, 126
	paints := []color.RGBA{
		streets.RGB(196, 40, 38), streets.RGB(236, 206, 52), streets.RGB(40, 132, 62), streets.RGB(36, 82, 176), streets.RGB(238, 238, 234),
	}
	paint := func(i int) color.RGBA { return paints[i%len(paints)] }
	c := streets.NewCanvas(width, height)
	top, low, road := streets.RGB(120, 170, 226), streets.RGB(206, 222, 238), streets.RGB(122, 120, 116)
	if number%3 == 0 {
		top, low, road = streets.RGB(18, 22, 48), streets.RGB(52, 52, 84), streets.RGB(62, 62, 68)
	}
	c.Sky(ground, top, low)
	c.Box(0, ground, width, height, road)
	c.Box(20, 30, 220, ground, streets.RGB(uint8(120+number%100), 92, 74))
	c.ShopFront(streets.ShopFront{
		Middle: 130, Half: 36, Top: 82, Low: 94, Ground: ground, Sill: 6,
		Glass: streets.RGB(150, 176, 190), Door: streets.RGB(92, 60, 40), Cloth: paint(number), Pale: streets.RGB(210, 210, 206),
	})
	c.Car(float64(20+number/100), 153, 50, paint(number/len(paints)))
	var b bytes.Buffer
	err := png.Encode(&b, c)
	return b.Bytes(), err
}

// writeStreets fills a folder with small streets: 1.png, 2.png and so on.
func writeStreets(folder string, count int) error {
	for number := 1; number <= count; number++ {
		picture, err := smallStreet(number)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", number)), picture, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// smallStreets is a folder of so many small streets.
func smallStreets(t *testing.T, count int) string {
	t.Helper()
	folder := t.TempDir()
	if err := writeStreets(folder, count); err != nil {
		t.Fatal(err)
	}
	return folder
}
