package draw

// paintPlain blends two colours across the picture, at times in stripes, at times with rectangles and ellipses on it.
func paintPlain(c Canvas, d dice) {
	w, h := c.Bounds().Dx(), c.Bounds().Dy()
	table := ramp(d.anyColour(), d.anyColour())
	right, down := d.between(-1, 1), d.between(-1, 1)
	least := min(0, right) + min(0, down)
	span := max(0, right) + max(0, down) - least + 1e-6
	stripes := 1.0
	if d.chance(0.3) {
		stripes = float64(3 + d.IntN(18))
	}
	for y := range h {
		for x := range w {
			t := (float64(x)/float64(w)*right + float64(y)/float64(h)*down - least) / span * stripes
			c.set(x, y, look(table, float32(t-float64(int(t)))))
		}
	}
	for range pick(d, []int{0, 0, 4, 12}) {
		x, y, a := d.between(0, float64(w)), d.between(0, float64(h)), d.between(0.01, 1.0/3)*float64(w)
		b := a * d.between(0.3, 2)
		if d.chance(0.5) {
			c.fill(path{rectangle(x, y, x+a, y+b)}, d.anyColour())
		} else {
			c.fill(path{ellipse(x+a/2, y+b/2, a/2, b/2)}, d.anyColour())
		}
	}
}
