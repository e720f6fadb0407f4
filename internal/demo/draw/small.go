package draw

import (
	"bytes"
	"image/color"
	"image/png"
)

// Small is a PNG of a street of 240 × 160 pixels, different for each number.
func Small(number int) ([]byte, error) {
	const width, height, ground = 240, 160, 126
	paints := []color.RGBA{
		RGB(196, 40, 38), RGB(236, 206, 52), RGB(40, 132, 62), RGB(36, 82, 176), RGB(238, 238, 234),
	}
	paint := func(i int) color.RGBA { return paints[i%len(paints)] }
	c := NewCanvas(width, height)
	top, low, road := RGB(120, 170, 226), RGB(206, 222, 238), RGB(122, 120, 116)
	if number%3 == 0 {
		top, low, road = RGB(18, 22, 48), RGB(52, 52, 84), RGB(62, 62, 68)
	}
	c.Sky(ground, top, low)
	c.Box(0, ground, width, height, road)
	c.Box(20, 30, 220, ground, RGB(uint8(120+number%100), 92, 74))
	c.ShopFront(ShopFront{
		Middle: 130, Half: 36, Top: 82, Low: 94, Ground: ground, Sill: 6,
		Glass: RGB(150, 176, 190), Door: RGB(92, 60, 40), Cloth: paint(number), Pale: RGB(210, 210, 206),
	})
	c.Car(float64(20+number/100), 153, 50, paint(number/len(paints)))
	var b bytes.Buffer
	err := png.Encode(&b, c)
	return b.Bytes(), err
}
