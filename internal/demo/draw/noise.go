package draw

import (
	"image/color"
	"math"
)

// field is a grey picture, of values from 0 to 1.
type field struct {
	width, height int
	v             []float32 // [height, width]
}

func (f *field) row(y int) []float32 { return f.v[y*f.width:][:f.width] }

// lattice is a side of the square of chances that noise repeats.
const lattice = 256

// noise is the sum of octaves of smooth random values: the first has cells of cx × cy pixels, each next one cells of half the
// sides and rough times the strength. It stops where cells are as small as a pixel.
func (d dice) noise(width, height int, cx, cy float64, octaves int, rough float64) *field {
	f := &field{width, height, make([]float32, width*height)}
	var chances [lattice * lattice]float32
	for i := range chances {
		chances[i] = float32(d.Float64())
	}
	strength, total := 1.0, 0.0
	for o := 0; o < octaves && (o == 0 || max(cx, cy) > 1); o++ {
		f.octave(&chances, d.IntN(lattice), d.IntN(lattice), max(1, cx), max(1, cy), float32(strength))
		total += strength
		cx, cy, strength = cx/2, cy/2, strength*rough
	}
	// Sums of octaves lie near the middle; they are spread out again.
	spread := float32(math.Sqrt(1+float64(octaves-1)*rough)) * 0.9
	for i, v := range f.v {
		f.v[i] = max(0, min(1, 0.5+(v/float32(total)-0.5)*spread))
	}
	return f
}

func (f *field) octave(chances *[lattice * lattice]float32, ox, oy int, cx, cy float64, strength float32) {
	cells, ways := make([]int, f.width), make([]float32, f.width)
	for x := range f.width {
		cells[x], ways[x] = cell(float64(x)/cx + 0.37)
	}
	line := make([]float32, cells[f.width-1]+2)
	for y := range f.height {
		iy, way := cell(float64(y)/cy + 0.61)
		upper, lower := chances[(iy+oy)%lattice*lattice:][:lattice], chances[(iy+oy+1)%lattice*lattice:][:lattice]
		for i := range line {
			a, b := upper[(i+ox)%lattice], lower[(i+ox)%lattice]
			line[i] = (a + (b-a)*way) * strength
		}
		row := f.row(y)
		for x, i := range cells {
			a, b := line[i], line[i+1]
			row[x] += a + (b-a)*ways[x]
		}
	}
}

// cell is the whole part of v, and how far the rest has come on a smooth way to 1.
func cell(v float64) (int, float32) {
	i := int(v)
	t := v - float64(i)
	return i, float32(t * t * (3 - 2*t))
}

// smooth goes from 0 at low to 1 at high.
func smooth(low, high, v float32) float32 {
	t := max(0, min(1, (v-low)/(high-low)))
	return t * t * (3 - 2*t)
}

// ramp is a table of colours between those given, at equal distances.
func ramp(stops ...color.RGBA) *[256]color.RGBA {
	var table [256]color.RGBA
	for i := range table {
		at := float64(i) / 255 * float64(len(stops)-1)
		k := min(len(stops)-2, int(at))
		table[i] = mix(stops[k], stops[k+1], at-float64(k))
	}
	return &table
}

func look(table *[256]color.RGBA, v float32) color.RGBA {
	return table[int(max(0, min(1, v))*255)]
}

// set puts a colour, and over lays one on what is there.
func (c Canvas) set(x, y int, ink color.RGBA) {
	p := c.Pix[y*c.Stride+4*x:][:4]
	p[0], p[1], p[2], p[3] = ink.R, ink.G, ink.B, 255
}

func (c Canvas) over(x, y int, ink color.RGBA, cover float32) {
	p := c.Pix[y*c.Stride+4*x:][:3]
	p[0] += uint8(int((float32(ink.R) - float32(p[0])) * cover))
	p[1] += uint8(int((float32(ink.G) - float32(p[1])) * cover))
	p[2] += uint8(int((float32(ink.B) - float32(p[2])) * cover))
}

// dim multiplies a pixel's brightness by t of at least 0.
func (c Canvas) dim(x, y int, t float32) {
	p := c.Pix[y*c.Stride+4*x:][:3]
	for i, v := range p {
		p[i] = uint8(min(255, float32(v)*t))
	}
}
