package draw

import (
	"bytes"
	"image"
	"image/jpeg"

	imagedraw "image/draw"
)

// Camera is what a picture goes through after it is drawn.
type Camera struct {
	Blur  float64 // radius of a box blur in pixels
	JPEG  int     // quality of a compression, 1 to 100; 0 for none
	Grain float64 // deviation of grey noise
}

// anyCamera is one as in training.
func anyCamera(d dice) (c Camera) {
	if d.chance(0.3) {
		c.Blur = d.between(0.3, 1.1)
	}
	if d.chance(0.2) {
		c.JPEG = 35 + d.IntN(56)
	}
	if d.chance(0.3) {
		c.Grain = pick(d, []float64{2, 4, 7, 10})
	}
	return c
}

// take puts a drawn picture through the camera.
func (c Camera) take(drawn Canvas, d dice) error {
	blur(drawn, c.Blur)
	if c.JPEG > 0 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, drawn.RGBA, &jpeg.Options{Quality: c.JPEG}); err != nil {
			return err
		}
		read, err := jpeg.Decode(&b)
		if err != nil {
			return err
		}
		imagedraw.Draw(drawn.RGBA, drawn.Bounds(), read, image.Point{}, imagedraw.Src)
	}
	addGrain(drawn, d, c.Grain)
	return nil
}

// addGrain adds grey noise of a deviation to the picture, the same in every tile of a side.
func addGrain(c Canvas, d dice, deviation float64) {
	if deviation == 0 {
		return
	}
	const side = 512
	tile := make([]float64, side*side)
	for i := range tile {
		tile[i] = deviation * d.NormFloat64()
	}
	for y := range c.Bounds().Dy() {
		noise := tile[y%side*side:][:side]
		for x := range c.Bounds().Dx() {
			p := c.Pix[c.PixOffset(x, y):][:3]
			for i, v := range p {
				p[i] = clamp(float64(v) + noise[x%side])
			}
		}
	}
}

// blur averages each pixel with those within a radius to either side; the outermost count by the radius' fraction.
func blur(c Canvas, radius float64) {
	if radius <= 0 {
		return
	}
	w, h := c.Bounds().Dx(), c.Bounds().Dy()
	line := make([]uint8, 4*max(w, h))
	for y := range h {
		blurLine(c.Pix[y*c.Stride:], 4, w, radius, line)
	}
	for x := range w {
		blurLine(c.Pix[4*x:], c.Stride, h, radius, line)
	}
}

// blurLine blurs n pixels that are step bytes apart. The edge's pixels are repeated outwards.
func blurLine(pix []uint8, step, n int, radius float64, line []uint8) {
	for i := range n {
		copy(line[4*i:4*i+4], pix[i*step:i*step+4])
	}
	whole := int(radius)
	const one = 1 << 16
	edge := int((radius - float64(whole)) * one)
	total := (2*whole+1)*one + 2*edge
	at := func(i int) []uint8 { return line[4*max(0, min(n-1, i)):][:3] }
	var sum [3]int
	for i := -whole; i <= whole; i++ {
		for k, v := range at(i) {
			sum[k] += int(v)
		}
	}
	for i := range n {
		before, after := at(i-whole-1), at(i+whole+1)
		for k := range 3 {
			pix[i*step+k] = uint8((sum[k]*one + (int(before[k])+int(after[k]))*edge + total/2) / total)
			sum[k] += int(after[k]) - int(at(i - whole)[k])
		}
	}
}
