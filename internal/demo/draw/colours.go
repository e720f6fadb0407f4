package draw

import "image/color"

type colour struct {
	name string
	color.RGBA
}

var colours = []colour{
	{"red", RGB(196, 40, 38)},
	{"orange", RGB(232, 128, 30)},
	{"yellow", RGB(236, 206, 52)},
	{"green", RGB(40, 132, 62)},
	{"blue", RGB(36, 82, 176)},
	{"purple", RGB(118, 52, 148)},
	{"white", RGB(238, 238, 234)},
	{"black", RGB(26, 26, 28)},
}

var walls = []colour{
	{"", RGB(186, 150, 120)},
	{"", RGB(160, 92, 74)},
	{"", RGB(206, 196, 178)},
	{"", RGB(140, 140, 146)},
	{"", RGB(120, 104, 92)},
	{"", RGB(214, 178, 140)},
	{"", RGB(98, 112, 120)},
	{"", RGB(172, 172, 160)},
}

var surfaces = append(colours[:len(colours):len(colours)], walls...)

// Colours are the names of the colours that things, awnings and cars have.
func Colours() []string {
	var names []string
	for _, c := range colours {
		names = append(names, c.name)
	}
	return names
}

// RGB is an opaque colour.
func RGB(r, g, b uint8) color.RGBA { return color.RGBA{r, g, b, 255} }

func luma(c color.RGBA) float64 {
	return float64(0.299*float64(c.R)) + float64(0.587*float64(c.G)) + float64(0.114*float64(c.B))
}

// scale multiplies a colour's brightness by at most 1.
func scale(c color.RGBA, f float64) color.RGBA {
	return RGB(uint8(float64(c.R)*f), uint8(float64(c.G)*f), uint8(float64(c.B)*f))
}

// mix goes from a to b as t goes from 0 to 1.
func mix(a, b color.RGBA, t float64) color.RGBA {
	blend := func(a, b uint8) uint8 { return uint8(float64(a) + float64((float64(b)-float64(a))*t)) }
	return RGB(blend(a.R, b.R), blend(a.G, b.G), blend(a.B, b.B))
}

func clamp(v float64) uint8 { return uint8(max(0, min(255, v+0.5))) }
