package tiff

import (
	"errors"
	"math"
)

// painter turns a row of pixels, p.samples values each, into straight or premultiplied RGBA.
func (p *Picture) painter() (func(to, from []uint8), error) {
	colour, err := p.colours()
	if err != nil {
		return nil, err
	}
	return func(to, from []uint8) {
		for i := 0; i < len(to); i += 4 {
			pixel := from[i/4*p.samples:][:p.samples]
			colour(to[i:i+4], pixel)
			to[i+3] = 0xff
			if p.alpha > 0 {
				to[i+3] = pixel[p.alpha]
			}
		}
	}, nil
}

// colours turns the samples of a pixel into red, green and blue.
func (p *Picture) colours() (func(to, from []uint8), error) {
	switch p.photometric {
	case whiteIsZero:
		return func(to, from []uint8) { to[0], to[1], to[2] = 0xff-from[0], 0xff-from[0], 0xff-from[0] }, nil
	case blackIsZero:
		return func(to, from []uint8) { to[0], to[1], to[2] = from[0], from[0], from[0] }, nil
	case palette:
		return p.palette()
	case separated:
		return func(to, from []uint8) {
			left := 0xff - int(from[3])
			for i, ink := range from[:3] {
				to[i] = uint8(left - (int(ink)*left+127)/255)
			}
		}, nil
	case yCbCr:
		if p.compression != jpegCoded || p.planar {
			return p.luma(), nil
		}
	case cieLab:
		return func(to, from []uint8) { lab(to, float64(from[0]), float64(int8(from[1])), float64(int8(from[2]))) }, nil
	case iccLab:
		return func(to, from []uint8) { lab(to, float64(from[0]), float64(from[1])-128, float64(from[2])-128) }, nil
	}
	return func(to, from []uint8) { copy(to[:3], from[:3]) }, nil
}

// palette looks colours up, of which the map holds all reds first. Its values have 16 bits, save in files by mistaken writers.
func (p *Picture) palette() (func(to, from []uint8), error) {
	n := 1 << p.bits
	values, err := p.dir.uints(tagColorMap, 3*n)
	if err != nil {
		return nil, err
	}
	if len(values) < 3*n {
		return nil, errors.New("has no palette, or one with too few colours")
	}
	shift := 0
	for _, v := range values {
		if v > 0xff {
			shift = 8
		}
	}
	table := make([][3]uint8, n)
	for i := range table {
		table[i] = [3]uint8{uint8(values[i] >> shift), uint8(values[n+i] >> shift), uint8(values[2*n+i] >> shift)}
	}
	return func(to, from []uint8) { copy(to, table[from[0]][:]) }, nil
}

// luma converts YCbCr: TIFF 6.0, section 21.
func (p *Picture) luma() func(to, from []uint8) {
	share := p.dir.rationals(tagYCbCrCoefficients, []float64{0.299, 0.587, 0.114})
	if share[1] == 0 {
		share = []float64{0.299, 0.587, 0.114}
	}
	limits := p.dir.rationals(tagReferenceBlack, []float64{0, 255, 128, 255, 128, 255})
	level := func(i int, v uint8, most float64) float64 {
		if limits[2*i+1] == limits[2*i] {
			return float64(v)
		}
		return (float64(v) - limits[2*i]) * most / (limits[2*i+1] - limits[2*i])
	}
	return func(to, from []uint8) {
		y, cb, cr := level(0, from[0], 255), level(1, from[1], 127), level(2, from[2], 127)
		r, b := y+cr*(2-2*share[0]), y+cb*(2-2*share[2])
		to[0], to[1], to[2] = clamp(r), clamp((y-share[0]*r-share[2]*b)/share[1]), clamp(b)
	}
}

func clamp(v float64) uint8 { return uint8(min(max(math.Round(v), 0), 0xff)) }

// lab converts CIE L*a*b* with the white point D50, its lightness as 0…255, to sRGB: the inverse of CIE 15, 8.2.1.1, adapted to
// D65 by Bradford's transform, and IEC 61966-2-1.
func lab(to []uint8, lightness, a, b float64) {
	fy := (lightness*100/255 + 16) / 116
	inverse := func(f float64) float64 {
		if f > 6./29 {
			return f * f * f
		}
		return (f - 4./29) * 3 * 36 / 841
	}
	x, y, z := 0.9642*inverse(fy+a/500), inverse(fy), 0.8249*inverse(fy-b/200)
	for i, row := range [3][3]float64{
		{3.1338561, -1.6168667, -0.4906146},
		{-0.9787684, 1.9161415, 0.0334540},
		{0.0719453, -0.2289914, 1.4052427},
	} {
		v := min(max(row[0]*x+row[1]*y+row[2]*z, 0), 1)
		if v <= 0.0031308 {
			v *= 12.92
		} else {
			v = 1.055*math.Pow(v, 1/2.4) - 0.055
		}
		to[i] = clamp(255 * v)
	}
}
